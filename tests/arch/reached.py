#!/usr/bin/env python3
"""Every function of the rule book is reached from the program.

reached.py BUILD: compiles engine/policy anew with a section for each function and links all of it
into the program; what the linker then throws away nobody but tests can call. Operators are left
out: a value may always be compared.
"""
import concurrent.futures
import json
import os
import pathlib
import re
import shlex
import subprocess
import sys
import tempfile

from precompiled import without_precompiled

LIBRARY = "engine/policy/libbackcast_policy.a"
# Not inlined, so that what is called stays a call.
EXTRA = ["-O0", "-ffunction-sections", "-fdata-sections"]


def compile_apart(entry, folder):
    # What was compiled once for all files is of another optimization.
    words = [w for w in without_precompiled(shlex.split(entry["command"]))
             if not re.fullmatch(r"-O\d|-MD", w)]
    target = folder / (re.sub(r"\W", "_", entry["file"]) + ".o")
    for flag in ("-MT", "-MF"):
        if flag in words:
            del words[words.index(flag):words.index(flag) + 2]
    words[words.index("-o") + 1] = str(target)
    subprocess.run(words[:-2] + EXTRA + words[-2:], cwd=entry["directory"], check=True)
    return str(target)


def link_command(build):
    commands = subprocess.run(["ninja", "-C", build, "-t", "commands", "backcast"], check=True,
                              capture_output=True, text=True).stdout.splitlines()
    return next(c for c in reversed(commands) if LIBRARY in c and " -o bin/backcast" in c)


def main():
    build = pathlib.Path(sys.argv[1]).resolve()
    entries = [e for e in json.loads((build / "compile_commands.json").read_text("utf-8"))
               if "/engine/policy/" in e["file"] and e["file"].endswith(".cpp")
               and "/tests/" not in e["file"]]
    with tempfile.TemporaryDirectory() as scratch:
        folder = pathlib.Path(scratch)
        with concurrent.futures.ThreadPoolExecutor(os.cpu_count()) as pool:
            objects = list(pool.map(lambda e: compile_apart(e, folder), entries))
        command = link_command(build).removeprefix(": && ").removesuffix(" && :")
        command = command.replace(LIBRARY, " ".join(objects), 1)
        command = command.replace(LIBRARY, "").replace(" -o bin/backcast", f" -o {folder}/program")
        command += " -Wl,--gc-sections,--print-gc-sections"
        linked = subprocess.run(command, shell=True, cwd=build, check=False, capture_output=True,
                                text=True)
        if linked.returncode != 0:
            sys.exit(linked.stderr[:4000])
    text = linked.stdout + linked.stderr
    dropped = {name for file, name in re.findall(r"(\S+)[:(]+\.text\.(_Z\w+)", text)
               if scratch in file}
    named = subprocess.run(["c++filt"], input="\n".join(sorted(dropped)), check=True,
                           capture_output=True, text=True).stdout.splitlines()
    unreached = [name for name in named
                 if re.match(r"backcast::policy::[^ ]*\(", name) and "::operator" not in name]
    print("\n".join(unreached))
    print(f"{len(objects)} files, {len(dropped)} functions dropped, {len(unreached)} of the rules")
    sys.exit(1 if unreached or len(objects) < 30 or not dropped else 0)


main()
