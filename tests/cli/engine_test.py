"""The engine's verbs as a user types them: a whole life of a repository, exit codes, bad input."""
import json
import os
import shutil
import subprocess
import sys
import tempfile

sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))
from engine_place import PROGRAM, Place  # noqa: E402


def whole_life(place):
    repository, source = place.repository, place.source
    place.write("source/a/text", "hello\n" * 5000)
    place.write("source/b", os.urandom(300_000))
    os.symlink("b", place.path("source/link"))
    place.run("init", repository, "--kdf-memory", "8 MiB")
    # Backups need no passphrase: the writer key was kept by init.
    dry = place.json("backup", repository, source, "--dry-run", secret=None)
    assert (dry["files_new"], dry["read_bytes"], dry["snapshot"]) == (2, 330_000, None), dry
    assert os.listdir(place.path("repository/packs")) == []
    first = place.json("backup", repository, source, "--tag", "nightly", secret=None)
    assert (first["files_new"], first["files_unmodified"]) == (2, 0), first
    again = place.json("backup", repository, source, secret=None)
    assert (again["files_new"], again["files_unmodified"]) in ((0, 2), (2, 0)), again
    place.write("source/c", "new\n")
    dry = place.run("backup", repository, source, "--dry-run", secret=None)
    assert "1 new, 0 changed" in dry and "B would be read" in dry, dry
    place.json("backup", repository, source, secret=None)
    assert len(json.loads(place.run("snapshots", repository, "--json", secret=None))["rows"]) == 3

    place.run("restore", repository, "--target", place.path("out"))
    subprocess.run(["diff", "-r", "--no-dereference", source, place.path("out") + source],
                   check=True)
    assert place.json("restore", repository, "--target", place.path("out"))["synced"]
    place.run("restore", repository, "--target", place.path("part"), "--path", source + "/a",
              "--no-sync")
    assert os.listdir(place.path("part") + source) == ["a"]
    assert place.run("dump", repository, "latest", source + "/c") == "new\n"
    assert source + "/a/text" in place.run("ls", repository, "latest")
    assert "c" in place.run("diff", repository, first["snapshot"][:10], "latest")
    assert place.json("check", repository, secret=None)["ok"]
    assert place.json("check", repository, "--read-data")["opened_trees"]
    assert "opened" not in place.run("check", repository, "--read-data")
    assert "opened and identified every chunk" in place.run("check", repository, "--open-data")
    assert place.json("check", repository, "--open-data")["opened_data"]

    place.run("init", place.path("second"), "--like", repository, "--kdf-memory", "8 MiB")
    copied = place.json("copy", repository, "--to", place.path("second"), secret=None)
    assert copied["copied"] == 3 and not copied["unsealed"], copied
    stats = json.loads(place.run("stats", repository, "--json", secret=None))["rows"]
    assert stats[2]["size_bytes"] > 0 and stats[2]["lost_1_bytes"] >= 0
    assert place.run("stats", repository, "--presence", secret=None).startswith("# generations=3")
    # What retention says a policy frees is what forget frees, to the byte, but for the small
    # objects that the snapshots themselves are.
    place.write("presence.csv", place.run("stats", repository, "--presence", secret=None))
    listed = place.run("snapshots", repository, "--json", secret=None)
    place.write("list.json", listed)
    objects = sum(os.path.getsize(place.path("repository/snapshots/" + row["id"]))
                  for row in json.loads(listed)["rows"][:2])
    planned = json.loads(place.run("retention", "-p", "restic: --keep-last 1",
                                   place.path("list.json"), "--bytes", "--json", "--model",
                                   place.path("presence.csv"), secret=None))
    place.run("forget", repository, "--policy", "restic: --keep-last 1", "--dry-run", secret=None)
    freed = "(%d bytes)" % (planned["rows"][0]["freed_bytes"] + objects)
    assert freed in place.errors, (planned, place.errors)

    policy = ["--policy", "restic: --keep-last 1"]
    place.run("forget", repository, *policy, "--dry-run", secret=None)
    assert len(json.loads(place.run("snapshots", repository, "--json", secret=None))["rows"]) == 3
    place.run("forget", repository, *policy, secret=None)
    place.json("prune", repository, "--grace", "0", secret=None)
    assert place.json("check", repository, "--read-data")["snapshots"] == 1


