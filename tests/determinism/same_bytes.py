"""The program prints the same bytes for one and two threads and under every zone and locale."""
import os
import pathlib
import subprocess
import sys
import tempfile

FLEET = """{"name": "f", "start": "2026-01-01", "horizon": "200d", "price_book": "zilliz",
 "fleets": [
  {"name": "even", "count": 21000, "size": {"log_normal": {"median": "20 GB", "sigma": 1.2}},
   "service": {"region": "gcp-us-west1", "schedules": [{"cron": "30 2 * * 1"}],
               "retention": "restic: --keep-last 3", "change": {"per_day": "2%", "noise": 0.4}}},
  {"name": "odd", "count": 90, "service": {"region": "gcp-us-west1", "size": "70 GB",
   "schedules": [{"rule": "zilliz: 1,3,5 02:00-04:00", "retention_days": 9,
                  "copies": [{"region": "gcp-us-east4", "retention_days": 5}]}],
   "change": {"per_day": "2%", "noise": 0.4},
   "job": {"rate": "100 MB/s", "failure_probability": "10%", "retries": 1}}}],
 "requirements": [{"kind": "rpo", "at_most": "7d12h"},
  {"kind": "coverage", "ladder": ["1d", "7d"]}]}
"""
ZONES = ["UTC", "America/St_Johns", "Asia/Kathmandu", "Pacific/Apia"]


def locales(folder):
    """German has another decimal point, Turkish another upper case of i."""
    made = ["C.UTF-8"]
    for name in ("de_DE", "tr_TR"):
        target = folder / f"{name}.UTF-8"
        done = subprocess.run(["localedef", "-i", name, "-f", "UTF-8", str(target)],
                              capture_output=True, check=False)
        if target.is_dir():
            made.append(target.name)
        else:
            print(f"{name} is not tested: {done.stderr.decode()[:200]}")
    return made


def main():
    program = sys.argv[1]
    with tempfile.TemporaryDirectory() as temporary:
        folder = pathlib.Path(temporary)
        (folder / "fleet.json").write_text(FLEET)
        runs = [["simulate", "zilliz-cross-region", "--json", "--explain"],
                ["simulate", "zerops-quota", "--events"],
                ["simulate", "zilliz-automatic", "--replications", "4", "--csv"],
                ["validate", "policy-that-fails", "--markdown"],
                ["simulate", "fleet.json", "--json"]]
        choices = [("1", "UTC", "C")]
        for i, locale in enumerate(locales(folder)):
            choices += [(threads, ZONES[(i + int(threads)) % len(ZONES)], locale)
                        for threads in ("1", "2")]
        for run in runs:
            first = None
            for threads, zone, locale in choices:
                env = {**os.environ, "TZ": zone, "LC_ALL": locale, "LOCPATH": str(folder)}
                command = [program, *run, "--quiet"]
                if run[0] == "simulate":
                    command += ["--threads", threads]
                done = subprocess.run(command, cwd=folder, env=env, capture_output=True,
                                      check=False)
                if done.returncode not in (0, 1) or len(done.stdout) < 200:
                    sys.exit(f"{command} failed: {done.stderr.decode()}")
                if first is None:
                    first = done.stdout
                elif done.stdout != first:
                    sys.exit(f"{run}: other bytes with {threads} threads, TZ={zone}, {locale}")
            print("same bytes", len(choices), "times:", " ".join(run))


main()
