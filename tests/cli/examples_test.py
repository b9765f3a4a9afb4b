#!/usr/bin/env python3
"""The first example in the help of every verb works as it stands, but for the folders it names.
Usage: examples_test.py PATH_OF_BACKCAST SOURCE_FOLDER"""

import os
import re
import subprocess
import sys
import tempfile

PROGRAM, PROJECT = os.path.abspath(sys.argv[1]), os.path.abspath(sys.argv[2])
MAY_FAIL = {"validate": 1}  # its example is a policy that fails
# These run a service or ask one: tests/api tries them against one that runs.
OF_SERVICE = {"serve", "clusters", "policies", "backups", "jobs", "token", "apply",
              "status", "drills", "projects",
              "keys"}

PLAN = """{"name": "%s", "start": "2026-01-01", "horizon": "30d", "provider": "plain",
 "price_book": "zilliz", "services": [{"name": "db", "region": "gcp-us-west1", "size": "20 GB",
   "change": {"per_day": "%s"}, "delta": "lifetimes", "job": {"rate": "100 MB/s"},
   "retention": "restic: --keep-daily 7",
   "schedules": [{"name": "nightly", "every": "12h"}]}],
 "requirements": [{"kind": "rpo", "at_most": "25h"}]}"""


class Home:
    """What the examples name, made: a repository, documents, usage."""

    def __init__(self, folder):
        self.folder = folder
        self.env = dict(os.environ, HOME=folder, XDG_CONFIG_HOME=folder + "/config",
                        XDG_CACHE_HOME=folder + "/cache", LC_ALL="C.UTF-8",
                        PATH=os.path.dirname(PROGRAM) + ":/usr/bin:/bin")
        self.env.pop("BACKCAST_REPOSITORY", None)
        os.symlink(PROJECT + "/scenarios", folder + "/scenarios")
        for name, change in (("my.json", "2%"), ("now.json", "2%"), ("proposed.json", "1%")):
            self.write(name, PLAN % (name[:-5], change))
        self.write("pass.txt", "secret\n")
        self.write("FILE", "id,time,size_bytes\na,2026-01-01T02:00:00Z,100\n")
        days = "".join("2026-%02d-%02dT02:00:00Z,%d,%d\n" % (1 + day // 28, 1 + day % 28,
                                                             10**9 + day * 10**6, 10**7)
                       for day in range(40))
        self.write("history.csv", "time,size_bytes,new_bytes\n" + days)
        for name in ("home/notes", "etc/hosts"):
            self.write(name, name * 1000)
        self.bash("init srv/backup --passphrase-file pass.txt --kdf-memory '8 MiB'")
        for day in range(1, 9):
            self.write("home/day%d" % day, str(day) * 5000)
            self.bash("backup srv/backup home etc --time 2026-01-%02dT02:00:00Z" % day)
        self.bash("policy srv/backup --retention 'restic: --keep-daily 20' --passphrase-file "
                  "pass.txt")
        self.bash("stats srv/backup --json --passphrase-file pass.txt > history.json")
        self.bash("simulate my.json --quiet --ledger usage.jsonl")
        self.bash("simulate my.json --quiet --ledger forecast.jsonl")
        self.write("actual.csv", "\n".join(USAGE) + "\n")
        rows = self.bash("snapshots srv/backup --csv --passphrase-file pass.txt").splitlines()
        self.id = rows[1].split(",")[rows[0].split(",").index("id")]

    def write(self, name, text):
        path = os.path.join(self.folder, name)
        os.makedirs(os.path.dirname(path), exist_ok=True)
        with open(path, "w", encoding="utf-8") as out:
            out.write(text)

    def bash(self, text, code=0):
        if not text.startswith(("backcast", ".")):
            text = "backcast " + text
        done = subprocess.run(["bash", "-o", "pipefail", "-c", text], cwd=self.folder, env=self.env,
                              stdin=subprocess.DEVNULL, capture_output=True, text=True,
                              timeout=300, start_new_session=True)
        assert done.returncode == code, "%s\nexit %d\n%s%s" % (
            text, done.returncode, done.stdout, done.stderr)
        return done.stdout


USAGE = ["kind,start,end,quantity,service,region",
         "storage,2026-01-01,2026-02-01,20000000000,db,gcp-us-west1"]


def first_example(text):
    """The first command of a help text, with the lines it goes on in."""
    lines = text.split("\nUsage: ")[0].splitlines()
    for at, line in enumerate(lines):
        if not re.match(r"  (backcast|\. <\(backcast|restic|borg)\b", line):
            continue
        command = line.strip()
        while command.endswith("\\"):
            at += 1
            command = command[:-1] + lines[at].strip()
        return command
    return None


def verbs(home, path=()):
    text = home.bash("backcast %s --help" % " ".join(path))
    yield path, text
    found = re.search(r"^Subcommands:\n((?: +.*\n)*)", text, re.M)
    for verb in re.findall(r"^  (\S+)", found.group(1), re.M) if found else []:
        yield from verbs(home, path + (verb,))


def as_here(home, verb, command):
    """The same where the folders of the example are ours, and a passphrase is asked of nobody."""
    command = command.replace("/srv/backup", "srv/backup").replace("/mnt/second", "second")
    command = command.replace("/tmp/back", "back").replace("1a2b3c4d", home.id)
    command = re.sub(r" /(home|etc)\b", r" %s/\1" % home.folder, command)
    command = command.replace("| psql shop", "> restored").replace("| man -l -", "> page")
    if "restic snapshots" in command:
        return None  # another program's output: the test of its exports reads that
    if re.search(r"srv/backup|second", command) and "--passphrase-file" not in command:
        command = re.sub(r" +(#|\||>)", r" --passphrase-file pass.txt \1", command, 1) \
            if re.search(r" +(#|\||>)", command) else command + " --passphrase-file pass.txt"
    if verb == "dump":
        home.bash("backup srv/backup --stdin < FILE")
    if verb == "init":
        command = command.replace("srv/backup", "third") + " --kdf-memory '8 MiB'"
    if verb == "calibrate":
        command = command.replace(" --passphrase-file pass.txt |", " |").replace(
            "stats srv/backup", "stats srv/backup --passphrase-file pass.txt")
    return command


def main():
    failures = 0
    with tempfile.TemporaryDirectory() as folder:
        home = Home(folder)
        tried = 0
        for path, text in list(verbs(home)):
            example = first_example(text)
            if not example or (path and path[0] in OF_SERVICE):
                continue
            command = as_here(home, path[0] if path else "", example)
            if command is None:
                continue
            tried += 1
            try:
                home.bash(command, MAY_FAIL.get(path[0] if path else "", 0))
            except AssertionError as error:
                failures += 1
                print("FAILED  %s: %s\n%s" % (" ".join(path), example, error))
        print("%d examples, %d failed" % (tried, failures))
        assert tried >= 30, "the help is not understood"
    return 1 if failures else 0


if __name__ == "__main__":
    sys.exit(main())
