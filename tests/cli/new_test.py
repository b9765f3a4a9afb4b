"""backcast new: a first scenario from what somebody has, with a mark on every value it chose."""
import csv
import io
import json
import os
import re
import subprocess
import sys
import tempfile

PROGRAM = sys.argv[1]
PROVIDERS = ("plain", "zilliz", "qdrant", "zerops", "aws", "azure", "gcp", "b2", "wasabi")


class Folder:
    def __init__(self):
        self.held = tempfile.TemporaryDirectory()
        self.path = self.held.name
        self.errors = ""

    def run(self, *arguments, code=0, text=None):
        done = subprocess.run([PROGRAM, *arguments], cwd=self.path, input=text, text=True,
                              capture_output=True, check=False)
        self.errors = done.stderr
        assert done.returncode == code, (arguments, done.returncode, done.stdout, done.stderr)
        return done.stdout

    def write(self, name, text):
        with open(os.path.join(self.path, name), "w", encoding="utf-8", newline="") as file:
            file.write(text)
        return name

    def read(self, name):
        with open(os.path.join(self.path, name), encoding="utf-8") as file:
            return file.read()

    def document(self, name):
        return json.loads(re.sub(r"(?m)(^\s*|  )//.*$", "", self.read(name)))


def at(document, pointer):
    for part in pointer.split("/")[1:]:
        part = part.replace("~1", "/").replace("~0", "~")
        if isinstance(document, list):
            named = [entry for entry in document if entry.get("name") == part]
            document = named[0] if named else document[int(part)]
        else:
            document = document[part]
    return document


def every_provider(place):
    for provider in PROVIDERS:
        place.run("new", provider)
        name = provider + ".json"
        assert f"backcast validate {name}" in place.errors, place.errors
        document = place.document(name)
        assert document["$schema"] and document["requirements"], document
        for pointer in document["chosen"]:
            at(document, pointer)
        assert "budget" in place.read(name), "a place for a budget"
        answer = json.loads(place.run("validate", name, "--json", "--quiet"))
        assert len(answer["chosen"]) == len(document["chosen"]), provider
        if provider != "plain":
            assert float(answer["invoice"]["total"]) >= 0, provider
        text = place.run("validate", name, "--quiet")
        assert "were chosen by backcast new, not by you" in text
    place.run("new", "qdrant", "--cloud", "azure", "-o", "search.json")
    assert place.document("search.json")["services"][0]["region"].startswith("azure")
    place.run("new", "qdrant", "--cloud", "moon", "-o", "moon.json", code=2)
    assert not os.path.exists(os.path.join(place.path, "moon.json"))
    place.run("new", "zillz", code=2)
    assert 'did you mean "zilliz"' in place.errors
    place.run("new", code=2)


def never_overwritten(place):
    place.write("mine.json", "mine")
    place.run("new", "plain", "-o", "mine.json", code=1)
    assert "not overwritten" in place.errors and place.read("mine.json") == "mine"
    os.symlink("nowhere", os.path.join(place.path, "link.json"))
    place.run("new", "plain", "-o", "link.json", code=1)
    assert not os.path.exists(os.path.join(place.path, "nowhere"))
    assert place.run("new", "plain", "-o", "-").startswith("//")
    assert [name for name in os.listdir(place.path) if "part" in name] == []


