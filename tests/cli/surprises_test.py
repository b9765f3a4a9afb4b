"""What the engine's verbs do with what people type in haste: nothing that they did not mean."""
import json
import os
import pty
import select
import subprocess
import sys
import tempfile

sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))
from engine_place import PROGRAM, Place  # noqa: E402


def rows(place, *arguments):
    return json.loads(place.run(*arguments, "--json", secret=None))["rows"]


def ids(place, *more):
    return [row["id"] for row in rows(place, "snapshots", place.repository, *more)]


def make(place, count):
    place.run("init", place.repository, "--kdf-memory", "8 MiB")
    made = []
    for number in range(count):
        place.write("source/file%d" % number, "content %d" % number)
        made.append(place.json("backup", place.repository, place.source, "--tag", "a,b", "--tag",
                               "n%d" % number, secret=None)["snapshot"])
    return made


def on_terminal(place, answer, *arguments):
    """The exit code and what was shown, with a terminal on both sides."""
    pid, terminal = pty.fork()
    if pid == 0:
        os.execve(PROGRAM, [PROGRAM, *arguments], place.env)
    shown = b""
    asked = False
    while select.select([terminal], [], [], 60)[0]:
        try:
            got = os.read(terminal, 4096)
        except OSError:
            break
        if not got:
            break
        shown += got
        if not asked and b"[y/N]" in shown:
            asked = True
            os.write(terminal, answer.encode() + b"\n")
    status = os.waitpid(pid, 0)[1]
    return os.waitstatus_to_exitcode(status), shown.decode(), asked


def identifiers(place):
    first, second, third = make(place, 3)
    repository = place.repository
    out = place.path("out")
    for short in (third[0], third[:3], "", "zzzz", third + "0", third.upper()):
        if short == third:
            continue
        for verb in (("forget", repository, short), ("unforget", repository, short),
                     ("ls", repository, short), ("dump", repository, short, "/x"),
                     ("restore", repository, short, "--target", out),
                     ("diff", repository, short, "latest"), ("diff", repository, "latest", short),
                     ("copy", repository, short, "--to", repository)):
            place.run(*verb, code=2)
    assert ids(place) == [first, second, third]
    assert not os.path.exists(out)
    place.run("key", "add", repository, "--new-passphrase-file", place.path("pass2"),
              "--kdf-memory", "8 MiB")
    key = rows(place, "key", "list", repository)[0]["id"]
    for short in ("", key[0], key[:3]):
        place.run("key", "remove", repository, short, code=2)
    place.run("forget", repository, third[:4], secret=None)
    assert ids(place) == [first, second]


def set_aside(place):
    first, second, third = make(place, 3)
    repository = place.repository
    place.run("forget", repository, first, secret=None)
    assert "unforget brings them back" in place.errors, place.errors
    assert ids(place) == [second, third]
    place.run("snapshots", repository, secret=None)
    assert "1 forgotten snapshots wait for prune" in place.errors, place.errors
    waiting = rows(place, "snapshots", repository, "--forgotten")
    assert [row["id"] for row in waiting] == [first] and waiting[0]["forgotten"], waiting
    place.run("restore", repository, first, "--target", place.path("out"), code=1)
    assert "is forgotten since" in place.errors and "unforget" in place.errors, place.errors
    place.run("prune", repository, secret=None)  # within the grace period
    place.run("unforget", repository, first[:8], secret=None)
    assert ids(place) == [first, second, third]
    place.run("restore", repository, first, "--target", place.path("out"))
    assert place.json("check", repository, "--read-data")["ok"]
    place.run("unforget", repository, first, code=2, secret=None)
    assert "not forgotten" in place.errors
    place.run("forget", repository, first, secret=None)
    pruned = place.json("prune", repository, "--grace", "0", secret=None)
    assert (pruned["deleted_snapshots"], pruned["forgotten_snapshots"]) == (1, 0), pruned
    place.run("unforget", repository, first, code=1, secret=None)
    assert "was deleted at" in place.errors, place.errors
    assert place.json("check", repository, "--read-data")["ok"]
    # By a policy: nobody is asked, and the times it judges by are shown.
    place.run("forget", repository, "--policy", "restic: --keep-last 1", secret=None)
    assert "Judged at 20" in place.errors, place.errors
    assert ids(place) == [third]


def asking(place):
    first, second, third = make(place, 3)
    repository = place.repository
    code, shown, asked = on_terminal(place, "n", "forget", repository, third)
    assert asked and code != 0 and third[:8] in shown and "nothing is forgotten" in shown, shown
    assert ids(place) == [first, second, third]
    code, shown, asked = on_terminal(place, "y", "forget", repository, third)
    assert asked and code == 0, shown
    assert ids(place) == [first, second]
    code, shown, asked = on_terminal(place, "n", "forget", repository, second, "--yes")
    assert not asked and code == 0, shown
    code, shown, asked = on_terminal(place, "n", "forget", repository, first, "--dry-run")
    assert not asked and code == 0, shown
    assert ids(place) == [first]


