"""A verdict means one thing: every form of a report and the exit code agree, and a value that
nobody states never makes HOLDS by itself.

missing_values takes every optional field out of every shipped scenario in turn. What is left is an
error, UNKNOWN, or a verdict that both extremes of the times nobody states share: the extremes are
set here, by hand, as speeds.
"""
import csv
import datetime
import json
import os
import pathlib
import re
import signal
import subprocess
import sys
import tempfile
import time
import xml.etree.ElementTree

PROGRAM = ""
INSTANT = "1 PB/s"
UNITS = {"B": 1, "kB": 10**3, "MB": 10**6, "GB": 10**9, "TB": 10**12, "KiB": 2**10, "MiB": 2**20,
         "GiB": 2**30, "TiB": 2**40}
TIMES = ("rate", "copy_rate", "restore_rate")


def run(*arguments, expect=None):
    done = subprocess.run([PROGRAM, *arguments], capture_output=True, text=True, check=False)
    if expect is not None and done.returncode != expect:
        sys.exit(f"{arguments} ended with {done.returncode}, not {expect}: "
                 f"{done.stdout}{done.stderr}")
    return done


def without_comments(text):
    return re.sub(r'("(?:\\.|[^"\\])*")|//[^\n]*', lambda m: m.group(1) or "", text)


def fields(value, path=()):
    """Paths of all fields of objects, however deep."""
    if isinstance(value, dict):
        for key, child in value.items():
            yield (*path, key)
            yield from fields(child, (*path, key))
    elif isinstance(value, list):
        for index, child in enumerate(value):
            yield from fields(child, (*path, index))


def removed(document, path):
    copy = json.loads(json.dumps(document))
    at = copy
    for step in path[:-1]:
        at = at[step]
    del at[path[-1]]
    return copy


def verdicts(path, *options):
    """By requirement; None where the document is refused."""
    done = run("validate", str(path), "--json", "--quiet", "--replications", "60", *options)
    if done.returncode == 2:
        assert done.stderr, path
        return None
    told = json.loads(done.stdout)
    assert done.returncode == (0 if told["verdict"] == "holds" else 1), (path, done.returncode)
    assert told["holds"] == (told["verdict"] == "holds")
    return {r["name"]: r["verdict"] for r in told["requirements"]}


def is_stated(document, index, field, profile):
    """Whether the document, or a profile with a source, says the speed of a service."""
    for place in (document["services"][index], document.get("defaults", {}),
                  {} if "job/" + field in profile.get("assumptions", {})
                  else profile.get("service", {})):
        if field in place.get("job", {}):
            return True
    return False


def size_bytes(text):
    number, unit = text.split()
    return int(float(number) * UNITS[unit])


def starts(path):
    """When backups of each service start, if none of them takes any time."""
    done = run("simulate", str(path), "--csv", "--quiet", "--backups", expect=0)
    by_service = {}
    for row in csv.DictReader(done.stdout.splitlines()):
        if row["kind"] == "automatic":
            born = datetime.datetime.fromisoformat(row["born"].replace("Z", "+00:00"))
            by_service.setdefault(row["service"], []).append(born)
    return by_service


def slowest(document, index, by_service):
    """At this speed a job of the largest data that the run reads is done before the next one."""
    service = document["services"][index]
    merged = document.get("defaults", {}) | service
    grown = size_bytes(merged.get("growth", {}).get("per_day", "0 B")) * 731
    own = by_service.get(service["name"], [])
    gap = min((b - a for a, b in zip(own, own[1:])), default=datetime.timedelta(days=1))
    return f"{int((size_bytes(merged['size']) + grown) / (0.99 * gap.total_seconds())) + 1} B/s"


def extremes(document, profile, by_service):
    """Options that set every time nobody states to nothing at all, and to as long as there is.

    What the tool does with jobs that overlap is asked for apart: here they run beside each other.
    """
    missing = [(index, field)
               for index in range(len(document.get("services", ()))) for field in TIMES
               if not is_stated(document, index, field, profile)]
    beside = [option for index in sorted({index for index, _ in missing})
              for option in ("--set", f"/services/{index}/job/overlap=beside")]
    return [beside + [option for index, field in missing for option in
                      ("--set", f"/services/{index}/job/{field}={speed(index)}")]
            for speed in (lambda index: INSTANT,
                          lambda index: slowest(document, index, by_service))]


