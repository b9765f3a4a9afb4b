"""Hostile repositories against every verb that reads one: never other bytes with exit 0, never a
crash, never more memory than a bound, nothing outside the target, nothing that steers a terminal.
Arguments: the program; then names of cases, or none for all."""
import resource
import shutil
import signal
import subprocess
import sys
import tempfile
import time

from hostile import *
from place import Place

PROGRAM = os.path.abspath(sys.argv[1])
MAX_RESIDENT = 320 << 20  # of any verb on any of these repositories; they are a few megabytes each
MAX_SECONDS = 60
HARMFUL = set(range(0x00, 0x20)) - {0x0A} | set(range(0x7F, 0xA0)) | {
    0x061C, 0x200B, 0x200E, 0x200F, 0xFEFF, *range(0x2028, 0x202F), *range(0x2060, 0x2070),
    *range(0xFFF9, 0xFFFC), *range(0xE0000, 0xE0080)}


class HonestPlace(Place):
    """With a tree to save, and bounds on every run of the program."""

    def __init__(self, folder):
        super().__init__(folder)
        os.makedirs(self.path("honest", "folder"))
        for name in ("one", "folder/two"):
            with open(self.path("honest", name), "wb") as out:
                out.write(os.urandom(150_000))

    def run(self, *arguments):
        """(exit code, output, errors); the bounds hold for every run."""
        with tempfile.TemporaryFile() as out, tempfile.TemporaryFile() as errors:
            began = time.monotonic()
            child = subprocess.Popen(
                [PROGRAM, *arguments, "--passphrase-file", self.path("pass")], env=self.env,
                stdin=subprocess.DEVNULL, stdout=out, stderr=errors, cwd="/",
                restore_signals=False,  # too large a file is EFBIG then
                preexec_fn=lambda: resource.setrlimit(resource.RLIMIT_FSIZE, (1 << 30, 1 << 30)))
            while True:
                pid, status, usage = os.wait4(child.pid, os.WNOHANG)
                if pid:
                    break
                if time.monotonic() - began > MAX_SECONDS:
                    child.kill()
                    os.wait4(child.pid, 0)
                    raise AssertionError("%s: not done in %d s" % (arguments, MAX_SECONDS))
                time.sleep(0.002)
            child.returncode = os.waitstatus_to_exitcode(status)
            texts = []
            for file in (out, errors):
                file.seek(0)
                texts.append(file.read(64 << 20))
        self.resident = max(getattr(self, "resident", 0), usage.ru_maxrss * 1024)
        assert child.returncode in (0, 1, 2, 3, 12), (arguments, child.returncode, texts[1][-500:])
        assert usage.ru_maxrss * 1024 <= MAX_RESIDENT, (
            arguments, "%d MiB resident" % (usage.ru_maxrss >> 10))
        assert b"internal error" not in texts[1], texts[1]
        return child.returncode, texts[0], texts[1]


def harmless(data):
    try:
        return not any(ord(c) in HARMFUL for c in data.decode().replace("\r\n", "\n"))
    except UnicodeDecodeError:
        return False


def content(root):
    out = {}
    for folder, _, files in os.walk(root):
        for name in files:
            with open(os.path.join(folder, name), "rb") as file:
                out[os.path.relpath(os.path.join(folder, name), root)] = file.read()
    return out


def attack(place, name, make):
    repository = place.path("repository " + str(abs(hash(name))))
    shutil.copytree(place.path("repository"), repository, symlinks=True)
    mine = Repository(repository, b"secret")
    honest = [id.hex() for id in sorted(
        mine.names("snapshots"), key=lambda id: read_snapshot(mine.get("S", id)).sequence)]
    hostile = make(mine)
    hostile = hostile.hex() if hostile else honest[0]
    target = place.path("target")
    sentinel = content(place.path("beside"))
    shown = []

    def run(*arguments):
        code, out, errors = place.run(*arguments)
        if "dump" not in arguments:
            shown.append((arguments, out))
        shown.append((arguments, errors))
        return code

    # The honest snapshots give back what was saved, or say that they cannot.
    for id in honest:
        code = run("restore", repository, id, "--target", target)
        got = content(target + place.path("honest"))
        if code == 0:
            assert got == place.saved, "%s: other bytes and exit 0" % name
        for path, data in got.items():
            assert data == place.saved[path], "%s: other bytes in %s" % (name, path)
        shutil.rmtree(target, ignore_errors=True)
        code, out, _ = place.run("dump", repository, id, place.path("honest", "one"))
        assert code != 0 or out == place.saved["one"], "%s: dump gives other bytes" % name
    code = run("restore", repository, hostile, "--target", target)
    if name in MUST_FAIL:
        assert code != 0, "%s was restored" % name
    shutil.rmtree(target, ignore_errors=True)
    assert content(place.path("beside")) == sentinel, "%s: written outside the target" % name
    for format in ((), ("--json",), ("--csv",), ("--markdown",)):
        run("snapshots", repository, *format)
        if name == "evil text" or not format:
            run("ls", repository, hostile, "--long", *format)
            run("diff", repository, honest[0], hostile, *format)
            run("stats", repository, *format)
            run("forget", repository, "--policy", "restic: --keep-last 1", "--dry-run", *format)
            run("check", repository, *format)
    run("ls", repository, hostile)
    run("dump", repository, hostile, "--tar")
    run("dump", repository, hostile, "/%s/f" % TOP)
    run("check", repository, "--open-data")
    run("prune", repository, "--dry-run")
    for arguments, text in shown:
        assert harmless(text), "%s: %s shows %r" % (name, arguments, text[:3000])
    if "came before" in name or "now" in name or "future" in name:
        pushes_nothing_out(place, repository, honest)
    shutil.rmtree(repository)


