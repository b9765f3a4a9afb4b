"""Faults from outside: call number n of the real program fails, is cut short, interrupted, or is
the last. Whatever n is, the outcome is success with the right state, or a failure that is told.

    faults_test.py PROGRAM SHIM backup            every n, one or two faults each
    faults_test.py PROGRAM SHIM backup 17:EIO     this one alone, and what it said
    BACKCAST_THOROUGH=1                            every n, every fault
"""
import concurrent.futures
import fnmatch
import os
import pathlib
import shutil
import subprocess
import sys
import tempfile

from place import MEMORY, THOROUGH, Place, Wrong, expect, on_disk, write_source

PROGRAM, SHIM = os.path.abspath(sys.argv[1]), os.path.abspath(sys.argv[2])
HERE = pathlib.Path(__file__).parent
WORKERS = 2

# What may befall a call of a class; ":on" befalls every later one of the class, too.
FAULTS = {
    "open": ["EIO", "ESTALE", "kill", "ENFILE", "EIO:on"],
    "list": ["EIO", "kill", "ESTALE"],
    "read": ["EIO", "short", "EINTR", "kill", "ESTALE"],
    "write": ["ENOSPC", "short", "EIO", "EINTR", "kill", "ENOSPC:on", "EDQUOT"],
    "sync": ["EIO", "kill", "ENOSPC", "EIO:on"],
    "name": ["EIO", "kill", "ENOSPC", "ESTALE", "EIO:on"],
    "stat": ["ESTALE", "EIO", "kill"],
    "size": ["ENOSPC", "EIO", "EINTR"],
    "lock": ["ENOLCK", "EINTR", "EIO"],
    "meta": ["EIO", "EPERM", "ENOSPC", "kill"],
    "map": ["ENOMEM"],
}


class Backup:
    """Of a source that changed since the last one, with the file cache."""

    def prepare(self, place):
        write_source(place.source, 2)

    def arguments(self, place):
        return ["backup", place.repository, place.source, "--threads", "1"]

    def verify(self, place, done, before):
        new = [s for s in place.snapshots() if s not in before]
        expect(len(new) == 1 if done.returncode in (0, 3) else len(new) <= 1,
               "%d new snapshots" % len(new))
        if not new:
            return
        saved, there = place.content(new[0]), on_disk(place.source)
        told = done.stderr.decode() + done.stdout.decode()
        for path in sorted(set(saved) | set(there)):
            if saved.get(path) == there.get(path):
                continue
            above = any('"%s"' % p in told for p in pathlib.Path(path).parents)
            expect(done.returncode == 3 and (path in told or above),
                   "%s is not saved as it is, and nobody says so" % path)


class Restore:
    def prepare(self, place):
        pass

    def arguments(self, place):
        return ["restore", place.repository, "--target", place.target, "--threads", "1"]

    def verify(self, place, done, before):
        expected = on_disk(place.source)
        root = str(place.target)
        found = {path[len(root):]: value for path, value in on_disk(root).items()}
        for path, (mode, data) in expected.items():
            has = found.get(path)
            if has is None:
                expect(done.returncode != 0, path + " is missing, and nobody says so")
                continue
            expect(has[1] == data, "%s is there under its name with other bytes" % path)
            expect(has[0] == mode or done.returncode != 0 or done.stderr,
                   "%s has another mode, and nobody says so" % path)


class Forget:
    def prepare(self, place):
        self.victim = place.snapshots()[0]

    def arguments(self, place):
        return ["forget", place.repository, self.victim]

    def verify(self, place, done, before):
        gone = set(before) - set(place.snapshots())
        expect(gone <= {self.victim}, "others are gone: %s" % (gone - {self.victim}))
        expect(gone or done.returncode != 0, "it is still there, and nobody says so")


class Prune:
    """Marks, copies what is needed out of a pack, and deletes."""

    def prepare(self, place):
        place.do("forget", place.repository, place.snapshots()[0])

    def arguments(self, place):
        return ["prune", place.repository, "--grace", "0s", "--max-unused", "0"]

    def verify(self, place, done, before):
        pass


