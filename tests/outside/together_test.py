"""Four backups at work, beside them prune, check, forget and restore, as fast as they can: nothing
fails, nothing is lost, nothing is reported that is not so.

    together_test.py PROGRAM        20 seconds; two minutes with BACKCAST_THOROUGH=1
"""
import collections
import os
import pathlib
import random
import sys
import tempfile
import threading
import time

from place import MEMORY, THOROUGH, Place, Wrong, expect, on_disk, write_source

PROGRAM = os.path.abspath(sys.argv[1])
SECONDS = 120 if THOROUGH else 20


class Company:
    def __init__(self, folder):
        self.folder = folder
        self.end = time.monotonic() + SECONDS
        self.runs, self.failures = collections.Counter(), []
        self.lock = threading.Lock()
        (folder / "pass").write_text("one\n")
        self.places = [self.place(host) for host in range(4)]
        self.places[0].do("init", self.places[0].repository, "--kdf-memory", "8 MiB")
        for host in range(4):
            write_source(self.places[host].source, 0)
            self.back_up(host, 0)

    def place(self, host):
        place = Place(PROGRAM, self.folder / ("home%d" % host), self.folder / ("source%d" % host))
        place.folder.mkdir()
        place.repository = self.folder / "repository"
        return place

    def run(self, host, *arguments):
        done = self.places[host].run(*arguments, seconds=120)
        with self.lock:
            self.runs[arguments[0]] += 1
            if done.returncode != 0:
                self.failures.append("%s: exit %d: %s" % (
                    " ".join(map(str, arguments)), done.returncode, done.stderr.decode().strip()))
        return done

    def back_up(self, host, number):
        place = self.places[host]
        write_source(place.source, number % 7)
        return self.run(host, "backup", place.repository, place.source, "--host",
                        "host%d" % host, "--threads", "1")

    def backups(self, host):
        number = 1
        while time.monotonic() < self.end:
            self.back_up(host, number)
            number += 1

    def others(self, verb):
        draw = random.Random(verb)
        place = self.places[0]
        while time.monotonic() < self.end:
            if verb == "prune":
                self.run(0, "prune", place.repository, "--grace", draw.choice(["0s", "1s", "1h"]),
                         "--max-unused", draw.choice(["0", "2"]))
            elif verb == "check":
                self.run(0, "check", place.repository, *draw.choice([[], ["--read-data"]]))
            elif verb == "forget":
                self.run(0, "forget", place.repository, "--policy", "restic: --keep-last 3",
                         "--max-delete", "all")
            else:
                with tempfile.TemporaryDirectory(dir=self.folder) as target:
                    self.run(0, "restore", place.repository, "--target", target, "--no-sync",
                             "--threads", "1")

    def work(self):
        threads = [threading.Thread(target=self.backups, args=(host,)) for host in range(4)]
        threads += [threading.Thread(target=self.others, args=(verb,))
                    for verb in ("prune", "check", "forget", "restore")]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()

    def verify(self):
        """The newest of each host is what its source holds."""
        for host, place in enumerate(self.places):
            rows = [line.split(",") for line in
                    place.do("snapshots", place.repository, "--csv").splitlines()[1:]]
            newest = [row[0] for row in rows if "host%d" % host in row][-1]
            saved, there = place.content(newest), on_disk(place.source)
            expect(saved == there, "host%d: the newest snapshot is not its source" % host)
        self.places[0].check("at the end")


def main():
    with tempfile.TemporaryDirectory(prefix="backcast-together-", dir=MEMORY) as temporary:
        company = Company(pathlib.Path(temporary))
        company.work()
        print(dict(company.runs))
        for failure in company.failures[:20]:
            print("  " + failure)
        try:
            company.verify()
        except Wrong as why:
            sys.exit(str(why))
        if company.failures:
            sys.exit("%d of %d runs failed, and nothing was wrong" % (
                len(company.failures), sum(company.runs.values())))
        for verb in ("backup", "prune", "check", "forget", "restore"):
            if company.runs[verb] < SECONDS / 5:
                sys.exit("only %d of %s" % (company.runs[verb], verb))


main()
