"""Ctrl-C in long planning runs: what is known is printed or written, marked partial, exit 130; and
before that, progress says how long it still takes."""
import json
import os
import shutil
import signal
import subprocess
import sys
import tempfile
import time

PROGRAM, ROOT, FIDELITY = os.path.abspath(sys.argv[1]), sys.argv[2], os.path.abspath(sys.argv[3])
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


def compare_lines(folder):
    """Also where one run of each is shown."""
    out, err = interrupted(folder, "compare", "zilliz-automatic", "--set",
                           "/services/0/size=200 GB", "--replications", FOREVER, "--lines",
                           "--report", "both.html")
    assert "partial: interrupted after" in err, err
    assert json.loads(out)["rows"], out
    assert os.path.getsize(os.path.join(folder, "both.html")) > 0


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
                           "stored_bytes_mean", "--replications", FOREVER,
                           "--set", "/requirements/0/at_most=30d")
    assert "partial: interrupted after" in err, err
    assert json.loads(out)["rows"], out


def worked_seconds(process):
    with open(f"/proc/{process.pid}/stat") as file:
        user_ticks = int(file.read().rsplit(")", 1)[1].split()[11])
    return user_ticks / os.sysconf("SC_CLK_TCK")


def stopped(folder, command):
    """Interrupts a program that tells no progress, once it is busy."""
    process = subprocess.Popen(command, cwd=folder, text=True, stdout=subprocess.PIPE,
                               stderr=subprocess.PIPE)
    while process.poll() is None and worked_seconds(process) < 0.3:
        time.sleep(0.02)
    process.send_signal(signal.SIGINT)
    out, err = process.communicate(timeout=60)
    assert process.returncode == 130, (command, process.returncode, out[-500:], err[-500:])
    return out, err


def validate(folder):
    with open(os.path.join(folder, "policy.json")) as file:
        text = file.read().replace('"at_most": "3d"', '"at_most": "3d", "quantile": "99%"')
    with open(os.path.join(folder, "policy.json"), "w") as file:
        file.write(text)
    out, err = interrupted(folder, "validate", "policy.json", "longer.json", "--replications",
                           FOREVER)
    assert "partial: interrupted after 1 of 2 scenarios" in err, err
    result = json.loads(out)
    assert result["partial"] is True and "replications" in json.dumps(result), result


def rehearse(folder):
    """A day that was rehearsed is told, and nothing of the work is left behind."""
    with open(os.path.join(folder, "policy.json")) as file:
        text = file.read().replace('"180d"', '"20 years"')
    with open(os.path.join(folder, "policy.json"), "w") as file:
        file.write(text)
    out, err = interrupted(folder, "rehearse", "policy.json", "--size", "1 MiB")
    rows = json.loads(out)["rows"]
    assert rows and all(row["same_points"] == "yes" for row in rows), out
    assert len(rows) < 7000 and "partial: interrupted" in err, err
    left = [name for name in os.listdir(folder) if name.startswith("rehearsal-")]
    assert not left, left


def calibrate(folder):
    """The fit is there, the forecasts of its past are not."""
    generations = 500
    path = os.path.join(folder, "presence.csv")
    with open(path, "w") as file:
        file.write(f"# generations={generations}\npresent,bytes\n")
        for born in range(generations):
            for life in (1, 3, 9, 40, 200):
                last = min(born + life, generations) - 1
                file.write(f"{born}-{last},{1000 + 7 * born % 977}\n")
    out, _ = stopped(folder, [PROGRAM, "calibrate", "presence.csv", "--json"])
    result = json.loads(out)
    assert result["workload"]["change"]["mixture"], result
    assert any("partial: interrupted" in note for note in result["notes"]), result["notes"]
    backtest(folder)
    fidelity(folder)


def backtest(folder):
    """The forecasts that were made are there, with how far they were off."""
    out, err = interrupted(folder, "backtest", "presence.csv", "--first", "60", "--every", "1",
                           "--ahead", "7")
    assert "partial: interrupted" in err, err
    told = json.loads(out)
    assert told["partial"] and told["accuracy"][0]["forecasts"] >= 1, out
    assert len(told["forecasts"]) < 2 * 433, len(told["forecasts"])


def fidelity(folder):
    """The lines of the files that were measured are out before the program is stopped."""
    with open(os.path.join(folder, "short.csv"), "w") as file:
        file.write("# generations=40\npresent,bytes\n")
        for born in range(40):
            file.write(f"{born}-{min(born + born % 9, 39)},1000\n")
    output = os.path.join(folder, "lines")
    with open(output, "w") as lines:
        process = subprocess.Popen([FIDELITY, "short.csv", "presence.csv"], cwd=folder,
                                   stdout=lines, stderr=subprocess.PIPE, text=True)
        while "short.csv" not in open(output).read() and process.poll() is None:
            time.sleep(0.02)
        process.send_signal(signal.SIGINT)
        _, err = process.communicate(timeout=60)
    assert process.returncode == 130 and "partial: interrupted" in err, (process.returncode, err)
    assert "short.csv" in open(output).read()


def main():
    for case in (simulate, compare, compare_lines, sweep, optimize, validate, rehearse, calibrate):
        with tempfile.TemporaryDirectory(prefix="interrupt-") as folder:
            for name in ("policy.json", "longer.json"):
                shutil.copy(os.path.join(ROOT, "tests/golden/trials", name), folder)
            os.environ["TMPDIR"] = folder
            case(folder)


if __name__ == "__main__":
    main()
