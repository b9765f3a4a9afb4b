#!/usr/bin/env python3
"""The control plane under the virtual clock and the simulator decide the same at the same seconds.

Two processes write every decision of a scenario; their files are compared byte for byte. Every
tenth run the control plane is killed at some moment and goes on; and with faults planted on one
side, the comparison must find each.
"""

import argparse
import collections
import itertools
import json
import os
import pathlib
import random
import re
import shutil
import signal
import subprocess
import sys
import tempfile
import time

import planted
import scenarios


# What a restore that starts says of where it goes.
MARKS = {"project=": "of project", "key=": "under key", ":": "of collections"}


class Twin:
    def __init__(self, program, folder):
        self.program, self.folder = program, pathlib.Path(folder)
        self.seen = collections.Counter()
        self.refused = collections.Counter()
        self.decisions = 0

    def simulate(self, scenario):
        out = self.folder / "simulated"
        done = subprocess.run([self.program, "simulate", scenario, "--decisions", out, "--json"],
                              capture_output=True, text=True, check=False)
        return (None, done.stderr) if done.returncode else (out.read_bytes(), "")

    def command(self, scenario, keep, out):
        return [self.program, "rehearse", scenario, "--against", "control", "--keep", keep,
                "--decisions", out]

    def control(self, scenario, kills=None):
        """What the control plane decides; with `kills`, a random source, it is killed meanwhile."""
        keep, out = self.folder / "kept", self.folder / "decided"
        shutil.rmtree(keep, ignore_errors=True)
        out.unlink(missing_ok=True)
        killed = 0
        while kills is not None and killed < 3:
            with subprocess.Popen(self.command(scenario, keep, out), stdout=subprocess.DEVNULL,
                                  stderr=subprocess.DEVNULL) as running:
                time.sleep(kills.uniform(.005, .12))
                if running.poll() is not None:
                    break
                running.send_signal(signal.SIGKILL)
                killed += 1
        done = subprocess.run(self.command(scenario, keep, out), capture_output=True, text=True,
                              check=False)
        if not out.exists():
            return None, done.stderr, killed
        return out.read_bytes(), "", killed

    def compare(self, name, scenario, kills=None):
        """True: the same; None: one side does not take the scenario."""
        decided, why, killed = self.control(scenario, kills)
        if decided is None:
            self.refused[why.strip().splitlines()[0][-90:]] += 1
            return None, killed
        simulated, why = self.simulate(scenario)
        assert simulated is not None, f"{name}: {why}"
        if decided == simulated:
            lines = decided.decode().splitlines()
            self.decisions += len(lines)
            for line in filter(None, lines):
                _, code, _, reason, _, words, _ = line.split("\t")
                self.seen[code] += 1
                if code == "restore_started":
                    self.seen.update(name for mark, name in MARKS.items() if mark in words)
                if reason:
                    self.seen[":".join(reason.split(":")[:2])] += 1
            return True, killed
        for number, (ours, theirs) in enumerate(zip(decided.splitlines(), simulated.splitlines())):
            if ours != theirs:
                print(f"{name}: decision {number + 1}\n  control:   {ours}\n  simulated: {theirs}")
                break
        else:
            print(f"{name}: one has {len(decided.splitlines())} decisions, the other "
                  f"{len(simulated.splitlines())}")
        return False, killed


def write(folder, document):
    path = pathlib.Path(folder) / "scenario.json"
    path.write_text(json.dumps(document, indent=1), "utf-8")
    return str(path)


def random_runs(twin, count, first):
    faults = killed = 0
    for seed in range(first, first + count):
        document = scenarios.scenario(seed)
        path = write(twin.folder, document)
        kills = random.Random(seed) if seed % 10 == 0 else None
        same, kills_made = twin.compare(f"seed {seed}", path, kills)
        killed += kills_made
        if same is False:
            faults += 1
            if os.environ.get("TWIN_KEEP"):
                shutil.copy(path, f"{os.environ['TWIN_KEEP']}/twin_{seed}.json")
    return faults, killed


def shipped_runs(twin):
    faults = 0
    for path in sorted(pathlib.Path(SHIPPED).glob("*.json")):
        same, _ = twin.compare(path.name, str(path))
        faults += same is False
    return faults