def keys(place):
    place.run("init", place.repository, "--kdf-memory", "8 MiB")
    place.write("source/a", "secret text")
    place.run("backup", place.repository, place.source, secret=None)
    place.run("restore", place.repository, "--target", place.path("x"), code=12, secret="pass2")
    place.run("key", "add", place.repository, "--new-passphrase-file", place.path("pass2"),
              "--kdf-memory", "8 MiB")
    place.run("restore", place.repository, "--target", place.path("x"), secret="pass2")
    rows = json.loads(place.run("key", "list", place.repository, "--json"))["rows"]
    place.run("key", "remove", place.repository, rows[0]["id"][:8])
    place.run("restore", place.repository, "--target", place.path("y"), code=12)
    place.run("key", "remove", place.repository, rows[1]["id"][:8], code=2, secret="pass2")
    place.run("key", "rotate", place.repository, "--new-passphrase-file", place.path("pass"),
              "--kdf-memory", "8 MiB", secret="pass2")
    place.write("source/b", "after the rotation")
    place.run("backup", place.repository, place.source, secret=None)
    place.run("restore", place.repository, "--target", place.path("z"))
    # A machine with the writer key alone.
    place.write("writer.key", place.run("key", "writer", place.repository))
    place.env["XDG_CONFIG_HOME"] = place.path("elsewhere")
    place.run("snapshots", place.repository, code=2, secret=None)
    place.run("backup", place.repository, place.source, "--writer-key-file",
              place.path("writer.key"), secret=None)
    place.run("key", "destroy", place.repository, code=2)
    place.run("key", "destroy", place.repository, "--yes-make-everything-unreadable")
    place.run("restore", place.repository, "--target", place.path("w"), code=12)
    place.run("check", place.repository, "--writer-key-file", place.path("writer.key"),
              secret=None)


def downloads(place):
    """What age seals to the repository's key is opened by key decrypt, after a rotation, too."""
    place.run("init", place.repository, "--kdf-memory", "8 MiB")
    place.write("identity", place.run("key", "identity", place.repository))
    recipient = subprocess.run(["age-keygen", "-y", place.path("identity")], check=True,
                               capture_output=True, text=True).stdout.strip()
    content = "download " * 20_000
    sealed = subprocess.run(["age", "-r", recipient], input=content.encode(), check=True,
                            capture_output=True).stdout
    assert place.run("key", "decrypt", place.repository, given=sealed) == content
    place.run("key", "rotate", place.repository, "--new-passphrase-file", place.path("pass2"),
              "--kdf-memory", "8 MiB")
    assert place.run("key", "decrypt", place.repository, given=sealed, secret="pass2") == content
    assert len(place.run("key", "identity", place.repository, secret="pass2").split()) == 2
    place.run("key", "decrypt", place.repository, given=sealed[:-5], secret="pass2", code=1)
    place.run("key", "decrypt", place.repository, given=b"no age file", secret="pass2", code=1)
    place.run("init", place.path("other"), "--kdf-memory", "8 MiB")
    place.run("key", "decrypt", place.path("other"), given=sealed, code=12)


def pipes(place):
    place.run("init", place.repository, "--kdf-memory", "8 MiB")
    place.run("backup", place.repository, "--stdin", "--stdin-name", "dump.sql", given=b"select 1;",
              secret=None)
    assert place.run("dump", place.repository, "latest", "/dump.sql") == "select 1;"
    place.run("backup", place.repository, "--stdin-from-command", "false", code=1, secret=None)
    place.run("backup", place.repository, "--stdin-from-command", "echo", "hi", secret=None)
    assert len(json.loads(place.run("snapshots", place.repository, "--json"))["rows"]) == 2


