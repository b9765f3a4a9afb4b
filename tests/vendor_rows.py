#!/usr/bin/env python3
"""Which rows of a feature table are proved by a test, and which are open and why.

usage: vendor_rows.py ROWS.csv [--prefix Z-POL,Q-SCH] [--open]

A row Z-POL-03 is proved by a test whose name holds Z_POL_03: a TEST or property in C++, a def test_
in Python, a test(...) in JavaScript, or a transcript of that name. A row that no test names needs a
reason in the table; one that is proved must have none. Exit code 1 if a row has neither or both. A
test that calls only functions of the rule book that no product code reaches is no proof
(vendor_rows/reach.py).
--prefix shows only rows whose id begins so; --open lists the open ones alone.
"""

import argparse
import collections
import csv
import pathlib
import re
import sys

TESTS = pathlib.Path(__file__).resolve().parent
sys.path.insert(0, str(TESTS / "vendor_rows"))
import reach  # pylint: disable=wrong-import-position

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
    """Row id -> files with tests that name it, and that reach the product."""
    empty = reach.proofs_of_nothing(reach.arch.read_tree(TESTS.parent))
    found = collections.defaultdict(set)
    for name, place in test_names():
        for row in ROW_ID.findall(name):
            if name in empty:
                print(f"{name} proves nothing: no product code reaches {', '.join(empty[name])}",
                      file=sys.stderr)
            else:
                found[row.replace("_", "-")].add(place)
    return found


def split(text):
    return tuple(part for part in (text or "").split(",") if part)


def main():
    parser = argparse.ArgumentParser(
        description="Which rows are proved by tests, and which are open")
    parser.add_argument("rows")
    parser.add_argument("--prefix", help="only rows whose id begins with one of these")
    parser.add_argument("--open", action="store_true", help="list the open rows alone")
    options = parser.parse_args()
    with open(options.rows, encoding="utf-8", newline="") as file:
        rows = list(csv.DictReader(file))
    prefixes = split(options.prefix)
    rows = [row for row in rows if not prefixes or row["id"].startswith(prefixes)]
    found = proofs()
    faults = []
    for row in rows:
        places = sorted(found.get(row["id"], ()))
        if bool(places) == bool(row["reason"]):
            faults.append(f"{row['id']} has {'a test and' if places else 'neither a test nor'} "
                          f"a reason why not")
        if places and options.open:
            continue
        proof = f"[{', '.join(places)}]" if places else f"({row['reason']})"
        print(f"{'proved' if places else 'open':7} {row['id']:11} {row['statement']}  {proof}")
    proved = sum(row["id"] in found for row in rows)
    print(f"{proved} of {len(rows)} rows proved, {len(rows) - proved} open")
    print("\n".join(faults), file=sys.stderr)
    return 1 if faults else 0


if __name__ == "__main__":
    sys.exit(main())
