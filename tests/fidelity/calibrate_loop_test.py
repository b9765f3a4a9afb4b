"""From real backups to a forecast and back, as a user types it: back up living data for weeks, read
what the repository says, calibrate, put the fit into a scenario, simulate two weeks ahead, and let
the same two weeks come true in the repository.

calibrate_loop_test.py BACKCAST"""

import csv
import datetime
import io
import json
import os
import pathlib
import random
import subprocess
import sys
import tempfile

PROGRAM = os.path.abspath(sys.argv[1])
START = datetime.date(2025, 3, 3)
KNOWN_DAYS, AHEAD_DAYS = 35, 14
POLICY = "restic: --keep-daily 5 --keep-weekly 2"
FILES, FILE_BYTES = 240, 40_000


def backcast(*arguments, given=None):
    done = subprocess.run([PROGRAM, *map(str, arguments)], capture_output=True, text=True,
                          input=given, timeout=120)
    if done.returncode != 0:
        sys.exit(f"backcast {arguments[0]} exits with {done.returncode}: {done.stderr}")
    return done.stdout


def stored_bytes(presence_table, kept):
    """Bytes of the rows that meet any kept snapshot."""
    total = 0
    for line in presence_table.splitlines()[2:]:
        runs, count = line.split(",")
        spans = [tuple(map(int, run.split("-"))) for run in runs.split(";")]
        if any(first <= day <= last for first, last in spans for day in kept):
            total += int(count)
    return total


class Data:
    """A third of the files is rewritten often, the rest seldom; weekends are quiet; it grows."""

    def __init__(self, folder):
        self.folder, self.rng = folder, random.Random(5)
        for number in range(FILES):
            self.write(number)
        self.count = FILES

    def write(self, number):
        path = self.folder / f"{number // 50}" / f"{number}"
        path.parent.mkdir(exist_ok=True)
        path.write_bytes(self.rng.randbytes(FILE_BYTES))

    def live_through(self, day):
        busy = 0.3 if day % 7 >= 5 else 1
        for number in range(self.count):
            if self.rng.random() < busy * (0.12 if number % 3 == 0 else 0.006):
                self.write(number)
        self.write(self.count)
        self.count += 1


def borg_history(folder, data):
    """A week of real borg archives of the same data, as their own JSON tells them."""
    settings = os.environ | {"BORG_PASSPHRASE": "x", "BORG_REPO": str(folder / "borg"),
                             "BORG_BASE_DIR": str(folder / "borg-home")}
    run = lambda *a: subprocess.run(["borg", *a], env=settings, check=True, capture_output=True,
                                    text=True, timeout=120).stdout
    run("init", "--encryption", "none")
    archives = []
    for day in range(7):
        data.live_through(day)
        made = run("create", "--json", "--timestamp", f"2025-03-0{day + 1}T20:00", f"::day{day}",
                   str(data.folder))
        archives.append(json.loads(made))
    return json.dumps(archives), run("info", "--json", "--last", "1")


def main():
    with tempfile.TemporaryDirectory(prefix="loop-") as scratch:
        folder = pathlib.Path(scratch)
        repository, secret = folder / "repository", folder / "pass"
        secret.write_text("not a secret\n")
        (folder / "data").mkdir()
        data = Data(folder / "data")
        backcast("init", repository, "--passphrase-file", secret, "--kdf-memory", "8 MiB")
        for day in range(KNOWN_DAYS):
            data.live_through(day)
            date = START + datetime.timedelta(days=day)
            backcast("backup", repository, data.folder, "--time", f"{date}T20:00:00Z", "--quiet")

        history = backcast("stats", repository, "--json")
        fit = json.loads(backcast("calibrate", "-", "--json", given=history))
        assert not fit["curve"]["shape_is_prior"], fit
        assert fit["out_of_sample"]["shared_bytes_error_p95"] < 0.08, fit["out_of_sample"]
        workload = json.loads(backcast("calibrate", "-", "--workload", given=history))
        two_points = json.dumps(json.loads(history)["rows"][:2])
        refused = subprocess.run([PROGRAM, "calibrate", "-"], input=two_points, text=True,
                                 capture_output=True, timeout=60)
        assert refused.returncode == 2 and "too few" in refused.stderr, refused.stderr

        # The forecast begins where the known days end, with the repository's own policy.
        last = START + datetime.timedelta(days=KNOWN_DAYS - 1)
        scenario = {"name": "loop", "start": str(last), "horizon": f"{AHEAD_DAYS + 1}d",
                    "services": [{"name": "files", "region": "home",
                                  "schedules": [{"cron": "0 20 * * *"}], "retention": POLICY}
                                 | workload]}
        (folder / "scenario.json").write_text(json.dumps(scenario))
        points = list(csv.DictReader(io.StringIO(
            backcast("simulate", folder / "scenario.json", "--backups", "--csv"))))
        simulated = json.loads(backcast("sweep", folder / "scenario.json", "--vary",
                                        "/services/0/region=home", "--json").splitlines()[1])

        # The same two weeks come true. What the simulated policy keeps of them is looked up in the
        # repository: its presence table tells the stored bytes of any subset of its snapshots.
        for day in range(KNOWN_DAYS, KNOWN_DAYS + AHEAD_DAYS):
            data.live_through(day)
            date = START + datetime.timedelta(days=day)
            backcast("backup", repository, data.folder, "--time", f"{date}T20:00:00Z", "--quiet")
        kept = {(datetime.date.fromisoformat(row["born"][:10]) - START).days
                for row in points if row["state"] == "available"}
        assert 5 <= len(kept) <= 7 and max(kept) == KNOWN_DAYS + AHEAD_DAYS - 1, kept
        real_bytes = stored_bytes(backcast("stats", repository, "--presence"), kept)
        off = simulated["measures"]["stored_bytes_last"] / real_bytes - 1
        print(f"stored: simulated {simulated['measures']['stored_bytes_last']:.0f}, "
              f"real {real_bytes}, off by {100 * off:.1f} %")
        assert abs(off) < 0.05, off

        archives, info = borg_history(folder, data)
        fit = json.loads(backcast("calibrate", "-", "--json", given=archives))
        assert fit["curve"]["shape_is_prior"] and "assumed" in " ".join(fit["warnings"]), fit
        assert fit["backups"] == 7 and 0 < fit["new_bytes_per_backup"] < 5e6, fit
        refused = subprocess.run([PROGRAM, "calibrate", "-"], input=info, text=True,
                                 capture_output=True, timeout=60)
        assert refused.returncode == 2 and "borg create --json" in refused.stderr, refused.stderr


if __name__ == "__main__":
    main()