def doubled(place):
    """What doubling does is what --set says of the doubled value."""
    place.run("new", "aws", "--start", "2026-01-01")
    answer = json.loads(place.run("simulate", "aws.json", "--json", "--quiet"))
    chosen = {value["pointer"]: value for value in answer["chosen"]}
    assert "/start" not in chosen, "stated by its user"
    size = chosen["/services/0/size"]
    assert (size["value"], size["doubled"]) == ("100 GB", "200 GB"), size
    other = json.loads(place.run("simulate", "aws.json", "--json", "--quiet", "--set",
                                 "/services/0/size=200 GB"))
    total = other["invoice"]["total"]
    assert total in size["doubling"]["total_after"], (total, size)
    assert "/services/0/size" not in [value["pointer"] for value in other["chosen"]]
    assert chosen["/defaults/schedules"]["doubled"] is None
    assert "doubling" not in chosen["/defaults/schedules"]
    # A requirement that doubling breaks says so.
    document = place.document("aws.json")
    document["requirements"].append(
        {"name": "budget", "kind": "budget", "per": "total", "at_most": "80.00 USD"})
    place.write("tight.json", json.dumps(document))
    answer = json.loads(place.run("simulate", "tight.json", "--json", "--quiet"))
    size, = [value for value in answer["chosen"] if value["pointer"] == "/services/0/size"]
    assert size["doubling"]["verdicts"] == [
        {"requirement": "budget", "before": "HOLDS", "after": "FAILS"}], size
    # What somebody puts before it takes no mark away, and is not marked itself.
    marked = [p for p in document["chosen"] if p.startswith("/requirements/")]
    assert marked and not [p for p in marked if p.split("/")[2].isdigit()], marked
    document["requirements"].insert(
        0, {"name": "mine", "kind": "rpo", "service": "*", "at_most": "99d"})
    place.write("before.json", json.dumps(document))
    answer = json.loads(place.run("simulate", "before.json", "--json", "--quiet"))
    pointers = [value["pointer"] for value in answer["chosen"]]
    assert [p for p in pointers if p.startswith("/requirements/")], pointers
    assert not [p for p in pointers if p.startswith("/requirements/0/")], pointers
    # By name, too: what if?
    named, = [service["name"] for service in document["services"]]
    other = json.loads(place.run("simulate", "aws.json", "--json", "--quiet", "--set",
                                 f"/services/{named}/size=200 GB"))
    assert other["invoice"]["total"] == total
    # A mark on nothing is a fault, with its line.
    document["chosen"]["/services/7/size"] = "nothing there"
    place.write("wrong.json", json.dumps(document, indent=1))
    place.run("validate", "wrong.json", code=2)
    assert 'there is no value at "/services/7/size"' in place.errors, place.errors


def inventory(place):
    """Forty servers as a spreadsheet has them: verdict and bill in two commands."""
    rows = ["Server;Size (GB);Region;Team;Growth per year;Change per day (%)"]
    for number in range(40):
        rows.append(f"srv {number:02};{10 + number},5;us-east-1;team {number % 3};20 %;0,5")
    place.write("servers.csv", "\ufeff" + "\r\n".join(rows) + "\r\n")
    place.run("new", "aws", "--inventory", "servers.csv", "--start", "2026-01-01")
    document = place.document("servers.json")
    services = document["services"]
    assert len(services) == 40 and document["provider"] == "aws", document
    assert services[0] == {"name": "srv-00", "region": "us-east-1", "size": "10500 MB",
                           "growth": {"per_year": "20%"}, "change": {"per_day": "0.5%"},
                           "tags": ["name:srv-00", "team:team-0"]}, services[0]
    assert not [p for p in document["chosen"] if "growth" in p or "change" in p or "region" in p]
    answer = json.loads(place.run("validate", "servers.json", "--json", "--quiet"))
    assert answer["holds"] and float(answer["invoice"]["total"]) > 0, answer["verdict"]
    # Without a provider, a store of one's own.
    place.write("own.csv", "name,size (GB)\na,5\nb,6\n")
    place.run("new", "--inventory", "own.csv")
    assert "/provider" in place.document("own.json")["chosen"]
    place.run("validate", "own.json", "--quiet")
    place.run("new", "--inventory", "-", "-o", "-", text="name,size (GB)\na,5\n")