def pushes_nothing_out(place, repository, honest):
    """The newest of today stays."""
    code, out, errors = place.run("forget", repository, "--policy",
                                  "restic: --keep-daily 9 --group-by ''", "--dry-run", "--json")
    assert code == 0, errors
    kept = {row["id"] for row in json.loads(out)["rows"] if row["action"] == "keep"}
    assert honest[-1] in kept, (honest, out)


def replayed_config(place):
    """A writer key does not seal to the key that was rotated out, once anything says so."""
    repository = place.path("replayed")
    source = place.path("honest")
    assert place.run("init", repository, "--kdf-memory", "8 MiB")[0] == 0
    assert place.run("backup", repository, source)[0] == 0
    old = Repository(repository, b"secret").read("config")
    assert place.run("key", "rotate", repository, "--new-passphrase-file", place.path("pass"),
                     "--kdf-memory", "8 MiB")[0] == 0
    new = Repository(repository, b"secret")
    good = new.read("config")
    new.write("config", old)
    backup = lambda: subprocess.run([PROGRAM, "backup", repository, source, "--no-cache"],
                                    env=place.env, capture_output=True, timeout=60)
    with open(place.path("honest", "more"), "wb") as out:
        out.write(os.urandom(1000))
    before = new.names("packs")
    done = backup()
    assert done.returncode == 1 and b"config is older" in done.stderr, done
    assert new.names("packs") == before, "sealed to the old key"
    code, out, _ = place.run("check", repository)
    assert code == 1 and b"config" in out, out
    # What is there can be read, and a further rotation mends it.
    target = place.path("target")
    assert place.run("restore", repository, "--target", target)[0] == 0
    shutil.rmtree(target)
    assert place.run("key", "rotate", repository, "--new-passphrase-file", place.path("pass"),
                     "--kdf-memory", "8 MiB")[0] == 0
    assert backup().returncode == 0
    new.write("config", good)
    with open(place.path("honest", "more"), "wb") as out:
        out.write(os.urandom(1000))
    assert backup().returncode == 1, "the one between is old as well"
    os.unlink(place.path("honest", "more"))


# What no honest writer leaves behind. (Beneath a link a listing becomes a folder, with a note.)
MUST_FAIL = {name for name in CASES if name.startswith(("an entry called", "a listing at", "zip"))}
MUST_FAIL |= {"a key of others", "a record of a gigabyte", "a file larger than its chunks",
              "a file smaller than its chunks", "extents that overlap", "extents beyond the end",
              "a file beneath a file", "a tree of data",
              "a file of endless chunks", "more chunks than references", "endless attributes",
              "a snapshot that is none", "endless extents"}


def main():
    wanted = sys.argv[2:]
    failed = []
    with tempfile.TemporaryDirectory() as folder:
        place = HonestPlace(folder)
        place.saved = content(place.path("honest"))
        os.makedirs(place.path("beside"))
        assert place.run("init", place.path("repository"), "--kdf-memory", "8 MiB")[0] == 0
        for _ in range(2):
            assert place.run("backup", place.path("repository"), place.path("honest"))[0] == 0
        cases = dict(CASES, **{"a config from before": None})
        for name, make in cases.items():
            if wanted and name not in wanted:
                continue
            began, place.resident = time.monotonic(), 0
            try:
                attack(place, name, make) if make else replayed_config(place)
                verdict = "ok"
            except AssertionError as error:
                verdict = "FAILED: %s" % error
                failed.append(name)
            shutil.rmtree(place.path("target"), ignore_errors=True)
            print("%-45s %5.1f s %4d MiB  %s" % (name, time.monotonic() - began,
                                                 place.resident >> 20, verdict), flush=True)
    print("%d of %d failed" % (len(failed), len(wanted or cases)))
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main())
