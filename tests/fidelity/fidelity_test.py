"""The fidelity program on histories that the project's own script makes with the real engine.

fidelity_test.py BACKCAST FIDELITY ROOT

Asserted is what holds for any data: with true overlaps the error is at most 1 % (95th percentile),
and a forecast by the model beats the linear one where new bytes do not live for ever. How far the
rest is off is published in docs/fidelity.md, from long histories."""

import pathlib
import re
import subprocess
import sys
import tempfile

DAYS = 34
ARGUMENTS = {"postgres": "0.1", "logs": "0.05", "vectors": "0.05"}
HISTORIES = {"pgdata", "pgdump", "logs", "vectors"}


def run(*command):
    return subprocess.run(list(map(str, command)), capture_output=True, text=True, timeout=240)


def errors(line):
    """Columns by their place: name, n, then median/p95 pairs."""
    name, generations, *rest = line.replace("/ ", "/").split()
    pairs = [tuple(map(float, p.split("/"))) for p in rest if re.fullmatch(r"[\d.]+/[\d.]+", p)]
    return name, int(generations), dict(zip(
        ("overlaps", "frozen", "refitted", "prior", "linear", "compounding"), pairs))


def check(condition, message):
    if not condition:
        sys.exit(message)


def main():
    program, fidelity, root = sys.argv[1:]
    with tempfile.TemporaryDirectory(prefix="fidelity-") as scratch:
        folder = pathlib.Path(scratch)
        for source, scale in ARGUMENTS.items():
            made = run(sys.executable, "-B", f"{root}/bench/fidelity/make_histories.py", program,
                       folder, "--days", DAYS, "--scale", scale, "--only", source)
            check(made.returncode == 0, f"{source}: {made.stdout}{made.stderr}")
        tables = sorted(folder.glob("*.csv"))
        check({t.stem for t in tables} == HISTORIES, f"made are {tables}")
        measured = run(fidelity, *tables)
        check(measured.returncode == 0, measured.stderr)
        lines = measured.stdout.splitlines()[1:]
        check(len(lines) == len(HISTORIES), measured.stdout)
        for line in lines:
            name, generations, error = errors(line)
            check(generations == DAYS, line)
            check(error["overlaps"][1] <= 1, f"{name}: true overlaps are off by over 1 %: {line}")
            check(error["refitted"][0] <= error["linear"][0], f"{name}: worse than linear: {line}")

        short = folder / "short.csv"
        short.write_text("# generations=3\npresent,bytes\n0-2,100\n")
        refused = run(fidelity, short)
        check(refused.returncode == 2 and "at least 30" in refused.stderr, refused.stderr)


if __name__ == "__main__":
    main()