class Repair:
    """Of a pack with a flipped byte, whose content the next backup has stored again."""

    def prepare(self, place):
        (pathlib.Path(place.source) / "repaired").write_bytes(os.urandom(1_500_000))
        place.do("backup", place.repository, place.source)
        packs = sorted((place.repository / "packs").iterdir(), key=lambda p: p.stat().st_size)
        data = bytearray(packs[-1].read_bytes())
        data[len(data) // 2] ^= 1
        packs[-1].write_bytes(data)
        expect(place.run("check", place.repository, "--read-data").returncode == 1,
               "check does not notice a flipped byte")
        place.do("backup", place.repository, place.source)

    def arguments(self, place):
        return ["repair", place.repository]

    def verify(self, place, done, before):
        expect(set(place.snapshots()) == set(before), "other snapshots")
        if done.returncode == 0:
            expect(any(name.name.startswith("damaged-")
                       for name in (place.repository / "packs").iterdir()), "nothing is set aside")


class Reindex(Repair):
    """Of an index object that is lost and of one that is empty: the packs say what they hold."""

    def prepare(self, place):
        index = sorted((place.repository / "index").iterdir())
        index[0].unlink()
        index[1].write_bytes(b"")

    def verify(self, place, done, before):
        expect(set(place.snapshots()) == set(before), "other snapshots")


VERBS = {"backup": Backup, "restore": Restore, "forget": Forget, "prune": Prune,
         "repair": Repair, "reindex": Reindex}


def make_base(folder, verb):
    source = folder / "source"
    base = Place(PROGRAM, folder / "base", source)
    base.folder.mkdir()
    (folder / "pass").write_text("one\n")
    base.do("init", base.repository, "--kdf-memory", "8 MiB")
    for generation in (0, 1):
        write_source(source, generation)
        base.do("backup", base.repository, source)
    verb.prepare(base)
    return base


def fresh(base, folder):
    shutil.rmtree(folder, ignore_errors=True)
    shutil.copytree(base.folder, folder, symlinks=True)
    return Place(PROGRAM, folder, base.source)


def shim_env(log, fault=None):
    env = {"LD_PRELOAD": SHIM, "BACKCAST_SHIM_LOG": str(log)}
    return {**env, "BACKCAST_SHIM_FAULT": fault} if fault else env


def calls_of(base, verb, folder):
    """The class of each call, of a run without a fault."""
    place = fresh(base, folder)
    log = folder / "log"
    done = place.run(*verb.arguments(place), more_env=shim_env(log))
    expect(done.returncode == 0, "with the shim: exit %d: %s" % (done.returncode,
                                                                done.stderr.decode()))
    return [line.split()[2] for line in log.read_text().splitlines()]


def try_out(base, verb, folder, before, fault):
    place = fresh(base, folder)
    log = folder / "log"
    done = place.run(*verb.arguments(place), more_env=shim_env(log, fault))
    if len(sys.argv) > 4:
        print("exit", done.returncode, done.stdout.decode(), done.stderr.decode())
    struck = [l for l in log.read_text().splitlines() if l.startswith("struck")]
    if not struck:
        expect(done.returncode == 0, "exit %d without having been struck: %s" % (
            done.returncode, done.stderr.decode()))
        return None, done
    killed = done.returncode == -9 and ":kill" in fault
    expect(done.returncode >= 0 or killed, "dies of signal %d" % -done.returncode)
    expect(done.returncode == 0 or killed or done.stderr, "fails without a word")
    if isinstance(verb, Repair) and done.returncode != 0:
        place.do(*verb.arguments(place))
    place.check("afterwards")
    expect(set(before) <= set(place.snapshots()) or isinstance(verb, Forget),
           "a snapshot is gone")
    verb.verify(place, done, before)
    if THOROUGH or int(fault.split(":")[0]) % 4 == 0:
        again = place.run(*verb.arguments(place))
        is_done = isinstance(verb, Forget) and again.returncode == 1
        expect(again.returncode == 0 or is_done, "in the way of the next run: exit %d: %s" % (
            again.returncode, again.stderr.decode()))
    return struck[0].split()[2:], done


def faults_for(calls):
    for number, kind in enumerate(calls):
        kinds = FAULTS[kind]
        some = {kinds[number % len(kinds)], kinds[(number // 2 + 1) % len(kinds)]}
        for fault in kinds if THOROUGH else sorted(some):
            yield "%d:%s" % (number, fault)


def attack(name, only=None):
    with tempfile.TemporaryDirectory(prefix="backcast-outside-", dir=MEMORY) as temporary:
        folder, verb = pathlib.Path(temporary), VERBS[name]()
        base = make_base(folder, verb)
        before = base.snapshots()
        calls = calls_of(base, verb, folder / "worker0")
        faults = [only] if only else list(faults_for(calls))
        free = ["worker%d" % i for i in range(WORKERS)]
        outcomes, wrong = {}, []

        def one(fault):
            worker = free.pop()
            try:
                struck, done = try_out(base, verb, folder / worker, before, fault)
                code = "not struck" if struck is None else "exit %d" % done.returncode
                outcomes[code] = outcomes.get(code, 0) + 1
            except Wrong as why:
                wrong.append("%s (%s): %s" % (fault, calls[int(fault.split(":")[0])], why))
            finally:
                free.append(worker)

        with concurrent.futures.ThreadPoolExecutor(WORKERS) as pool:
            list(pool.map(one, faults))
        print("%s: %d calls, %d faults: %s" % (name, len(calls), len(faults), outcomes))
        for line in sorted(wrong, key=lambda text: int(text.split(":")[0])):
            print("  " + line)
        if wrong:
            sys.exit("%d of %d faults are not met; for one alone: %s PROGRAM SHIM %s %s" % (
                len(wrong), len(faults), sys.argv[0], name, wrong[0].split(" ")[0]))
        struck = sum(n for code, n in outcomes.items() if code != "not struck")
        if not only and struck < len(faults) * 0.8:
            sys.exit("only %d of %d faults struck anything" % (struck, len(faults)))


def symbols(file, *options):
    out = subprocess.run(["nm", "-D", *options, file], check=True, capture_output=True, text=True)
    return [line.split()[-1] for line in out.stdout.splitlines()]


def imports():
    """Every call into the C library is the shim's, or excused with a reason."""
    covered = set(symbols(SHIM, "--defined-only"))
    wanted = {s.split("@")[0] for s in symbols(PROGRAM, "--undefined-only") if "@GLIBC_" in s}
    expect(len(wanted) > 50, "nm finds no imports")
    excuses = [line.split()[0] for line in (HERE / "excused.txt").read_text().splitlines()
               if line and not line.startswith("#")]
    bare = [name for name in sorted(wanted - covered)
            if not any(fnmatch.fnmatchcase(name, excuse) for excuse in excuses)]
    expect(not bare, "neither covered by shim.cpp nor excused in excused.txt: " + " ".join(bare))
    both = [name for name in sorted(covered & wanted)
            if any(fnmatch.fnmatchcase(name, excuse) for excuse in excuses)]
    expect(not both, "covered, and excused all the same: " + " ".join(both))
    print("%d imports, %d of them covered" % (len(wanted), len(covered & wanted)))
    full_terminal()


def full_terminal():
    """What is printed and cannot be: told."""
    with tempfile.TemporaryDirectory(prefix="backcast-outside-") as temporary:
        base = make_base(pathlib.Path(temporary), Restore())
        for verb in ("dump", "ls", "snapshots"):
            arguments = [PROGRAM, verb, str(base.repository)]
            if verb == "dump":
                arguments += ["latest", str(base.source / "big")]
            with open("/dev/full", "wb") as full:
                done = subprocess.run([*arguments, "--passphrase-file",
                                       str(base.source.parent / "pass")],
                                      stdout=full, stderr=subprocess.PIPE,
                                      env={"HOME": str(base.folder)}, timeout=60)
            expect(done.returncode == 1 and done.stderr,
                   "%s to a full disk: exit %d" % (verb, done.returncode))


def main():
    what = sys.argv[3]
    if what == "imports":
        try:
            imports()
        except Wrong as why:
            sys.exit(str(why))
    else:
        attack(what, *sys.argv[4:5])


main()