def rows_left_out(place):
    place.write("bad.csv", "name,size (GB),region,provider,policy\n"
                           "db,10,us-east-1,aws,30 days\n"
                           "db,10,us-east-1,aws,30 days\n"
                           "vec,20,eu-wst-9,zilliz,7\n"
                           "vec2,20,gcp-us-west1,zilliz,7\n"
                           "web,many,us-east-1,aws,gold\n"
                           "cache,5,us-east-1,aws,gold\n"
                           "moon,5,us-east-1,lunar,30 days\n"
                           "Total,55,,,\n")
    place.run("new", "--inventory", "bad.csv", code=3)
    for line, words in ((3, "is the name of line 2 already"), (4, "eu-wst-9"), (6, "is not a size"),
                        (8, "unknown provider"), (9, "a sum of other rows")):
        told, = [text for text in place.errors.splitlines() if f"left out line {line}:" in text]
        assert words in told, told
    assert re.search(r"line 7: .gold. is no retention policy", place.errors), place.errors
    document = place.document("bad.json")
    assert [s["name"] for s in document["services"]] == ["db", "vec2", "cache"], document
    assert document["services"][0]["schedules"][0]["retention_days"] == 30
    assert "policy:gold" in document["services"][2]["tags"]
    place.run("simulate", "bad.json", "--quiet")
    place.write("two.csv", "name;size (GB)\na;1,500\n")
    place.run("new", "--inventory", "two.csv", code=2)
    assert "can be 1500 or 1.5" in place.errors and "two.csv:2" in place.errors, place.errors
    assert not os.path.exists(os.path.join(place.path, "two.json"))
    place.run("new", "--inventory", "two.csv", "--decimal", "comma")
    assert place.document("two.json")["services"][0]["size"] == "1500 MB"
    place.write("where.csv", "name,size (GB),region\na,5,us-esat-1\n")
    place.run("new", "aws", "--inventory", "where.csv")
    assert 'no price is known for storage in us-esat-1 (aws)' in place.errors, place.errors
    assert 'did you mean "us-east-1"' in place.errors, place.errors
    place.write("none.csv", "name,size (GB)\nTotal,5\n")
    place.run("new", "--inventory", "none.csv", code=2)
    assert "a sum of other rows" in place.errors


def many(place):
    """100,000 rows in seconds, as fleets where rows are alike."""
    rows = ["name,size (GB),region,serial"]
    for number in range(100_000):
        rows.append(f"vm-{number},{(number % 50) * 10 + 10},home-{number % 4},s{number}")
    place.write("many.csv", "\n".join(rows))
    place.run("new", "--inventory", "many.csv")
    assert "serial" in place.errors, place.errors
    document = place.document("many.json")
    assert sum(f["count"] for f in document["fleets"]) == 100_000
    assert len(document["fleets"]) == 100 and "services" not in document, len(document["fleets"])
    answer = json.loads(place.run("simulate", "many.json", "--json", "--quiet", "--until", "+30d"))
    assert answer["backups"]["made"] == 30 * 100_000, answer["backups"]
    assert all("doubling" not in value for value in answer["chosen"]), "too many runs to make"
    # No two of one size: nothing is lost but the name of each.
    rows = ["name,size (B)"]
    total = 0
    for number in range(20_000):
        total += 10**9 + number
        rows.append(f"vm-{number},{10**9 + number}")
    place.write("all.csv", "\n".join(rows))
    place.run("new", "--inventory", "all.csv")
    assert "count as the mean" in place.errors, place.errors
    document = place.document("all.json")
    assert sum(f["count"] for f in document["fleets"]) == 20_000


