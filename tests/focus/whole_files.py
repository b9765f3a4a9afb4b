#!/usr/bin/env python3
"""Checks the FOCUS file of one worked example, or of one shipped scenario's ledger.

usage: whole_files.py PROGRAM FOCUS_CHECK EXAMPLE.csv|SCENARIO.json

An example is billed with every option of the book that explains it. A scenario is billed with the
price books its own invoice names, and with the prices that it gives itself.
"""

import json
import pathlib
import re
import subprocess
import sys
import tempfile

ROOT = pathlib.Path(__file__).resolve().parents[2]
MECHANICS = "docs/billing/mechanics.json"
OPTIONS = [part for option in ("reserved", "partner", "welcome", "vat")
           for part in ("--option", option)]
EXAMPLES = {
    "tapes": ["--prices", "docs/billing/on-premises.json"],
    "three-providers": ["--prices", "aws", "--prices", "b2", "--prices", "wasabi"],
    "two-currencies": ["--prices", MECHANICS, "--prices", "docs/billing/euro.json", "--exchange",
                       "1 EUR = 1.0842 USD, 2026-06-30, a bank", *OPTIONS],
}


def run(*command, may_fail=False):
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True)
    if done.returncode and not may_fail:
        sys.exit(f"{' '.join(map(str, command))}\n{done.stdout}{done.stderr}")
    return done.stdout


def without_comments(path):
    return json.loads(re.sub(r"^\s*//.*", "", path.read_text("utf-8"), flags=re.M))


def with_own_prices(book, prices, folder):
    """The shipped book with the rates that the scenario puts in its rows."""
    document = json.loads((ROOT / f"scenarios/prices/{book}.json").read_text("utf-8"))
    for given in prices:
        service, region, meter = given["row"].split("/")
        row = next(row for row in document["prices"] if row["meter"] == meter
                   and row["service"] == service and row.get("region", "*") == region)
        row.update(price=given["rate"], certainty="low")
    path = folder / "book.json"
    path.write_text(json.dumps(document))
    return path


def main():
    program, checker, subject = sys.argv[1], sys.argv[2], pathlib.Path(sys.argv[3])
    with tempfile.TemporaryDirectory() as name:
        folder = pathlib.Path(name)
        usage, focus = subject, folder / "focus.csv"
        if subject.suffix == ".json":
            usage = folder / "ledger.jsonl"
            bill = json.loads(run(program, "simulate", subject.stem, "--quiet", "--json",
                                  "--ledger", usage))["invoice"]
            own = without_comments(subject).get("prices")
            books = bill["price_book"].split("+")
            if own:
                books = [with_own_prices(books[0], own, folder)]
            billing = [part for book in books for part in ("--prices", book)]
        else:
            billing = EXAMPLES.get(subject.stem, ["--prices", MECHANICS, *OPTIONS])
        run(program, "price", usage, *billing, "--focus", focus)
        print(run(checker, ROOT / "tests/focus", focus), end="")


if __name__ == "__main__":
    main()
