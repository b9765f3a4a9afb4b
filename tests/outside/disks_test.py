"""Real disks that are nearly full, and a backup that is stopped while others are at work.

    disks_test.py PROGRAM full        ext4 on a loop device and tmpfs, full but for so many KiB
    disks_test.py PROGRAM stopped
"""
import contextlib
import os
import pathlib
import shutil
import signal
import subprocess
import sys
import tempfile

from place import MEMORY, THOROUGH, Place, Wrong, expect, on_disk, write_source

PROGRAM = os.path.abspath(sys.argv[1])
DISK_BYTES = 24 << 20
ROOMS_KIB = (0, 4, 12, 28, 60, 160, 700)


@contextlib.contextmanager
def small_disk(kind, folder):
    """A file system of its own at folder; nothing where that needs rights we do not have."""
    folder.mkdir()
    image = folder.with_suffix(".img")
    if kind == "tmpfs":
        mount = ["mount", "-t", "tmpfs", "-o", "size=%d" % DISK_BYTES, "none", str(folder)]
    else:
        with open(image, "wb") as out:
            out.truncate(DISK_BYTES)
        subprocess.run(["mkfs.ext4", "-q", "-m", "0", str(image)], check=True)
        mount = ["mount", "-o", "loop", str(image), str(folder)]
    try:
        can = subprocess.run(mount, capture_output=True).returncode == 0
    except FileNotFoundError:
        can = False
    try:
        yield can
    finally:
        if can:
            subprocess.run(["umount", str(folder)], check=True)
        image.unlink(missing_ok=True)


def fill(folder, room_bytes):
    """A file that leaves so much room."""
    filler = folder / "filler"
    with open(filler, "wb", buffering=0) as out:
        for size in (1 << 20, 4096):
            with contextlib.suppress(OSError):
                while out.write(bytes(size)) == size:
                    pass
        out.truncate(max(0, out.tell() - room_bytes))
        os.fsync(out.fileno())
    return filler


class Full:
    """One verb on a disk with so much room: done, or told; nothing is lost; and when there is room
    again it is done."""

    def __init__(self, folder, mount):
        self.folder, self.mount = folder, mount
        self.source = folder / "source"
        self.base = Place(PROGRAM, folder / "base", self.source)
        self.base.folder.mkdir()
        (folder / "pass").write_text("one\n")
        self.base.do("init", self.base.repository, "--kdf-memory", "8 MiB")
        for generation in (0, 1):
            write_source(self.source, generation)
            self.base.do("backup", self.base.repository, self.source)
        write_source(self.source, 2)
        (self.source / "noise").write_bytes(os.urandom(300_000))
        self.before = self.base.snapshots()

    def fresh(self):
        shutil.rmtree(self.mount / "repository", ignore_errors=True)
        shutil.rmtree(self.folder / "home", ignore_errors=True)
        shutil.copytree(self.base.folder, self.folder / "home", symlinks=True)
        place = Place(PROGRAM, self.folder / "home", self.source)
        shutil.copytree(place.repository, self.mount / "repository")
        place.repository = self.mount / "repository"
        return place

    def arguments(self, verb, place):
        if verb == "backup":
            return ["backup", place.repository, self.source]
        if verb == "forget":
            return ["forget", place.repository, self.before[0]]
        if verb == "prune":
            return ["prune", place.repository, "--grace", "0s", "--max-unused", "0"]
        return ["copy", self.base.repository, "--to", place.repository]

    def run(self, verb, room_kib):
        place = self.fresh()
        expected = set(self.before)
        if verb == "prune":
            place.do("forget", place.repository, self.before[0])
            expected.remove(self.before[0])
        if verb == "copy":
            shutil.rmtree(place.repository)
            place.do("init", place.repository, "--like", self.base.repository)
            expected = set()
        filler = fill(self.mount, room_kib << 10)
        done = place.run(*self.arguments(verb, place))
        when = "%s with %d KiB left, exit %d" % (verb, room_kib, done.returncode)
        try:
            said = done.stderr.decode()
            expect(done.returncode in (0, 1), "%s: %s" % (when, said))
            expect(done.returncode == 0 or "No space left" in said or "full" in said,
                   "%s does not say that the disk is full: %s" % (when, said))
            if verb == "forget":
                expected.remove(self.before[0])
                expect(done.returncode == 0 or room_kib == 0, when + ": " + said)
            is_noted = verb != "forget" or done.returncode == 0
            self.verify(place, expected, when, is_noted)
        finally:
            filler.unlink()
        again = place.run(*self.arguments(verb, place))
        expect(again.returncode == 0 or (verb == "forget" and again.returncode == 1),
               when + ", then with room: " + again.stderr.decode())
        self.verify(place, expected, when + ", then with room", is_noted)
        return done.returncode == 0

    def verify(self, place, expected, when, is_noted):
        expect(expected <= set(place.snapshots()), when + ": a snapshot is gone")
        if is_noted:
            place.check(when)
        shutil.rmtree(place.target, ignore_errors=True)
        if expected:
            one = sorted(expected)[0]
            place.do("restore", place.repository, one, "--target", place.target, "--no-sync")


