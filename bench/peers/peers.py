#!/usr/bin/env python3
"""Backcast beside restic and borg: the same data, the same machine, one run.

  bench/peers/peers.py build/release/bin/backcast                  # all kinds, full size
  bench/peers/peers.py build/release/bin/backcast --scale 0.2 --kinds text,vectors --runs 3

Prints, per operation, each tool's median as a ratio to the best peer (below 1 is better than every
peer) and keeps the raw numbers in a JSON file. Ratios of one run hold; seconds do not.
"""
import argparse
import filecmp
import json
import os
import shutil
import statistics
import subprocess
import sys
import tempfile
import time

sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))
import data  # noqa: E402
import tools  # noqa: E402

OPERATIONS = ["first", "unchanged", "incremental", "restore", "check", "opened", "prune"]


def measure(command, env):
    """Wall and CPU seconds, peak resident MiB; stops the benchmark if the command fails."""
    began = time.monotonic()
    log = open(os.path.join(env["PEERS_WORK"], "last.log"), "w+b")
    process = subprocess.Popen(command, env=env, stdin=subprocess.DEVNULL, stdout=log, stderr=log)
    _, status, usage = os.wait4(process.pid, 0)
    wall = time.monotonic() - began
    if status != 0:
        log.seek(0)
        tail = log.read().decode(errors="replace")[-2000:]
        sys.exit("failed: %s\n%s" % (" ".join(command), tail))
    log.close()
    return {"wall": wall, "cpu": usage.ru_utime + usage.ru_stime, "rss": usage.ru_maxrss / 1024}


def folder_bytes(path):
    return sum(os.lstat(os.path.join(root, name)).st_size
               for root, _, names in os.walk(path) for name in names)


def same_tree(a, b):
    compared = filecmp.dircmp(a, b)
    if compared.left_only or compared.right_only or compared.funny_files:
        return False
    _, mismatch, errors = filecmp.cmpfiles(a, b, compared.common_files, shallow=False)
    return not mismatch and not errors and all(
        same_tree(os.path.join(a, d), os.path.join(b, d)) for d in compared.common_dirs)


def run_tool(tool, kind, work, generations):
    """One pass of one tool over all generations; returns operation -> measurement."""
    ours = tool.name == "backcast"
    # Removed with the kind: for minutes after files are deleted, ext4 looks long for an inode that
    # was not freed of late, and whoever comes next would pay for it.
    home = tempfile.mkdtemp(prefix="pass-", dir=work)
    os.makedirs(os.path.join(home, "home"))
    env = dict(os.environ, HOME=os.path.join(home, "home"), PEERS_WORK=work,
               XDG_CACHE_HOME=os.path.join(home, "cache"),
               XDG_CONFIG_HOME=os.path.join(home, "cfg"))
    env.update(tool.environment)
    repository = os.path.join(home, "repository")
    source = os.path.join(work, "source")
    data.install(kind, work, 0, source)
    measure(tool.init(repository), env)
    out = {"first": measure(tool.backup(repository, source, 0), env)}
    sizes = [folder_bytes(repository)]
    out["unchanged"] = measure(tool.backup(repository, source, 1), env)
    steps = []
    for generation in range(1, generations):
        data.install(kind, work, generation, source)
        steps.append(measure(tool.backup(repository, source, 1 + generation), env))
        sizes.append(folder_bytes(repository))
    out["incremental"] = {key: statistics.mean(step[key] for step in steps) for key in steps[0]}
    out["incremental"]["rss"] = max(step["rss"] for step in steps)
    target = os.path.join(home, "target")
    os.makedirs(target)
    out["restore"] = measure(tool.restore(repository, target, generations), env)
    if not same_tree(source, target + os.path.abspath(source)):
        sys.exit("%s restored something else" % tool.name)
    out["check"] = measure(tool.check(repository), env)
    # What the peers' check does as well: every chunk decrypted, decompressed and hashed again.
    out["opened"] = measure(tool.open_all(repository), env) if ours else out["check"]
    if ours:
        out["unlock"] = measure(tool.unlock(repository), env)
    parts = [measure(command, env) for command in tool.forget_and_prune(repository)]
    out["prune"] = {"wall": sum(p["wall"] for p in parts), "cpu": sum(p["cpu"] for p in parts),
                    "rss": max(p["rss"] for p in parts)}
    sizes.append(folder_bytes(repository))
    out["bytes"] = {"first": sizes[0], "last": sizes[-2], "pruned": sizes[-1]}
    return out