def bad_input(place):
    repository = place.repository
    place.run("backup", place.path("nothing"), place.folder, code=10, secret=None)
    assert "backcast init" in place.errors
    place.write("occupied/file", "x")
    place.run("init", place.path("occupied"), code=2)
    place.run("init", repository, "--kdf-memory", "8 MiB")
    place.run("init", repository, code=1)
    place.run("init", place.path("weak"), "--kdf-memory", "1 MiB", code=2)
    place.run("backup", repository, code=2, secret=None)
    place.run("backup", repository, place.path("no-such-folder"), code=1, secret=None)
    place.run("restore", repository, "--target", place.path("x"), code=1)  # no snapshot yet
    place.write("source/readable", "x")
    place.write("source/" + os.fsdecode(b"caf\xe9"), "not UTF-8")
    place.write("source/empty", "")
    with open(place.path("source/sparse"), "wb") as out:
        out.truncate(200 << 30)
    result = place.json("backup", repository, place.source, secret=None)
    assert result["stored_bytes"] < 100_000, result
    place.run("restore", repository, "--target", place.path("out"))
    restored = place.path("out") + place.source
    assert os.path.getsize(restored + "/sparse") == 200 << 30
    assert os.path.exists(os.fsencode(restored) + b"/caf\xe9")
    place.run("restore", repository, "ffffffff", "--target", place.path("x"), code=1)
    place.run("dump", repository, "latest", "/no/such", code=1)
    place.run("forget", repository, "--policy", "restic: --keep-dayly 7", code=2, secret=None)
    assert "keep-daily" in place.errors
    place.run("forget", repository, code=2, secret=None)
    config = open(os.path.join(repository, "config")).read()
    place.write("repository/config", config.replace('"format": 1', '"format": 9'))
    place.run("snapshots", repository, code=1, secret=None)
    assert "newer" in place.errors
    place.write("repository/config", config[:50])
    place.run("snapshots", repository, code=1, secret=None)


def unreadable_source(place):
    """As somebody who may not read everything; root may, so root becomes nobody."""
    user = 65534 if os.getuid() == 0 else None
    program = place.path("backcast")
    shutil.copy(PROGRAM, program)
    place.write("source/fine", "saved all the same")
    place.write("source/closed-file", "x")
    place.write("source/closed-folder/x", "x")
    if user:
        for root, folders, files in os.walk(place.folder):
            for name in folders + files:
                os.chown(os.path.join(root, name), user, user)
        os.chown(place.folder, user, user)
    os.chmod(place.path("source/closed-file"), 0)
    os.chmod(place.path("source/closed-folder"), 0)

    def run(*arguments):
        return subprocess.run([program, *arguments, "--passphrase-file", place.path("pass")],
                              env=place.env, capture_output=True, user=user, timeout=120, cwd="/")

    assert run("init", place.repository, "--kdf-memory", "8 MiB").returncode == 0
    done = run("backup", place.repository, place.source)
    assert done.returncode == 3, done
    for name in (b"closed-file", b"closed-folder"):
        assert name in done.stderr, done.stderr
    assert run("dump", place.repository, "latest", place.source + "/fine").stdout == (
        b"saved all the same")
    os.chmod(place.path("source/closed-folder"), 0o700)


