#!/usr/bin/env python3
"""Makes recorded histories for the fidelity program: data that lives for many simulated days,
backed up by the real engine every evening; what `stats --presence` then prints is the history.

  bench/fidelity/make_histories.py build/release/bin/backcast histories/ --days 90
  build/release/bin/fidelity histories/*.csv
"""
import argparse
import datetime
import os
import pathlib
import subprocess
import sys
import tempfile

import sources

START = datetime.date(2025, 1, 6)  # a Monday


class Repository:
    """One repository of the real engine, one snapshot a day at 20:00."""

    def __init__(self, program, folder):
        self.program, self.folder = program, folder
        secret = folder.with_suffix(".pass")
        secret.write_text("not a secret\n")
        self.call("init", folder, "--passphrase-file", secret, "--kdf-memory", "8 MiB",
                  "--kdf-passes", "3")

    def call(self, verb, *arguments):
        return subprocess.run([self.program, verb, *map(str, arguments), "--quiet"], check=True,
                              stdout=subprocess.PIPE, text=True).stdout

    def backup(self, folder, day, excluded):
        date = START + datetime.timedelta(days=day)
        options = [part for pattern in excluded for part in ("--exclude", pattern)]
        self.call("backup", self.folder, folder, "--time", f"{date}T20:00:00Z", *options)


def record(program, source, days, output, work):
    """Lets a source live, and writes one presence table per folder that it has."""
    repositories = {name: Repository(program, work / f"repository-{name}")
                    for name in source.folders}
    for day in range(days):
        source.live_through(day)
        for name, (folder, excluded) in source.folders.items():
            repositories[name].backup(folder, day, excluded)
        if sys.stderr.isatty():
            print(f"\r{source.name}: day {day + 1} of {days}", end="", file=sys.stderr)
    if sys.stderr.isatty():
        print(file=sys.stderr)
    for name, repository in repositories.items():
        table = repository.call("stats", repository.folder, "--presence")
        (output / f"{name}.csv").write_text(table)


def main():
    parser = argparse.ArgumentParser(description=__doc__,
                                     formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("program", help="backcast")
    parser.add_argument("output", type=pathlib.Path, help="folder for the tables")
    parser.add_argument("--days", type=int, default=90)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--scale", type=float, default=1, help="of sizes; 0.1 for a quick look")
    parser.add_argument("--only", choices=sources.KINDS, action="append",
                        help="this source; repeat (default: all)")
    options = parser.parse_args()
    options.output.mkdir(parents=True, exist_ok=True)
    os.umask(0o022)
    for kind in options.only or sources.KINDS:
        if lacks := sources.missing(kind):
            print(f"{kind} is left out: {lacks}", file=sys.stderr)
            continue
        with tempfile.TemporaryDirectory(prefix="histories-") as scratch:
            work = pathlib.Path(scratch)
            work.chmod(0o755)  # the database server runs as another user
            with sources.make(kind, work, options.seed, options.scale) as source:
                record(os.path.abspath(options.program), source, options.days, options.output,
                       work)


if __name__ == "__main__":
    main()