def missing_values(root, folder):
    counts = {"error": 0, "holds": 0, "fails": 0, "unknown": 0}
    for shipped in sorted((root / "scenarios").glob("*.json")):
        document = json.loads(without_comments(shipped.read_text()))
        for path in fields(document):
            changed = removed(document, path)
            place = folder / "changed.json"
            place.write_text(json.dumps(changed))
            told = verdicts(place)
            if told is None:
                counts["error"] += 1
                continue
            provider = changed.get("provider", "plain")
            profile = json.loads(without_comments(
                (root / "scenarios/profiles" / f"{provider}.json").read_text()))
            at_once, for_ever = (verdicts(place, *options)
                                 for options in extremes(changed, profile, starts(place)))
            for name, verdict in told.items():
                counts[verdict] += 1
                if verdict == "unknown":
                    continue
                assert verdict == at_once[name] == for_ever[name], (
                    f"{shipped.name} without {path}: {name} is said to be {verdict}, at once "
                    f"{at_once[name]}, at a crawl {for_ever[name]}")
    assert min(counts.values()) > 0, f"nothing was tried: {counts}"
    print(counts)


NIGHTLY = {"name": "t", "start": "2026-01-01", "horizon": "30d", "provider": "plain",
           "services": [{"name": "db", "region": "x", "size": "10 GB", "delta": "full",
                         "schedules": [{"cron": "0 2 * * *", "retention_days": 7}],
                         "job": {"rate": "100 MB/s"}}]}


def scenario(folder, requirements, job=None, **more):
    document = json.loads(json.dumps(NIGHTLY)) | more
    if job is not None:
        document["services"][0]["job"] = job
    document["requirements"] = requirements
    place = folder / "scenario.json"
    place.write_text(json.dumps(document))
    return str(place)


def forms_agree(folder):
    rpo, restore = {"kind": "rpo", "at_most": "26h"}, {"kind": "restore_time", "at_most": "4h"}
    flaky = {"rate": "100 MB/s", "failure_probability": "5%"}
    cases = [([rpo], None, "holds"), ([{**rpo, "at_most": "24h"}], None, "fails"),
             ([rpo, restore], None, "unknown"), ([], None, "unknown"),
             ([{"kind": "coverage", "ladder": ["90d"]}], None, "unknown"),
             ([{**rpo, "at_most": "24h"}, restore], None, "fails"),
             ([{**rpo, "at_most": "9d"}], flaky, "holds"), ([rpo], flaky, "fails"),
             ([{**rpo, "quantile": "99.999%"}], flaky, None)]
    for requirements, job, expected in cases:
        place = scenario(folder, requirements, job)
        junit = folder / "junit.xml"
        options = ["--replications", "200"] if expected is None else []
        expected = expected or "unknown"
        code = 0 if expected == "holds" else 1
        told = json.loads(run("validate", place, "--json", "--quiet", "--junit", str(junit),
                              *options, expect=code).stdout)
        assert told["verdict"] == expected, (requirements, told["verdict"])
        text = run("validate", place, "--quiet", *options, expect=code).stdout
        assert f"\n{expected.upper()}: " in text, text
        assert run("validate", place, "--markdown", "--quiet", *options).stdout.split(
            "\n", 1)[0].endswith(expected.upper())
        suite = xml.etree.ElementTree.parse(junit).getroot()
        assert (int(suite.get("failures")) > 0) == (expected != "holds"), junit.read_text()
        assert suite.get("skipped") == "0"
        allowed = run("validate", place, "--allow-unknown", "--quiet", *options)
        assert allowed.returncode == (1 if expected == "fails" else 0)
        assert f"\n{expected.upper()}: " in allowed.stdout
        page = folder / "page.html"
        run("simulate", place, "--quiet", "--report", str(page), expect=0)
        if job is None:
            assert f'badge {expected}"' in page.read_text()


def one_future_holds_nothing(folder):
    flaky = {"rate": "100 MB/s", "failure_probability": "5%"}
    place = scenario(folder, [{"kind": "rpo", "at_most": "9d"}], flaky)
    text = run("simulate", place, "--quiet", expect=0).stdout
    assert "in this one future" in text and "HOLDS" not in text, text
    page = folder / "both.html"
    run("compare", place, place, "--quiet", "--report", str(page), expect=0)
    assert "HOLDS" not in page.read_text() and "in this one future" in page.read_text()
    told = json.loads(run("simulate", place, "--quiet", "--json", "--replications", "40").stdout)
    assert told["verdict"] == "holds"
    replicated = told["requirements"][0]["replicated"]
    assert {"replications", "held", "failed", "unknown", "required", "low", "high", "confidence",
            "worst", "first_failing"} <= set(replicated), replicated
    assert {"mean", "mean_interval", "p95"} <= set(told["measures"][0])