def damage(place):
    """What is damaged is named; everything else goes on."""
    repository = place.repository
    place.run("init", repository, "--kdf-memory", "8 MiB")
    place.write("source/first", os.urandom(100_000))
    place.run("backup", repository, place.source, secret=None)
    place.write("source/second", os.urandom(100_000))
    second = place.json("backup", repository, place.source, secret=None)["snapshot"]
    path = os.path.join(repository, "snapshots", second)
    whole = open(path, "rb").read()
    place.write("repository/snapshots/" + second, whole[:60] + b"?" + whole[61:])
    assert not place.json("check", repository, code=1)["ok"]
    place.run("restore", repository, "--target", place.path("out"))
    place.run("backup", repository, place.source, secret=None)
    held = place.json("prune", repository, "--grace", "0", code=1, secret=None)
    # What it needs cannot be told: it is named, and nothing goes.
    assert second in held["damage"][0]["what"] and held["deleted_packs"] == 0, held
    place.write("repository/snapshots/" + second, whole)
    for name in os.listdir(os.path.join(repository, "index")):
        os.remove(os.path.join(repository, "index", name))
    place.run("restore", repository, "--target", place.path("x"), code=1)
    assert place.json("repair", repository)["listed_packs"] > 0
    assert place.json("check", repository, "--read-data")["ok"]
    place.run("restore", repository, second[:8], "--target", place.path("again"))
    # The middle of the largest pack is the content of a file, not a tree.
    packs = [os.path.join(repository, "packs", name)
             for name in os.listdir(os.path.join(repository, "packs"))]
    pack = max(packs, key=os.path.getsize)
    with open(pack, "r+b") as file:
        file.seek(os.path.getsize(pack) // 2)
        file.write(b"????")
    place.run("check", repository, secret=None)
    place.run("check", repository, "--read-data", code=1, secret=None)
    place.run("check", repository, "--open-data", code=1)
    result = place.json("check", repository, "--read-data", code=1)
    inside = place.source.lstrip("/") + "/"
    assert any(a["path"].lstrip("/").startswith(inside) for a in result["affected"]), result
    assert result["intact"] or len(result["affected"]) >= 1
    # What was found is recorded: the next backup stores it again, and repair tidies up.
    assert not place.json("repair", repository, "--dry-run", code=1)["ok"]
    place.run("backup", repository, place.source, secret=None)
    repaired = place.json("repair", repository)
    assert repaired["ok"] and repaired["damaged_packs"] == 1, repaired
    assert "/damaged-" in repaired["set_aside"][0]["object"], repaired
    assert place.json("check", repository, "--open-data")["ok"]
    os.remove(os.path.join(repository, "snapshots", second))
    assert place.json("check", repository, code=1)["damage"]
    assert place.json("repair", repository)["vanished_snapshots"] == 1
    assert place.json("check", repository)["ok"]


def tar(place):
    """The system's tar extracts what dump --tar writes; of a damaged snapshot it sees no end."""
    repository, source = place.repository, place.source
    place.write("source/Z\u00fcrich/" + "n" * 180, os.urandom(3 << 20))
    place.write("source/holes", b"begin")
    os.truncate(place.path("source/holes"), 40 << 20)
    with open(place.path("source/holes"), "ab") as file:
        file.write(b"end")
    os.truncate(place.path("source/holes"), 50 << 20)
    os.link(place.path("source/holes"), place.path("source/other-name"))
    os.symlink("holes", place.path("source/link"))
    place.run("init", repository, "--kdf-memory", "8 MiB")
    place.run("backup", repository, source, secret=None)
    dump = [PROGRAM, "dump", repository, "latest", source, "--tar", "--passphrase-file",
            place.path("pass")]
    written = subprocess.run(dump, env=place.env, capture_output=True, check=True).stdout
    os.mkdir(place.path("out"))
    subprocess.run(["tar", "-xpf", "-", "-C", place.path("out")], input=written, check=True)
    subprocess.run(["diff", "-r", "--no-dereference", source, place.path("out") + source],
                   check=True)
    assert os.path.samefile(place.path("out") + source + "/holes",
                            place.path("out") + source + "/other-name")
    pack = max((os.path.join(repository, "packs", name)
                for name in os.listdir(os.path.join(repository, "packs"))), key=os.path.getsize)
    with open(pack, "r+b") as file:
        file.seek(os.path.getsize(pack) // 2)
        file.write(b"????")
    broken = subprocess.run(dump, env=place.env, capture_output=True, check=False)
    assert broken.returncode == 1 and not broken.stdout.endswith(bytes(1024)), broken.stderr


for case in (tar, unreadable_source, damage, whole_life, keys, downloads, pipes, bad_input):
    with tempfile.TemporaryDirectory(dir="/tmp") as folder:
        case(Place(folder))
        print("ok", case.__name__)
