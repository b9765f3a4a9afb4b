#!/usr/bin/env python3
"""recalculate.py BACKCAST SOFFICE: bills usage into a workbook, lets LibreOffice calculate every
formula anew, and compares the total with the invoice; then doubles the rates in the workbook and
compares again."""

import csv
import json
import pathlib
import re
import subprocess
import sys
import tempfile
import zipfile
from decimal import ROUND_HALF_UP, Decimal

BOOKS = ["docs/billing/mechanics.json"]
ALWAYS_RECALCULATE = """<?xml version="1.0" encoding="UTF-8"?>
<oor:items xmlns:oor="http://openoffice.org/2001/registry">
<item oor:path="/org.openoffice.Office.Calc/Formula/Load">
<prop oor:name="OOXMLRecalcMode" oor:op="fuse"><value>0</value></prop></item>
</oor:items>
"""
EVERY_SHEET_AS_CSV = "csv:Text - txt - csv (StarCalc):44,34,76,1,,0,false,true,false,false,false,-1"


# Lines of half a cent under a book that rounds them half-even, of two services whose names differ
# only in case.
EVEN_BOOK = {
    "backcast_prices": 1, "name": "even", "provider": "Even", "as_of": "2026-01-01",
    "currency": "USD", "rounding": {"line_decimals": 2, "mode": "half even"},
    "meters": [{"name": "storage", "kind": "storage", "unit": "GB-Months", "size": "1 GB",
                "per": "30d"}],
    "prices": [{"service": "Even", "meter": "storage", "price": "0.005", "source": "example",
                "as_of": "2026", "certainty": "high"}]}
EVEN_USAGE = """kind,start,end,quantity,service
storage,2026-04-01,2026-05-01,1 GB,shop
storage,2026-04-01,2026-05-01,3 GB,Shop
storage,2026-06-01,2026-07-01,13 GB,Shop
"""


def cents(amount):
    return amount.quantize(Decimal("0.01"), ROUND_HALF_UP)


def prices(books):
    return [word for book in books for word in ("--prices", book)]


def bill(backcast, usage, options, books, workbook):
    """Writes the workbook and returns the lines of the invoice."""
    command = [backcast, "--json", "-q", "price", usage, *prices(books), "--lines",
               "--xlsx", workbook]
    for option in options:
        command += ["--option", option]
    answer = subprocess.run(command, check=True, capture_output=True, text=True)
    return json.loads(answer.stdout, parse_float=Decimal, parse_int=Decimal)["rows"]


def cash(backcast, usage, options, books):
    """What is paid in each month."""
    command = [backcast, "--json", "-q", "price", usage, *prices(books), "--by", "month",
               "--view", "cash"]
    for option in options:
        command += ["--option", option]
    answer = subprocess.run(command, check=True, capture_output=True, text=True)
    rows = json.loads(answer.stdout, parse_float=Decimal, parse_int=Decimal)["rows"]
    return {row["month"]: row["total"] for row in rows}


def double_rates(source, target):
    """Changes the rates of the sheet Prices and spoils every stored result."""
    with zipfile.ZipFile(source) as old, zipfile.ZipFile(target, "w") as new:
        for name in old.namelist():
            text = old.read(name)
            if name == "xl/worksheets/sheet2.xml":
                text = re.sub(rb'(<c r="E\d+"[^>]*><v>)([^<]+)',
                              lambda m: m[1] + str(Decimal(m[2].decode()) * 2).encode(), text)
            elif name.startswith("xl/worksheets/"):
                text = re.sub(rb"(</f><v>)[^<]+", rb"\g<1>123", text)
            new.writestr(name, text)


def recalculate(soffice, folder, workbooks):
    """Converts every sheet of every workbook; returns {(workbook, sheet): rows}."""
    profile = folder / "profile"
    (profile / "user").mkdir(parents=True, exist_ok=True)
    (profile / "user" / "registrymodifications.xcu").write_text(ALWAYS_RECALCULATE, "utf-8")
    out = folder / "csv"
    subprocess.run([soffice, f"-env:UserInstallation={profile.as_uri()}", "--headless",
                    "--convert-to", EVERY_SHEET_AS_CSV, "--outdir", str(out), *map(str, workbooks)],
                   check=True, capture_output=True, timeout=240)
    sheets = {}
    for path in out.glob("*.csv"):
        workbook, sheet = path.stem.split("-", 1)
        with path.open(encoding="utf-8", newline="") as file:
            sheets[workbook, sheet] = list(csv.reader(file))
    return sheets


def money(text):
    return cents(Decimal(text.replace(",", "")))


def main():
    backcast, soffice = (str(pathlib.Path(path).absolute()) for path in sys.argv[1:3])
    cases = {
        "months": ("docs/billing/months.csv", [], BOOKS),
        "egress": ("docs/billing/egress.csv", ["welcome", "vat"], BOOKS),
        "blocks": ("docs/billing/blocks.csv", ["partner", "vat"], BOOKS),
        "commitment": ("docs/billing/commitment.csv", ["reserved", "partner"], BOOKS),
        "providers": ("docs/billing/three-providers.csv", [], ["wasabi", "b2", "aws"]),
    }
    faults = []

    def expect(what, found, wanted):
        if found != wanted:
            faults.append(f"{what}: {found}, wanted {wanted}")

    with tempfile.TemporaryDirectory() as name:
        folder = pathlib.Path(name)
        (folder / "even.json").write_text(json.dumps(EVEN_BOOK), "utf-8")
        (folder / "even.csv").write_text(EVEN_USAGE, "utf-8")
        cases["even"] = (str(folder / "even.csv"), [], [str(folder / "even.json")])
        expected = {}
        for case, (usage, options, books) in cases.items():
            rows = bill(backcast, usage, options, books, str(folder / f"{case}.xlsx"))
            bill(backcast, usage, options, books, str(folder / "again"))
            expect(f"{case}: same bytes", (folder / "again").read_bytes(),
                   (folder / f"{case}.xlsx").read_bytes())
            expected[case] = cents(sum(row["amount"] for row in rows))
            if case == "months":
                months = {}
                for row in rows:
                    if row["category"] == "usage":
                        line = row["quantity"] * row["rate"] * 2
                        months[row["month"]] = months.get(row["month"], 0) + line
                expected["doubled"] = sum(cents(total) for total in months.values())
        double_rates(folder / "months.xlsx", folder / "doubled.xlsx")
        sheets = recalculate(soffice, folder, sorted(folder.glob("*.xlsx")))
        for case, total in expected.items():
            expect(f"{case}: total", money(sheets[case, "Summary"][1][1]), total)
            for view in ("project", "service", "region", "class", "kind", "tags", "meter",
                         "provider"):
                last = sheets[case, f"By {view}"][-1]
                expect(f"{case}: by {view}", money(last[-1]), total)
        # 0.005, 0.015 and 0.065, each to the even cent.
        services = {row[1] or row[0]: money(row[-1]) for row in sheets["even", "By service"][1:]}
        wanted = {"shop": Decimal("0.00"), "Shop": Decimal("0.08"), "Total": Decimal("0.08")}
        expect("even: services", services, wanted)
        for case, (usage, options, books) in cases.items():
            wanted = cash(backcast, usage, options, books)
            rows = sheets[case, "Cash"][1:]
            expect(f"{case}: cash", {row[0]: money(row[1]) for row in rows},
                   {month.replace("total", "Total"): cents(sum_) for month, sum_ in wanted.items()})
    print("\n".join(faults) if faults else f"{len(expected)} workbooks agree: {expected}")
    return 1 if faults else 0


if __name__ == "__main__":
    sys.exit(main())
