#!/usr/bin/env python3
"""Runs clang-tidy on the given sources, or on all of the project's own, and fails on a finding.

The compile commands name precompiled headers, which clang-tidy cannot read; they are left out.
"""

import json
import os
import pathlib
import subprocess
import sys
import tempfile
from concurrent.futures import ThreadPoolExecutor

from precompiled import without_precompiled


def main():
    tidy, build, root = sys.argv[1], pathlib.Path(sys.argv[2]), pathlib.Path(sys.argv[3])
    commands = json.loads((build / "compile_commands.json").read_text())
    kept = []
    for entry in commands:
        path = pathlib.Path(entry["file"])
        if not path.is_relative_to(root) or path.is_relative_to(build):
            continue
        entry["command"] = " ".join(without_precompiled(entry["command"].split()))
        kept.append(entry)
    wanted = [str(root / name) for name in sys.argv[4:]] or [entry["file"] for entry in kept]
    with tempfile.TemporaryDirectory() as folder:
        (pathlib.Path(folder) / "compile_commands.json").write_text(json.dumps(kept))

        def run(path):
            done = subprocess.run([tidy, "-p", folder, "--quiet",
                                   "--extra-arg=-Wno-unknown-warning-option", path],
                                  capture_output=True,
                                  text=True, check=False)
            return path, done.returncode, done.stdout
        failed = 0
        with ThreadPoolExecutor(os.cpu_count()) as pool:
            for path, code, output in pool.map(run, wanted):
                if code != 0:
                    failed += 1
                    print(f"{path}:\n{output}")
    print(f"clang-tidy: {len(wanted)} files, {failed} with findings")
    sys.exit(1 if failed or not wanted else 0)


if __name__ == "__main__":
    main()