def json_tells_what_csv_tells(folder):
    """Every measure of many replications, with the intervals."""
    flaky = {"rate": "100 MB/s", "failure_probability": "5%"}
    place = scenario(folder, [{"kind": "rpo", "at_most": "9d"}], flaky)
    many = ("simulate", place, "--quiet", "--replications", "300")
    rows = list(csv.DictReader(run(*many, "--csv", expect=0).stdout.splitlines()))
    measures = {m["name"]: m for m in json.loads(run(*many, "--json", expect=0).stdout)["measures"]}
    assert [row["measure"] for row in rows] == list(measures) and len(rows) > 8, rows
    intervals = 0
    for row in rows:
        measure = measures[row["measure"]]
        told = {"mean": measure["mean"], "p05": measure["p05"], "p50": measure["p50"],
                "p95": measure["p95"]}
        for of, name in (("mean", "mean_interval"), ("p95", "p95_interval")):
            interval = measure[name] or {"low": "", "high": ""}
            told |= {f"{of}_low": interval["low"], f"{of}_high": interval["high"]}
        for column, value in told.items():
            if value == "" or row[column] == "":
                assert value == row[column], (row, column, value)
                continue
            intervals += column == "p95_low"
            assert abs(float(row[column]) - value) <= 1e-6 * abs(value) + 0.1, (row, column, value)
    assert intervals > 0


def the_first_counterexample_replays(folder):
    flaky = {"rate": "100 MB/s", "failure_probability": "1%"}
    place = scenario(folder, [{"kind": "rpo", "at_most": "26h"}], flaky)
    told = json.loads(run("validate", place, "--quiet", "--json", expect=1).stdout)
    outcome = told["requirements"][0]
    first = outcome["replicated"]["first_failing"]
    assert first > 0, "choose a seed whose first replication holds"
    again = json.loads(run("simulate", place, "--quiet", "--json", "--replication", str(first),
                           expect=0).stdout)["requirements"][0]
    assert again["verdict"] == "fails" and again["trace"] == outcome["trace"]
    events = run("simulate", place, "--quiet", "--csv", "--events", "--replication", str(first))
    assert "failed by chance" in events.stdout


def break_even_is_where_it_turns(folder):
    place = scenario(folder, [{"kind": "rpo", "at_most": "26h"}], {})
    told = json.loads(run("validate", place, "--quiet", "--json", expect=1).stdout)
    assert told["verdict"] == "unknown"
    assert told["missing"] == [{"pointer": "/services/0/job/rate",
                                "break_even": "holds while a backup takes at most 2h"}], told
    # 10 GB in two hours and a second less or more.
    for speed, verdict, code in (("1389000 B/s", "holds", 0), ("1388000 B/s", "fails", 1)):
        told = json.loads(run("validate", place, "--quiet", "--json", "--assume",
                              f"/services/0/job/rate={speed}", expect=code).stdout)
        assert told["verdict"] == verdict
        assert told["assumed"] == [{"pointer": "/services/0/job/rate", "value": speed}]


def a_value_is_assumed_and_never_a_verdict(folder):
    place = scenario(folder, [{"kind": "rpo", "at_most": "24h"}])
    for pointer in ("/requirements/0/at_most=30h", "/requirements/0/of_time=50%", "/quantile=1%",
                    "/services/0/job/rate=1 TB/s"):
        refused = run("validate", place, "--quiet", "--assume", pointer, expect=2)
        assert "--set" in refused.stderr, refused.stderr


def the_wait_for_a_retry_is_stated_or_unknown(folder):
    flaky = {"rate": "100 MB/s", "failure_probability": "50%", "retries": 40}
    place = scenario(folder, [{"kind": "rpo", "at_most": "30h"}], flaky)
    told = json.loads(run("validate", place, "--quiet", "--json", expect=1).stdout)
    assert told["verdict"] == "unknown", told["verdict"]
    assert told["missing"][0]["pointer"] == "/services/0/job/retry_after"
    run("validate", place, "--quiet", "--set", "/services/0/job/retry_after=1m", expect=0)