def addresses(place):
    make(place, 1)
    before = sorted(os.listdir(place.folder))
    for address in ("sftp:host:/x", "s3:s3.amazonaws.com/bucket", "rest:http://x/", "b2:bucket",
                    "file:///srv", "host:/srv", "rclone:x"):
        for verb in (("init", address), ("backup", address, place.source), ("snapshots", address),
                     ("check", address), ("prune", address), ("key", "list", address),
                     ("copy", place.repository, "--to", address),
                     ("copy", address, "--to", place.repository),
                     ("init", place.path("n"), "--like", address), ("-q", "stats", address)):
            done = subprocess.run(
                [PROGRAM, *verb, "--passphrase-file", place.path("pass")], env=place.env,
                capture_output=True, cwd=place.folder, timeout=60, check=False)
            assert done.returncode == 2, (verb, done)
            assert b"is not a folder" in done.stderr, (verb, done.stderr)
    assert sorted(os.listdir(place.folder)) == before
    done = subprocess.run([PROGRAM, "init", "./a:b", "--kdf-memory", "8 MiB", "--passphrase-file",
                           place.path("pass")], env=place.env, capture_output=True,
                          cwd=place.folder, timeout=60, check=False)
    assert done.returncode == 0, done


def commands(place):
    make(place, 0)
    repository = place.repository
    place.write("listed/one", "x")
    listed = place.path("listed")

    def saved():
        return place.run("dump", repository, "latest", "/stdin")

    place.run("backup", repository, "--stdin-from-command", "ls", "-la", listed, secret=None)
    assert "one" in saved() and "total" in saved(), saved()
    place.run("backup", repository, "--stdin-from-command", "--", "sh", "-c", "echo a; echo b",
              secret=None)
    assert saved() == "a\nb\n"
    place.run("backup", repository, "--stdin-from-command", "--tag", "x", "--", "printf", "%s",
              "--tag", secret=None)
    assert saved() == "--tag"
    place.run("backup", repository, "--tag", "x", "--stdin-from-command", "echo", "--json", "-q",
              secret=None)
    assert saved() == "--json -q\n"
    place.run("backup", repository, "--stdin-from-command", "sh", "-c", "exit 3", code=1,
              secret=None)
    for bad in (["--stdin-from-command"], ["--stdin-from-command", "--"],
                ["--stdin-from-command", "--tag", "x"], ["--stdin-name", "x", listed],
                ["--stdin", "--exclude", "x"], ["--stdin", "--read-all"]):
        place.run("backup", repository, *bad, code=2, secret=None)


def variable(place):
    make(place, 1)
    repository = place.repository
    place.write("home/x", "x")
    home, other = place.path("home"), place.path("other")
    place.run("init", "-r", other, "--kdf-memory", "8 MiB")
    place.env["BACKCAST_REPOSITORY"] = repository
    place.run("backup", home, secret=None)
    assert rows(place, "snapshots")[-1]["paths"] == [home]
    assert "x" in place.run("ls", "latest", home)
    place.run("restore", "latest", "--target", place.path("back"))
    place.run("check", secret=None)
    place.run("backup", home, "--repository", other, secret=None)
    place.run("backup", "-r", other, home, secret=None)
    assert len(rows(place, "snapshots", "--repository=" + other)) == 2
    assert len(rows(place, "snapshots", "-r" + other)) == 2
    place.run("key", "list", "-r", other)
    before = rows(place, "snapshots")
    # A repository in the first place could be meant either way.
    for verb in (("backup", repository, home), ("backup", other, home), ("backup", other),
                 ("snapshots", other), ("ls", other), ("restore", other, "--target", "x"),
                 ("forget", other, "latest"), ("prune", other), ("stats", repository),
                 ("check", repository), ("copy", other, "--to", repository)):
        place.run(*verb, code=2)
        assert "BACKCAST_REPOSITORY" in place.errors and "-r " in place.errors, (verb, place.errors)
    assert rows(place, "snapshots") == before
    place.run("backup", "-r", repository, other, secret=None)  # said plainly: a source
    assert rows(place, "snapshots")[-1]["paths"] == [other]
    del place.env["BACKCAST_REPOSITORY"]
    place.run("snapshots", code=2, secret=None)


def missing_source(place):
    make(place, 0)
    there, gone = place.path("source"), place.path("gone")
    place.write("source/x", "saved")
    done = place.run("backup", place.repository, there, gone, code=3, secret=None)
    assert "gone" in place.errors and "Snapshot" in done, (done, place.errors)
    assert place.run("dump", place.repository, "latest", there + "/x") == "saved"
    place.run("backup", place.repository, gone, code=1, secret=None)
    assert len(ids(place)) == 1


