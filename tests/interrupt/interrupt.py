"""Ctrl-C during a long simulate: what is known is printed, marked partial, exit code 130."""
import json
import pathlib
import signal
import subprocess
import sys
import tempfile

FLEET = """{"name": "f", "start": "2026-01-01", "horizon": "20 years", "price_book": "zilliz",
 "fleets": [{"name": "tenant", "count": 9000000,
   "service": {"region": "gcp-us-west1", "size": "20 GB", "schedules": [{"cron": "30 2 * * 1"}],
               "retention": "restic: --keep-last 3", "change": {"per_day": "2%", "noise": 0.4}}}],
 "requirements": [{"kind": "rpo", "at_most": "7d12h"}]}
"""
COUPLED = """{"name": "c", "start": "2026-01-01", "horizon": "2 years",
 "defaults": {"region": "here", "delta": "full", "schedules": [{"cron": "*/15 * * * *",
              "retention_days": 2}]},
 "limits": [{"jobs": 100}],
 "services": [%s]}
""" % ",".join('{"name": "s%d", "size": "1 GB"}' % i for i in range(20))


def interrupted(program, folder, arguments):
    """Runs until the program has told twice how far it is, then stops it."""
    run = subprocess.Popen([program, *arguments], cwd=folder, stdout=subprocess.PIPE,
                           stderr=subprocess.PIPE, text=True)
    told = []
    while len(told) < 2 or told[1]["done"] == 0:
        line = run.stderr.readline()
        if not line:
            sys.exit(f"{arguments} ended by itself: {run.stdout.read()[:300]}")
        told = [*told, json.loads(line)][-2:]
    run.send_signal(signal.SIGINT)
    out, err = run.communicate(timeout=200)
    if run.returncode != 130:
        sys.exit(f"{arguments} ended with {run.returncode}: {err}")
    if "terminate" in err or "Traceback" in err:
        sys.exit(f"{arguments} crashed: {err}")
    return told, out


def main():
    program = sys.argv[1]
    with tempfile.TemporaryDirectory() as temporary:
        folder = pathlib.Path(temporary)
        (folder / "fleet.json").write_text(FLEET)
        (folder / "coupled.json").write_text(COUPLED)
        told, out = interrupted(program, folder, ["simulate", "fleet.json", "--json"])
        assert told[1]["total"] == 9000000 and told[1]["done"] > 0, told
        assert told[1]["seconds_left"] > 0, told
        result = json.loads(out)
        assert result["partial"] is True
        fleet = result["fleets"][0]
        assert 0 < fleet["simulated"] < fleet["services"], fleet
        assert result["invoice"]["lines"], "the services that were simulated are billed"
        assert "interrupted" in result["warnings"][0], result["warnings"]

        run = subprocess.Popen([program, "simulate", "coupled.json", "--json", "--quiet"],
                               cwd=folder, stdout=subprocess.PIPE, stderr=subprocess.PIPE,
                               text=True)
        try:
            run.wait(timeout=1.5)
        except subprocess.TimeoutExpired:
            run.send_signal(signal.SIGINT)
        out, err = run.communicate(timeout=200)
        assert run.returncode == 130, (run.returncode, err)
        result = json.loads(out)
        assert result["partial"] is True and result["end"] < "2027-12-31", result["end"]

        told, out = interrupted(program, folder, ["simulate", "zilliz-automatic", "--json",
                                                  "--replications", "1000000"])
        assert told[1]["unit"] == "replications", told
        assert json.loads(out)["spread"]["replications"] > 0


main()