def what_fails_only_if_jobs_overlap_is_unknown(folder):
    """Backups of 5.8 days, every day: beside each other they cost more than one after another."""
    job = {"rate": "1 MB/s"}
    monthly = [{"kind": "budget", "at_most": "100.00 USD"}]
    place = scenario(folder, monthly, job, price_book="wasabi")
    document = json.loads(pathlib.Path(place).read_text())
    document["services"][0] |= {"size": "500 GB", "delta": "full"}
    pathlib.Path(place).write_text(json.dumps(document))
    verdict = {}
    for overlap in ("beside", "skip", "queue", None):
        given = ["--set", f"/services/0/job/overlap={overlap}"] if overlap else []
        done = run("validate", place, "--quiet", "--json", *given)
        verdict[overlap] = json.loads(done.stdout)["verdict"]
    assert verdict["beside"] == "fails" and verdict["skip"] == "holds", verdict
    assert verdict[None] == "unknown", verdict
    all_fail = run("validate", place, "--quiet", "--json", "--set",
                   "/requirements/0/at_most=0.01 USD")
    assert json.loads(all_fail.stdout)["verdict"] == "fails", all_fail.stdout


def the_chart_marks_the_rows_of_the_table(folder):
    """Also those that are there for their reach alone, which the chart does not show."""
    place = scenario(folder, [{"kind": "rpo", "at_most": "9d"}])
    page = folder / "front.html"
    done = run("optimize", place, "--quiet", "--csv", "--minimize", "stored_bytes_mean", "--vary",
               "/services/0/schedules/0/retention_days=3,7,14", "--report", str(page), expect=0)
    rows = len(list(csv.DictReader(done.stdout.splitlines())))
    assert rows == 3, done.stdout
    assert page.read_text().count(">yes</td>") == rows


def interrupted_never_holds(folder):
    flaky = {"rate": "100 MB/s", "failure_probability": "5%"}
    place = scenario(folder, [{"kind": "rpo", "at_most": "300d"}], flaky, horizon="5 years")
    junit, page = folder / "interrupted.xml", folder / "interrupted.html"

    def interrupted(verb, *options):
        busy = subprocess.Popen([PROGRAM, verb, place, "--replications", "1000000", *options],
                                stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
        if "--json" in options:
            while "done" not in busy.stderr.readline():
                assert busy.poll() is None, verb
        else:  # tells its progress to people only
            time.sleep(1)
        busy.send_signal(signal.SIGINT)
        out, _ = busy.communicate(timeout=200)
        assert busy.returncode == 130, busy.returncode
        return out

    told = json.loads(interrupted("validate", "--json", "--junit", str(junit)))
    assert told["partial"] is True and told["verdict"] == "unknown", told["verdict"]
    assert told["holds"] is False
    suite = xml.etree.ElementTree.parse(junit).getroot()
    assert int(suite.get("failures")) == 1 and suite.get("skipped") == "0", junit.read_text()
    text = interrupted("validate")
    assert "\nUNKNOWN: " in text and "HOLDS" not in text, text
    markdown = interrupted("validate", "--markdown", "--allow-unknown")
    assert markdown.split("\n", 1)[0].endswith("UNKNOWN") and "HOLDS" not in markdown, markdown
    told = json.loads(interrupted("simulate", "--json", "--report", str(page)))
    assert told["partial"] is True and told["verdict"] == "unknown", told["verdict"]
    assert 'badge unknown"' in page.read_text() and 'badge holds"' not in page.read_text()


def main():
    global PROGRAM
    PROGRAM, root = sys.argv[1], pathlib.Path(sys.argv[2])
    os.environ["TZ"] = "UTC"
    with tempfile.TemporaryDirectory() as temporary:
        folder = pathlib.Path(temporary)
        for test in (forms_agree, one_future_holds_nothing, json_tells_what_csv_tells,
                     the_first_counterexample_replays,
                     break_even_is_where_it_turns, a_value_is_assumed_and_never_a_verdict,
                     the_wait_for_a_retry_is_stated_or_unknown,
                     what_fails_only_if_jobs_overlap_is_unknown,
                     the_chart_marks_the_rows_of_the_table, interrupted_never_holds):
            began = time.monotonic()
            test(folder)
            print(f"{test.__name__}: {time.monotonic() - began:.1f} s", flush=True)
        missing_values(root, folder)


main()
