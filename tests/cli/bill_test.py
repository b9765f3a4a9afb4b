"""Bills through the command line: a FOCUS file of any length in bounded memory, and the ledger of a
simulation billed apart from it.

    bill_test.py PROGRAM             short form, run by ctest
    bill_test.py PROGRAM ROWS        a FOCUS file of ROWS rows beside one of a tenth; prints figures
"""
import csv
import json
import os
import re
import subprocess
import sys
import tempfile
import threading
import zipfile
from decimal import Decimal

PROGRAM = os.path.abspath(sys.argv[1])
SERVICES = 1000
BOOK = {"backcast_prices": 1, "name": "t", "provider": "T", "as_of": "2026", "currency": "USD",
        "meters": [{"name": "storage", "kind": "storage", "unit": "GB-Months", "size": "1 GB",
                    "per": "calendar month"}],
        "prices": [{"service": "S", "meter": "storage", "price": "0.0213", "source": "s",
                    "as_of": "2026", "certainty": "high"}]}


def month(index):
    return "%04d-%02d-01" % (1900 + index // 12, index % 12 + 1)


def write_usage(path, months, order="by month", width=0):
    # Nothing is gathered here: a child's peak memory is never below that of its parent.
    by_month = ((m, s) for m in range(months) for s in range(SERVICES))
    by_service = ((m, s) for s in range(SERVICES) for m in range(months))
    with open(path, "w") as out:
        out.write("kind,start,end,quantity,service,project\n")
        for m, s in by_month if order == "by month" else by_service:
            line = "storage,%s,%s,%d,service-%04d,project-%02d" % (
                month(m), month(m + 1), 10**9 + 7919 * (s + m), s, s % 20)
            out.write(line.ljust(width) + "\n")


def run(*arguments, code=0):
    """Standard output, peak memory in bytes, standard error and processor seconds."""
    with tempfile.TemporaryFile() as out, tempfile.TemporaryFile() as err:
        process = subprocess.Popen([PROGRAM, *arguments], stdout=out, stderr=err)
        _, status, usage = os.wait4(process.pid, 0)
        process.returncode = os.waitstatus_to_exitcode(status)
        out.seek(0)
        err.seek(0)
        assert process.returncode == code, (arguments, process.returncode, err.read().decode())
        return (out.read().decode(), usage.ru_maxrss * 1024, err.read().decode(),
                usage.ru_utime + usage.ru_stime)


def price(folder, usage, *more, code=0):
    return run("price", usage, "--prices", os.path.join(folder, "book.json"), *more, code=code)


def rows_of(path):
    with open(path, "rb") as file:
        return sum(chunk.count(b"\n") for chunk in iter(lambda: file.read(1 << 20), b"")) - 1


def long_focus_file(folder, rows):
    usage, focus = os.path.join(folder, "usage.csv"), os.path.join(folder, "focus.csv")
    peaks = []
    # Spaces make both files equally long, and longer than the 48 MiB that the reader has as its
    # buffer: what differs is the number of rows alone.
    for months, width in (rows // SERVICES // 10, 64_000_000 // rows * 10), (
            rows // SERVICES, 64_000_000 // rows):
        write_usage(usage, months, width=width - 1)
        _, peak, _, seconds = price(folder, usage, "--by", "project", "--focus", focus)
        assert rows_of(focus) >= months * SERVICES, "one row per service and month, and roundings"
        print("%9d rows, %6.1f MB: %5.2f s of processor, peak memory %.1f MB" % (
            rows_of(focus), os.path.getsize(focus) / 1e6, seconds, peak / 1e6))
        peaks.append(peak)
    assert peaks[1] < 1.05 * peaks[0], peaks


def order_does_not_matter(folder):
    """What comes by service cannot be billed month by month, and the bill is the same."""
    texts, sums = [], []
    for order in ("by month", "by service"):
        usage, focus = os.path.join(folder, "usage.csv"), os.path.join(folder, "focus.csv")
        write_usage(usage, 3, order)
        sums.append(price(folder, usage, "--by", "month,project", "--focus", focus)[0])
        with open(focus) as file:
            texts.append(file.read())
    assert texts[0] == texts[1]
    assert sums[0] == sums[1]


def nothing_is_left_of_a_bill_that_fails(folder):
    usage, focus = os.path.join(folder, "bad.csv"), os.path.join(folder, "never.csv")
    write_usage(usage, 3)
    with open(usage, "a") as out:
        out.write("storage,1900-03-01,1900-02-01,5,service-0000,p\n")
    before = sorted(os.listdir(folder))
    _, _, errors, _ = price(folder, usage, "--focus", focus, code=2)
    assert "bad.csv" in errors and "3002" in errors and "backwards" in errors, errors
    assert sorted(os.listdir(folder)) == before


def written_for_everybody(folder):
    os.umask(0o022)
    usage, focus = os.path.join(folder, "usage.csv"), os.path.join(folder, "shared.csv")
    write_usage(usage, 1)
    price(folder, usage, "--focus", focus)
    assert os.stat(focus).st_mode & 0o777 == 0o644
    os.symlink(focus, os.path.join(folder, "link.csv"))
    price(folder, usage, "--focus", os.path.join(folder, "link.csv"))
    assert os.path.islink(os.path.join(folder, "link.csv")), "a link stays one"
    pipe, read = os.path.join(folder, "pipe"), []
    os.mkfifo(pipe)
    reader = threading.Thread(target=lambda: read.append(open(pipe, "rb").read()))
    reader.start()
    price(folder, usage, "--focus", pipe)
    reader.join()
    with open(focus, "rb") as file:
        assert read == [file.read()], "a pipe is written to, not replaced"


def a_simulation_is_billed_from_its_ledger(folder):
    for name, book in (("zilliz-cross-region", "zilliz"), ("zilliz-automatic", "zilliz"),
                       ("zerops-quota", "zerops")):
        ledger = os.path.join(folder, name + ".jsonl")
        told = json.loads(run("simulate", name, "--json", "--quiet", "--ledger", ledger)[0])
        table = json.loads(run("price", ledger, "--prices", book, "--json", "--by", "month")[0])
        priced = {row["month"]: float(row["total"]) for row in table["rows"]}
        assert priced["total"] == float(told["invoice"]["total"]), (name, priced, told["invoice"])


def every_form_of_a_bill_says_the_same(folder):
    """Three providers on one bill, however it is asked for, and their parts apart."""
    ledger, focus, book = (os.path.join(folder, name) for name in ("l.jsonl", "f.csv", "b.xlsx"))
    page, name = os.path.join(folder, "page.html"), "three-providers"
    invoice = json.loads(run("simulate", name, "--json", "-q", "--ledger", ledger,
                             "--report", page)[0])["invoice"]
    total, parts = Decimal(invoice["total"]), {
        part["provider"]: Decimal(part["total"]) for part in invoice["providers"]}
    assert len(parts) == 3 and sum(parts.values()) == total, invoice["providers"]
    assert sum(Decimal(line["amount"]) for line in invoice["lines"]) == total
    prices = ["--prices", "b2", "--prices", "zilliz", "--prices", "aws", "--json", "-q"]
    for verb in ("price", "bill"):
        rows = json.loads(run(verb, ledger, *prices, "--by", "provider", "--focus", focus, "--xlsx",
                              book)[0])["rows"]
        told = {row["provider"]: Decimal(str(row["total"])) for row in rows}
        assert told == {**parts, "total": total}, (verb, told, parts)
    with open(focus) as file:
        billed = {}
        for row in csv.DictReader(file):
            who = row["ProviderName"]
            billed[who] = billed.get(who, 0) + Decimal(row["BilledCost"])
    assert billed == parts, billed
    with zipfile.ZipFile(book) as sheets:
        summary = sheets.read("xl/worksheets/sheet1.xml").decode()
        by_provider = sheets.read("xl/worksheets/sheet12.xml").decode()
    cents = Decimal("0.01")
    assert Decimal(re.search(r'r="B2"[^>]*><f>[^<]*</f><v>([^<]*)', summary)[1]).quantize(
        cents) == total, summary
    amounts = [Decimal(v).quantize(cents)
               for v in re.findall(r"</f><v>([^<]*)</v>", by_provider)]
    assert amounts == [*(parts[p] for p in sorted(parts)), total], by_provider
    with open(page) as file:
        text = file.read()
    assert all(f">{part}<" in text for part in parts.values()) and f"{total} USD" in text
    limit = "/requirements/2/at_most="
    run("validate", name, "-q", "--set", f"{limit}{total} USD")
    run("validate", name, "-q", "--set", f"{limit}{total - cents} USD", code=1)
    vary = ("--vary", "/services/0/size=100 GiB,10 GiB")
    rows = list(csv.DictReader(run("sweep", name, "-q", "--csv", *vary)[0].splitlines()))
    assert Decimal(rows[0]["cost_total"]) == total, rows
    best = run("optimize", name, "-q", "--json", *vary)[0]
    assert rows[1]["cost_total"] in best, best
    same = json.loads(run("compare", name, name, "-q", "--json", "--set", f"{limit}50 USD")[0])
    assert str(total) in json.dumps(same), same


def own_book(folder, name, more):
    path = os.path.join(folder, name + ".json")
    with open(path, "w") as out:
        json.dump({**BOOK, "name": name, **more}, out)
    return path


def commitments_are_due_in_every_month_of_a_run(folder):
    book = own_book(folder, "committed", {"commitments": [{
        "name": "reserved", "meter": "storage", "amount": "10", "fee_per_month": "7",
        "source": "s"}]})
    plan, ledger = os.path.join(folder, "plan.json"), os.path.join(folder, "plan.jsonl")
    with open(plan, "w") as out:
        json.dump({"name": "t", "start": "2026-01-01", "horizon": "6 months", "price_book": book,
                   "services": [{"name": "a", "region": "r", "size": "1 GB", "delta": "full",
                                 "schedules": [{"cron": "0 0 1 3 *", "retention_days": 20}]}]}, out)
    told = json.loads(run("simulate", plan, "--json", "-q", "--ledger", ledger)[0])["invoice"]
    assert told["total"] == "42.00", told
    priced = ("price", ledger, "--prices", book, "--by", "month", "--csv")
    assert run(*priced)[0].splitlines()[-1].split(",")[-2] == "7.00"
    for view in ("accrual", "cash"):
        of_period = run(*priced, "--period", "2026-01..2026-06", "--view", view)[0].splitlines()
        assert of_period[-1].split(",")[-2] == "42.00", of_period
    assert "no period" in run(*priced, "--period", "2026-06..2026-01", code=2)[2]


def two_books_of_one_provider_stay_apart(folder):
    """Each month of each is rounded by itself, also by the formulas of the workbook."""
    books = [own_book(folder, name, {}) for name in ("east", "west")]
    usage, book = os.path.join(folder, "both.csv"), os.path.join(folder, "both.xlsx")
    with open(usage, "w") as out:
        out.write("kind,start,end,quantity,provider\n")
        for name in ("east", "west"):
            out.write(f"storage,2026-01-01,2026-02-01,101 GB,{name}\n")
    rows = run("price", usage, "--prices", books[0], "--prices", books[1], "--by", "provider",
               "--csv", "--xlsx", book)[0].splitlines()
    assert rows[-1].split(",")[-2] == "4.30", rows
    with zipfile.ZipFile(book) as sheets:
        texts = sheets.read("xl/worksheets/sheet3.xml").decode()
        shared = [name for name in sheets.namelist() if "sharedStrings" in name]
        texts += "".join(sheets.read(name).decode() for name in shared)
    assert "T (east)" in texts and "T (west)" in texts, texts


def forecast_and_actual_meet_however_they_call_the_provider(folder):
    books = ["--prices", own_book(folder, "here", {"provider": "Here Inc"}),
             "--prices", own_book(folder, "there", {"provider": "There Inc"})]
    paths = []
    for names in (("here", "there"), ("HERE INC", "There")):
        paths.append(os.path.join(folder, names[0] + ".csv"))
        with open(paths[-1], "w") as out:
            out.write("kind,start,end,quantity,provider\n")
            for name in names:
                out.write(f"storage,2026-01-01,2026-02-01,101 GB,{name}\n")
    rows = run("bill", paths[0], *books, "--forecast", paths[1], "--csv")[0].splitlines()
    assert len(rows) == 6, rows  # a charge and a rounding of each, under a heading, and a total
    assert all(row.split(",")[-2] == "0.00" for row in rows[1:]), rows
    assert sum("here: rounding" in row or "there: rounding" in row for row in rows) == 2, rows


def what_cannot_be_followed_is_refused(folder):
    usage = os.path.join(folder, "usage.csv")
    write_usage(usage, 1)
    for more in (["--by", "month", "--lines"], ["--by", "month", "--budget", "5"],
                 ["--explain", "--budget", "5"]):
        assert "in another way" in price(folder, usage, *more, code=2)[2]
    book = ["--prices", os.path.join(folder, "book.json")]
    for more in (["--region", "r"], ["--storage-class", "c"], ["--project", "p"]):
        assert "bill of a repository" in run("bill", usage, *book, *more, code=2)[2]


def main():
    with tempfile.TemporaryDirectory() as folder:
        with open(os.path.join(folder, "book.json"), "w") as out:
            json.dump(BOOK, out)
        if len(sys.argv) > 2:
            return long_focus_file(folder, int(sys.argv[2]))
        long_focus_file(folder, 100_000)
        order_does_not_matter(folder)
        nothing_is_left_of_a_bill_that_fails(folder)
        written_for_everybody(folder)
        a_simulation_is_billed_from_its_ledger(folder)
        every_form_of_a_bill_says_the_same(folder)
        what_cannot_be_followed_is_refused(folder)
        commitments_are_due_in_every_month_of_a_run(folder)
        two_books_of_one_provider_stay_apart(folder)
        forecast_and_actual_meet_however_they_call_the_provider(folder)


if __name__ == "__main__":
    main()