def snapshots(sizes=True, hosts=("web",)):
    """Sixty nights of restic: 50 GB that grow by 100 MB, 400 MB of each night new."""
    rows, size = [], 50 * 10**9
    for night in range(60):
        time = f"2026-{5 + night // 31:02}-{night % 31 + 1:02}T02:30:00Z"
        size += 10**8
        for host in hosts:
            row = {"time": time, "tree": "x", "paths": ["/srv"], "hostname": host,
                   "username": "root", "id": f"{night:063}{hosts.index(host)}"}
            if sizes:
                row["summary"] = {"total_bytes_processed": size,
                                  "data_added": 4 * 10**8 if night else size,
                                  "data_added_packed": 2 * 10**8 if night else size // 2}
            rows.append(row)
    return rows


def history(place):
    """Import, calibration, history and scenario in one step."""
    place.write("web.json", json.dumps(snapshots()))
    place.run("new", "aws", "--from", "web.json", "--region", "us-east-1")
    assert "sizes and new bytes are as stored" in place.errors, place.errors
    document = place.document("web-plan.json")
    service, = document["services"]
    assert service["name"] == "web-srv" and service["history"] == {"file": "web.json"}, service
    # It grew by 100 MB a day, half of it stored; of a trend a forecast takes what went on
    # before, and a prior.
    growth, unit = service["growth"]["per_day"].split()
    grown_bytes = int(growth) * {"B": 1, "MB": 10**6}[unit]
    assert 37e6 <= grown_bytes <= 50e6 and service["change"]["mixture"], service
    assert service["schedules"] == [{"cron": "30 2 * * *"}] and "size" not in service
    answer = json.loads(place.run("validate", "web-plan.json", "--json", "--quiet"))
    assert answer["backups"]["from_history"] == 60 and answer["holds"], answer["backups"]
    assert not [v for v in answer["chosen"] if "growth" in v["pointer"] or "change" in v["pointer"]]
    # The forecast goes on where the history ends: in bytes as stored.
    backups = list(csv.DictReader(io.StringIO(
        place.run("simulate", "web-plan.json", "--until", "+3d", "--backups", "--csv", "--quiet"))))
    sizes = [int(b["size_bytes"]) for b in backups]
    assert sizes[0] == 25_050_000_000 and sizes[59] == 28_000_000_000, (sizes[0], sizes[59])
    assert 28e9 <= sizes[60] <= 28.1e9, sizes[60]
    assert [int(b["added_bytes"]) for b in backups[1:60]] == 59 * [200_000_000]
    assert 180e6 <= int(backups[60]["added_bytes"]) <= 220e6, backups[60]
    # calibrate reads what import writes.
    place.write("imported.json", place.run("import", "restic", "web.json", "--quiet"))
    fitted = [json.loads(place.run("calibrate", name, "--json"))
              for name in ("imported.json", "web.json")]
    assert fitted[0]["backups"] == 60 and fitted[0] == fitted[1], fitted
    group = {"group_key": {"hostname": "web", "paths": ["/srv"], "tags": None}}
    place.write("grouped.json", json.dumps([group | {"snapshots": snapshots()}]))
    assert json.loads(place.run("calibrate", "grouped.json", "--json")) == fitted[0]
    mixed = place.document("imported.json")
    del mixed["counted"]
    place.write("mixed.json", json.dumps(mixed))
    notes = json.loads(place.run("calibrate", "mixed.json", "--json"))["notes"]
    assert any("import it again" in note for note in notes), notes
    # Whose first backup is gone says neither sizes nor new bytes as stored, and the run tells it.
    place.write("pruned.json", json.dumps(snapshots()[20:]))
    place.run("new", "--from", "pruned.json")
    assert "before compression" in place.errors, place.errors
    answer = json.loads(place.run("simulate", "pruned-plan.json", "--json", "--quiet"))
    assert [a for a in answer["assumptions"] if "before compression" in a], answer["assumptions"]
    place.write("pruned-import.json", place.run("import", "restic", "pruned.json", "--quiet"))
    fitted = [json.loads(place.run("calibrate", name, "--json"))
              for name in ("pruned-import.json", "pruned.json")]
    assert fitted[0] == fitted[1], fitted
    # Several sources are several services.
    place.write("two.json", json.dumps(snapshots(hosts=("web", "db"))))
    place.run("new", "--from", "two.json")
    assert [s["name"] for s in place.document("two-plan.json")["services"]] == ["db-srv", "web-srv"]
    place.run("validate", "two-plan.json", "--quiet")
    place.run("new", "--from", "two.json", "--source", "db", "-o", "db.json")
    assert len(place.document("db.json")["services"]) == 1
    # Into another folder, and from standard input: the history is found from there.
    os.mkdir(os.path.join(place.path, "plans"))
    place.run("new", "--from", "web.json", "-o", "plans/a.json")
    place.run("validate", "plans/a.json", "--quiet")
    place.run("new", "--from", "-", "-o", "plans/b.json", text=place.read("web.json"))
    place.run("validate", "plans/b.json", "--quiet")


def old_tools(place):
    """What an export leaves out is said with the command that adds it."""
    place.write("old.json", json.dumps(snapshots(sizes=False)))
    place.write("size.json", json.dumps({"total_size": 123 * 10**9, "total_file_count": 5}))
    place.run("new", "--from", "old.json")
    assert "restic stats latest --json" in place.errors, place.errors
    assert [p for p in place.document("old-plan.json")["chosen"] if p.endswith("/size")]
    place.run("new", "--from", "old.json", "--stats", "size.json", "-o", "sized.json")
    assert place.document("sized.json")["services"][0]["size"] == "123 GB"
    place.run("validate", "sized.json", "--quiet")
    place.run("calibrate", "old.json", code=2)
    assert "restic 0.17" in place.errors, place.errors
    place.write("kopia.json", json.dumps([
        {"id": str(n), "source": {"host": "h", "userName": "u", "path": "/d"},
         "startTime": row["time"], "endTime": row["time"],
         "stats": {"totalSize": row["summary"]["total_bytes_processed"]}}
        for n, row in enumerate(snapshots())]))
    place.write("borg.json", json.dumps({"encryption": {"mode": "none"}, "archives": [
        {"name": f"a{n}", "start": row["time"][:-1], "end": row["time"][:-1], "hostname": "h",
         "username": "u", "stats": {"original_size": row["summary"]["total_bytes_processed"]}}
        for n, row in enumerate(snapshots())]}))
    place.write("zfs.txt", "".join(f"tank/a@d{n}\t{1777600000 + 86400 * n}\t0\t{5 * 10**10 + n}\n"
                                   for n in range(30)))
    place.write("own.csv", "time,size_bytes,new_bytes\n" + "".join(
        f"{r['time']},{r['summary']['total_bytes_processed']},{r['summary']['data_added']}\n"
        for r in snapshots()))
    for name, said in (("kopia.json", "kopia"), ("borg.json", "borg create --json"),
                       ("zfs.txt", "zfs list"), ("own.csv", None)):
        plan = name.split(".", maxsplit=1)[0] + "-plan.json"
        place.run("new", "--from", name)
        assert said is None or said in place.errors, place.errors
        place.run("validate", plan, "--quiet")
    place.write("empty.json", "[]")
    place.run("new", "--from", "empty.json", code=2)
    place.write("cut.json", json.dumps(snapshots())[:-40])
    place.run("new", "--from", "cut.json", code=2)


def own_repository(place):
    place.write("pass", "a secret")
    os.mkdir(os.path.join(place.path, "data"))
    environment = dict(os.environ, HOME=place.path, XDG_CONFIG_HOME=place.path,
                       XDG_CACHE_HOME=place.path)
    os.environ.update(environment)
    place.run("init", "repo", "--passphrase-file", "pass")
    for night in range(3):
        with open(os.path.join(place.path, "data", f"f{night}"), "wb") as file:
            file.write(os.urandom(300_000))
        place.run("backup", "repo", "data", "--passphrase-file", "pass")
    place.run("new", "--from", "repo", "--passphrase-file", "pass", "-o", "mine.json")
    service, = place.document("mine.json")["services"]
    assert service["history"]["file"] == "mine.history.json", service
    answer = json.loads(place.run("simulate", "mine.json", "--json", "--quiet"))
    assert answer["backups"]["from_history"] == 3, answer["backups"]


def main():
    for test in (every_provider, never_overwritten, doubled, inventory, rows_left_out,
                 many, history, old_tools, own_repository):
        test(Folder())
        print("ok", test.__name__)


main()