def full(folder):
    for kind in ("ext4", "tmpfs"):
        mount = folder / kind
        with small_disk(kind, mount) as can:
            if not can:
                print("%s: no right to mount one here; left out" % kind)
                continue
            there = folder / (kind + "-work")
            there.mkdir()
            bench = Full(there, mount)
            for verb in ("backup", "forget", "prune", "copy"):
                rooms = ROOMS_KIB if not THOROUGH else range(0, 800, 4)
                fits = sum(bench.run(verb, room) for room in rooms)
                print("%s: %s on %d rooms, done in %d of them" % (kind, verb, len(rooms), fits))
                expect(0 < fits, "it never fits: nothing was tried")
                expect(verb in ("forget", "prune") or fits < len(rooms),
                       "it always fits: nothing was tried")


def stopped(folder):
    """A backup from a pipe is stopped, for longer than any lease by the times of its files, while
    others back up, forget and prune without grace. It goes on, and what it says is true."""
    source = folder / "source"
    (folder / "pass").write_text("one\n")
    place = Place(PROGRAM, folder / "home", source)
    place.folder.mkdir()
    write_source(source, 0)
    place.do("init", place.repository, "--kdf-memory", "8 MiB")
    place.do("backup", place.repository, source)
    # What it shares with a snapshot that goes meanwhile is what prune would like to delete.
    shared, own = (source / "big").read_bytes() * 8, os.urandom(3_000_000)
    first, second = shared + own, os.urandom(500_000)
    for stop_after in (0, len(first)):
        process = place.start("backup", place.repository, "--stdin", "--stdin-name", "piped",
                              stdin=subprocess.PIPE)
        process.stdin.write(first[:stop_after])
        process.stdin.flush()
        wait_for_lease(place)
        process.send_signal(signal.SIGSTOP)
        for lease in (place.repository / "leases").iterdir():
            os.utime(lease, (0, 0))
        write_source(source, 1)
        place.do("backup", place.repository, source)
        for snapshot in place.snapshots()[:-1]:
            place.do("forget", place.repository, snapshot)
        for _ in range(2):
            pruned = place.run("prune", place.repository, "--grace", "0s", "--max-unused", "0")
            expect(pruned.returncode in (0, 11), "prune beside it: " + pruned.stderr.decode())
        process.send_signal(signal.SIGCONT)
        out, err = process.communicate(first[stop_after:] + second, timeout=60)
        expect(process.returncode == 0, "it was stopped, and fails: %s%s" % (out, err))
        place.check("after it went on")
        done = place.run("dump", place.repository, "latest", "/piped")
        expect(done.stdout == first + second, "other bytes than were piped in")
    print("stopped twice, pruned four times beside it")


def wait_for_lease(place):
    for _ in range(2000):
        if any(n.startswith("w-") for n in os.listdir(place.repository / "leases")):
            return
        signal.sigtimedwait([], 0.005)
    raise Wrong("a backup takes no lease")


def main():
    with tempfile.TemporaryDirectory(prefix="backcast-disks-", dir=MEMORY) as temporary:
        try:
            {"full": full, "stopped": stopped}[sys.argv[2]](pathlib.Path(temporary))
        except Wrong as why:
            sys.exit(str(why))


main()