def real_bytes_runs(program, folder, count):
    """The first days of shipped and random scenarios with real backups, all of them restored."""
    shipped = [(str(path), "+4d") for path in sorted(SHIPPED.glob("*.json"))]
    drawn = ((write(folder, scenarios.scenario(seed)), "+2d") for seed in itertools.count(1001))
    faults, played, made, restored = 0, 0, 0, 0
    for scenario, until in itertools.chain(shipped, drawn):
        done = subprocess.run([program, "rehearse", scenario, "--until", until, "--against",
                               "control", "--real-bytes"], capture_output=True, text=True,
                              check=False, env={**os.environ, "TMPDIR": str(folder)})
        told = re.search(r"bytes: (\d+) made, .* all (\d+) that are left restore", done.stdout)
        if told is None and "does not play" in done.stderr:
            continue
        played += 1
        if told is None or done.returncode != 0 or "the same as" not in done.stdout:
            faults += 1
            print(f"{scenario}: {done.stdout}{done.stderr}")
        else:
            made += int(told[1])
            restored += int(told[2])
        if played == count:
            break
    print(f"{played} scenarios with real bytes: {made} backups, {restored} restored, {faults} fail")
    return faults


# What a scenario whose policies change must have brought about, beside the changes themselves.
CHANGED = ("plan_changed", "policy_changed", "schedule_deleted", "asked", "quota:over_limit")


def one_run(twin, path):
    """A scenario of its own: the same on both sides, and each change in it has happened."""
    same, _ = twin.compare(path, path)
    missing = [what for what in CHANGED if not twin.seen[what]]
    print(f"{twin.decisions} decisions, {'the same' if same else 'not the same'}; "
          f"missing: {', '.join(missing) or 'nothing'}")
    return 0 if same and not missing else 1


# Each of these must have happened so often that a difference in it would have been seen.
EXPECTED = (
    "backup_completed", "backup_failed", "backup_refused", "backup_started", "backup_waits",
    "clock_jumped", "copy_completed", "copy_failed", "copy_started", "deleted", "expired",
    "key_destroyed", "project_deleted", "quota_exceeded", "restore_completed", "restore_failed",
    "restore_started", "service_deleted", "window_missed", "by_chance", "failing_time",
    "no_restore_point", "region_down", "region_failed", "region_failed_on", "role",
    "service_ended", "service_ended_on", "skips_overlap", "storage_lost", "suspended", "version",
    "waited_too_long", "admission:automatic_runs", "admission:too_many_manual",
    "fate:goes_with_owner", "fate:grace_ends", "quota:over_limit", "quota:over_ceiling",
    "restoring", "schedule_deleted", "policy_changed", "plan_changed", "deletion_refused", "asked",
    "no_backup", "key_revoked", "key_enabled", "revoked_key", "key_elsewhere", "project_elsewhere",
    "project_gone", "name_taken", "sealed_database", "of project", "under key", "of collections",
    "rule:2", "rule:7", "rule:8", "rule:14", "rule:30", "rule:32", "rule:33", "rule:34",
)


def find_planted(twin):
    """The faults that no comparison finds, of which a few scenarios are tried each."""
    unfound = {name for name, *_ in planted.FAULTS}
    for seed in range(12):
        for name, document, faulty in planted.pairs(seed):
            if name not in unfound:
                continue
            decided, why, _ = twin.control(write(twin.folder, document))
            assert decided is not None, f"{name}: {why}"
            simulated, why = twin.simulate(write(twin.folder, faulty))
            assert simulated is not None, f"{name}: {why}"
            if decided != simulated:
                unfound.discard(name)
    return unfound


SHIPPED = pathlib.Path(__file__).resolve().parents[2] / "scenarios"


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("program")
    parser.add_argument("--runs", type=int, default=500)
    parser.add_argument("--first", type=int, default=1)
    parser.add_argument("--real-bytes", type=int, default=0)
    parser.add_argument("--scenario")
    options = parser.parse_args()
    with tempfile.TemporaryDirectory(prefix="twin-") as folder:
        if options.real_bytes:
            return 1 if real_bytes_runs(options.program, folder, options.real_bytes) else 0
        twin = Twin(options.program, folder)
        if options.scenario:
            return one_run(twin, options.scenario)
        faults = shipped_runs(twin)
        more, killed = random_runs(twin, options.runs, options.first)
        faults += more
        print(f"{options.runs} random scenarios, {twin.decisions} decisions, {killed} kills, "
              f"{sum(twin.refused.values())} not played")
        for why, times in twin.refused.most_common():
            print(f"  {times} x {why}")
        for what, times in sorted(twin.seen.items()):
            print(f"  {times:7} {what}")
        unfound = find_planted(twin)
        print(f"{len(planted.FAULTS)} planted faults, {len(unfound)} not found: "
              f"{', '.join(sorted(unfound))}")
        rare = [what for what in EXPECTED if twin.seen[what] < 20]
        if options.runs >= 500 and rare:
            print(f"too rare: {', '.join(rare)}")
            faults += 1
        print(f"{faults} differ")
    return 1 if faults or unfound else 0


if __name__ == "__main__":
    sys.exit(main())
