#!/usr/bin/env python3
"""Which rows of a feature table are proved by a test, and which are open.

usage: vendor_rows.py FEATURES.csv [--prefix Z-POL,Q-SCH] [--require P-TAG,Z-XR] [--open]

Open rows are listed with the reason that stands in vendor_rows/open_rows.csv: they belong to a
control plane, or to what lies inside a service, which is not simulated.

A row Z-POL-03 is proved by a test whose name holds Z_POL_03: a TEST or property in C++, a def test_
in Python, a test(...) in JavaScript, or a transcript of that name. Rows that no test names are
open.
--prefix shows only rows whose id begins so; --open lists the open ones alone; --require exits 1 if
a row that begins so is open.
"""

import argparse
import collections
import csv
import pathlib
import re
import sys

TESTS = pathlib.Path(__file__).resolve().parent
ROW_ID = re.compile(r"(?<![A-Za-z])([A-Z]+_[A-Z]+_\d{2})(?!\d)")
NAMES = {
    ".cpp": re.compile(r"\b(?:TYPED_)?(?:TEST(?:_[FP])?|RC_GTEST_(?:FIXTURE_)?PROP)\s*\("
                       r"\s*\w+\s*,\s*(\w+)"),
    ".py": re.compile(r"\bdef (test_\w+)"),
    ".mjs": re.compile(r"\b(?:test|it)\s*\(\s*['\"`]([^'\"`]+)"),
    ".js": re.compile(r"\b(?:test|it)\s*\(\s*['\"`]([^'\"`]+)"),
    ".txt": re.compile(r"add_test\(\s*NAME\s+(\S+)"),
}


def test_names():
    """Every test's name with the file it stands in."""
    for path in sorted(TESTS.rglob("*")):
        place = path.relative_to(TESTS.parent).as_posix()
        if path.suffix == ".console":
            yield path.stem, place
        elif path.suffix in NAMES and path.is_file():
            for name in NAMES[path.suffix].findall(path.read_text("utf-8", "replace")):
                yield name, place


def proofs():
    """Row id -> files with tests that name it."""
    found = collections.defaultdict(set)
    for name, place in test_names():
        for row in ROW_ID.findall(name):
            found[row.replace("_", "-")].add(place)
    return found


def open_rows():
    """Row id -> why no test of ours could prove it."""
    with open(TESTS / "vendor_rows" / "open_rows.csv", encoding="utf-8", newline="") as file:
        return {row["id"]: row["reason"] for row in csv.DictReader(file)}


def split(text):
    return tuple(part for part in (text or "").split(",") if part)


def main():
    parser = argparse.ArgumentParser(
        description="Which rows are proved by tests, and which are open")
    parser.add_argument("features")
    parser.add_argument("--prefix", help="only rows whose id begins with one of these")
    parser.add_argument("--require", help="fail if a row that begins so is open")
    parser.add_argument("--open", action="store_true", help="list the open rows alone")
    options = parser.parse_args()
    with open(options.features, encoding="utf-8", newline="") as file:
        rows = list(csv.DictReader(file))
    prefixes = split(options.prefix)
    rows = [row for row in rows if not prefixes or row["id"].startswith(prefixes)]
    found, elsewhere = proofs(), open_rows()
    for row in rows:
        places = sorted(found.get(row["id"], ()))
        if places and options.open:
            continue
        state = "proved" if places else "open"
        proof = f"  [{', '.join(places)}]" if places else ""
        if not places and row["id"] in elsewhere:
            proof = f"  ({elsewhere[row['id']]})"
        print(f"{state:7} {row['id']:11} {row['feature']}{proof}")
    proved = sum(row["id"] in found for row in rows)
    print(f"{proved} of {len(rows)} rows proved, {len(rows) - proved} open")
    required = split(options.require)
    missing = [row["id"] for row in rows
               if required and row["id"].startswith(required) and row["id"] not in found]
    stale = sorted(set(elsewhere) & set(found))
    if stale:
        print("proved, and still listed as open:", *stale, file=sys.stderr)
        return 1
    if missing:
        print("required but open: " + ", ".join(missing), file=sys.stderr)
    return 1 if missing else 0


if __name__ == "__main__":
    sys.exit(main())