def medians(passes):
    out = {}
    for operation in OPERATIONS + ["unlock"] * ("unlock" in passes[0]):
        out[operation] = {key: statistics.median(p[operation][key] for p in passes)
                          for key in ("wall", "cpu", "rss")}
    out["bytes"] = {key: statistics.median(p["bytes"][key] for p in passes)
                    for key in passes[0]["bytes"]}
    return out


def report(kind, results):
    peers = [name for name in results if name != "backcast"]
    ours = results["backcast"]
    print("\n%s: ratios to the best of %s" % (kind, ", ".join(peers)))
    print("%-12s %9s %9s %9s   %s" % ("", "wall", "CPU", "peak RSS", "wall seconds"))
    for operation in OPERATIONS:
        ratios = []
        for key in ("wall", "cpu", "rss"):
            ratios.append(ours[operation][key] / min(results[p][operation][key] for p in peers))
        seconds = "  ".join("%s %.2f" % (name, results[name][operation]["wall"])
                            for name in results)
        print("%-12s %8.2fx %8.2fx %8.2fx   %s" % (operation, *ratios, seconds))
    print("key stretching alone, part of restore and opened: %.2f s wall, %.2f s CPU, %.0f MiB; "
          "peak memory of all else: %.0f MiB" % (
              ours["unlock"]["wall"], ours["unlock"]["cpu"], ours["unlock"]["rss"],
              max(ours[o]["rss"] for o in OPERATIONS if o not in ("restore", "opened"))))
    for key, title in (("first", "bytes, first"), ("last", "bytes, last"), ("pruned", "pruned")):
        best = min(results[p]["bytes"][key] for p in peers)
        print("%-12s %8.3fx   %s" % (title, ours["bytes"][key] / best, "  ".join(
            "%s %.1f MB" % (name, results[name]["bytes"][key] / 1e6) for name in results)))


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("backcast")
    parser.add_argument("--kinds", default="text,database,vectors")
    parser.add_argument("--scale", type=float, default=1.0, help="share of the full size")
    parser.add_argument("--runs", type=int, default=3)
    parser.add_argument("--generations", type=int, default=4)
    parser.add_argument("--work", default="/tmp/backcast-peers")
    parser.add_argument("--output", default="peers.json")
    given = parser.parse_args()
    contenders = tools.available(os.path.abspath(given.backcast), given.work)
    everything = {}
    for kind in given.kinds.split(","):
        os.makedirs(given.work, exist_ok=True)
        # In a process of its own: what a child inherits of a large parent counts as its memory.
        made = subprocess.run([sys.executable, data.__file__, kind, given.work,
                               str(given.generations), str(given.scale)], stdout=subprocess.PIPE,
                              check=True, text=True)
        if made.stdout:
            print("SKIPPED %s: %s" % (kind, made.stdout.strip()), file=sys.stderr)
            continue
        passes = {tool.name: [] for tool in contenders}
        for run in range(given.runs):
            # Who goes first changes, so that no tool always finds the warmest machine.
            turn = run % len(contenders)
            for tool in contenders[turn:] + contenders[:turn]:
                passes[tool.name].append(run_tool(tool, kind, given.work, given.generations))
        everything[kind] = {name: medians(p) for name, p in passes.items()}
        report(kind, everything[kind])
        sys.stdout.flush()
        data.remove(kind, given.work)
        for name in os.listdir(given.work):
            if name.startswith("pass-"):
                shutil.rmtree(os.path.join(given.work, name))
    with open(given.output, "w") as out:
        json.dump({"scale": given.scale, "runs": given.runs, "passes_are_medians": True,
                   "results": everything}, out, indent=1)
    shutil.rmtree(given.work, ignore_errors=True)


if __name__ == "__main__":
    main()