def quiet(place):
    first, second = make(place, 2)
    repository = place.repository
    place.run("init", place.path("second"), "--like", repository, "--kdf-memory", "8 MiB", "-q")
    for verb in (("backup", repository, place.source), ("forget", repository, first),
                 ("unforget", repository, first), ("check", repository, "--read-data"),
                 ("restore", repository, "--target", place.path("out")),
                 ("copy", repository, "--to", place.path("second")),
                 ("forget", repository, "--policy", "restic: --keep-last 1", "-n"),
                 ("prune", repository, "--grace", "0"), ("key", "keep", repository)):
        assert place.run("-q", *verb) == "" and place.errors == "", (verb, place.errors)
    # What was asked for is printed, and so are errors.
    assert second in place.run("-q", "snapshots", repository, "--json", secret=None)
    place.run("-q", "forget", repository, "zzzz", code=2, secret=None)
    assert "zzzz" in place.errors


def lists(place):
    make(place, 1)
    document = json.loads(place.run("snapshots", place.repository, "--json", secret=None))
    assert document["version"] == 2, document
    assert document["rows"][0]["tags"] == ["a,b", "n0"], document
    assert document["rows"][0]["paths"] == [place.source], document
    plan = json.loads(place.run("forget", place.repository, "--policy", "restic: --keep-last 1",
                                "--dry-run", "--json", secret=None))
    assert plan["rows"][0]["tags"] == ["a,b", "n0"] and plan["rows"][0]["judged_time"], plan
    # And they are read again: by tag, a comma in its name.
    place.write("list.json", place.run("snapshots", place.repository, "--json", secret=None))
    planned = place.run("retention", "-p", "restic: --keep-tag n0", place.path("list.json"),
                        "--json", secret=None)
    assert "n0" in planned


def nothing_is_ignored(place):
    first, second = make(place, 2)
    repository = place.repository
    for bad in (["forget", repository, first, "--host", "x"],
                ["forget", repository, first, "--tag", "x"],
                ["forget", repository, first, "--zone", "UTC"],
                ["forget", repository, first, "--policy", "restic: --keep-last 1"],
                ["snapshots", repository, "--json", "--csv"],
                ["snapshots", repository, first], ["check", repository, "x"]):
        place.run(*bad, code=2, secret=None)
    assert ids(place) == [first, second]


def two_sources(place):
    place.run("init", place.repository, "--kdf-memory", "8 MiB")
    a, b = place.path("a"), place.path("b")
    place.write("a/fixed", os.urandom(400_000))
    for number in range(6):
        place.write("a/data", os.urandom(200_000))
        place.write("b/data%d" % number, os.urandom(50_000))
        place.run("backup", place.repository, a, "--host", "one", secret=None)
        place.run("backup", place.repository, b, "--host", "two", secret=None)
    document = json.loads(place.run("stats", place.repository, "--json", secret=None))
    assert document["version"] == 2
    by_host = {host: [row for row in document["rows"] if row["host"] == host]
               for host in ("one", "two")}
    for host, path in (("one", a), ("two", b)):
        chosen = rows(place, "stats", place.repository, "--host", host)
        assert chosen == by_host[host] == rows(place, "stats", place.repository, "--path", path)
        assert [row["paths"] for row in chosen] == [[path]] * 6
    # Nothing of b ever goes; mixed, all of it would have gone at every backup of a.
    assert all(row["lost_1_bytes"] < 30_000 for row in by_host["two"][1:]), by_host["two"]
    place.run("stats", place.repository, "--presence", code=2, secret=None)
    assert "--host" in place.errors and "two" in place.errors, place.errors
    place.run("stats", place.repository, "--presence", "--host", "two", secret=None)
    for name, text in (("all.json", json.dumps(document)),
                       ("all.csv", place.run("stats", place.repository, "--csv", secret=None))):
        place.write(name, text)
        file = place.path(name)
        place.run("calibrate", file, code=2, secret=None)
        assert "2 sources" in place.errors and "--host" in place.errors, place.errors
        place.run("calibrate", file, "--host", "three", code=2, secret=None)
        one = json.loads(place.run("calibrate", file, "--host", "one", "--json", secret=None))
        two = json.loads(place.run("calibrate", file, "--path", b, "--json", secret=None))
        assert (one["backups"], two["backups"]) == (6, 6), (one, two)
        assert one["new_bytes_per_backup"] > 3 * two["new_bytes_per_backup"], (one, two)


CASES = (identifiers, set_aside, asking, addresses, commands, variable, missing_source, quiet,
         lists, nothing_is_ignored, two_sources)
wanted = sys.argv[2:]
for case in CASES:
    if wanted and case.__name__ not in wanted:
        continue
    with tempfile.TemporaryDirectory(dir="/tmp") as folder:
        case(Place(folder))
        print("ok", case.__name__)
