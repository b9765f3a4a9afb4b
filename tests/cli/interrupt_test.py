"""Ctrl-C in long planning runs: what is known is printed or written, marked partial, exit 130; and
before that, progress says how long it still takes."""
import json
import os
import shutil
import signal
import subprocess
import sys
import tempfile

PROGRAM, ROOT = os.path.abspath(sys.argv[1]), sys.argv[2]
VARY = ["--vary", "/services/0/job/retries=" + ",".join(map(str, range(10))),
        "--vary", "/services/0/change/per_day=" + ",".join(f"{i}%" for i in range(1, 90))]
FOREVER = "1000000"


def interrupted(folder, *arguments):
    """Runs until progress with an estimate has been seen, then interrupts."""
    process = subprocess.Popen([PROGRAM, *arguments, "--json"], cwd=folder, text=True,
                               stdout=subprocess.PIPE, stderr=subprocess.PIPE)
    for line in process.stderr:
        progress = json.loads(line)
        assert progress["type"] == "progress", line
        if progress["done"] > 0 and "seconds_left" in progress:
            break
    process.send_signal(signal.SIGINT)
    out, err = process.communicate(timeout=60)
    assert process.returncode == 130, (arguments, process.returncode, out[-500:], err[-500:])
    return out, err


def simulate(folder):
    out, err = interrupted(folder, "simulate", "policy.json", "--replications", FOREVER)
    assert "partial: interrupted after" in err, err
    assert json.loads(out), out


def compare(folder):
    out, err = interrupted(folder, "compare", "policy.json", "longer.json", "--replications",
                           FOREVER)
    assert "partial: interrupted after" in err, err
    rows = {row["measure"]: row for row in json.loads(out)["rows"]}
    assert float(rows["stored_bytes_mean"]["difference_mean"]) > 0, out


def sweep(folder):
    _, err = interrupted(folder, "sweep", "policy.json", *VARY, "--replications", "500",
                         "-o", "part.jsonl")
    assert "partial: interrupted after" in err, err
    with open(os.path.join(folder, "part.jsonl")) as file:
        lines = [json.loads(line) for line in file]
    assert lines[-1] == {"partial": True, "rows_done": len(lines) - 2}, lines[-1]
    merged = subprocess.run([PROGRAM, "sweep", "--merge", "part.jsonl"], cwd=folder, text=True,
                            capture_output=True, timeout=60)
    assert merged.returncode == 1 and "rows are missing" in merged.stderr, merged.stderr


def optimize(folder):
    out, err = interrupted(folder, "optimize", "policy.json", *VARY, "--minimize",
                           "stored_bytes_mean", "--replications", FOREVER, "--at-least", "0")
    assert "partial: interrupted after" in err, err
    assert json.loads(out)["rows"], out


def main():
    for case in (simulate, compare, sweep, optimize):
        with tempfile.TemporaryDirectory(prefix="interrupt-") as folder:
            for name in ("policy.json", "longer.json"):
                shutil.copy(os.path.join(ROOT, "tests/golden/trials", name), folder)
            case(folder)


if __name__ == "__main__":
    main()
