"""Three kinds of data in successive generations, kept in <work>/<kind>/g0, g1, ... and installed
into the source folder by rsync-like copying, so that what did not change keeps its times."""
import hashlib
import os
import random
import shutil
import subprocess
import sys

TEXT_FOLDERS = ["/usr/include", "/usr/lib/python3", "/usr/lib/python3.11", "/usr/share/perl",
                "/usr/share/doc"]
TEXT_ENDINGS = (".h", ".hpp", ".c", ".py", ".pm", ".pl", ".txt", ".tcc", ".ipp", ".md", ".rst")


def make(kind, work, generations, scale):
    """Returns why it cannot be made, or nothing."""
    base = os.path.join(work, kind)
    shutil.rmtree(base, ignore_errors=True)
    os.makedirs(base)
    return {"text": _make_text, "database": _make_database, "vectors": _make_vectors}[kind](
        base, generations, scale)


def remove(kind, work):
    shutil.rmtree(os.path.join(work, kind), ignore_errors=True)


def install(kind, work, generation, source):
    """Makes `source` equal to a generation; equal files are left alone."""
    origin = os.path.join(work, kind, "g%d" % generation)
    for root, folders, names in os.walk(source):
        here = os.path.join(origin, os.path.relpath(root, source))
        for name in names:
            if not os.path.exists(os.path.join(here, name)):
                os.remove(os.path.join(root, name))
        for name in list(folders):
            if not os.path.isdir(os.path.join(here, name)):
                shutil.rmtree(os.path.join(root, name))
                folders.remove(name)
    for root, _, names in os.walk(origin):
        there = os.path.join(source, os.path.relpath(root, origin))
        os.makedirs(there, exist_ok=True)
        for name in names:
            a, b = os.path.join(root, name), os.path.join(there, name)
            if not os.path.exists(b) or _digest(a) != _digest(b):
                shutil.copyfile(a, b)
    os.sync()


def _digest(path):
    with open(path, "rb") as file:
        return hashlib.file_digest(file, "blake2b").digest()


def _make_text(base, generations, scale):
    """Text files of this system, 240 MB at full size; a sixth of them is edited at every step."""
    rng = random.Random(1)
    found = []
    for folder in TEXT_FOLDERS:
        for root, _, names in os.walk(folder):
            for name in names:
                path = os.path.join(root, name)
                if name.endswith(TEXT_ENDINGS) and not os.path.islink(path):
                    found.append(path)
    found.sort()
    rng.shuffle(found)
    wanted, taken, paths = int(240e6 * scale), 0, []
    copies = 0
    while taken < wanted:
        for path in found:
            size = os.path.getsize(path)
            if size > 300_000 or taken >= wanted:
                continue
            paths.append(("v%d" % copies + path, path))
            taken += size
        copies += 1
        if not found:
            return "no text files in " + ", ".join(TEXT_FOLDERS)
    first = os.path.join(base, "g0")
    for target, path in paths:
        with open(path, "rb") as file:
            text = file.read()
        if not target.startswith("v0"):  # a further copy is another version of the file
            text = _edit(text, rng, 0.3)
        full = os.path.join(first, target)
        os.makedirs(os.path.dirname(full), exist_ok=True)
        with open(full, "wb") as file:
            file.write(text)
    for generation in range(1, generations):
        new = os.path.join(base, "g%d" % generation)
        shutil.copytree(os.path.join(base, "g%d" % (generation - 1)), new)
        for target, _ in paths:
            if rng.random() < 1 / 6:
                with open(os.path.join(new, target), "rb") as file:
                    text = file.read()
                with open(os.path.join(new, target), "wb") as file:
                    file.write(_edit(text, rng, 0.03))
    return None


def _edit(text, rng, share):
    lines = text.split(b"\n")
    for _ in range(1 + int(len(lines) * share)):
        at = rng.randrange(len(lines))
        lines[at:at + 1] = rng.choice(([], [lines[at], b"/* revision %d */" % rng.randrange(10**9)],
                                       [lines[at] + b" // %x" % rng.randrange(10**9)]))
        if not lines:
            lines = [b""]
    return b"\n".join(lines)


def _make_vectors(base, generations, scale):
    """float32 in segments of 64 MB, 640 MB at full size; 3 % appended and 1 % rewritten a step."""
    segment, wanted = int(64e6), int(640e6 * scale)
    folder = os.path.join(base, "g0")
    os.makedirs(folder)
    number = 0
    for begin in range(0, wanted, segment):
        with open(os.path.join(folder, "segment-%04d" % number), "wb") as out:
            out.write(_floats(min(segment, wanted - begin)))
        number += 1
    rng = random.Random(2)
    for generation in range(1, generations):
        new = os.path.join(base, "g%d" % generation)
        shutil.copytree(os.path.join(base, "g%d" % (generation - 1)), new)
        last = os.path.join(new, "segment-%04d" % (number - 1))
        if os.path.getsize(last) >= segment:
            number += 1
            last = os.path.join(new, "segment-%04d" % (number - 1))
        with open(last, "ab") as out:
            out.write(_floats(int(wanted * 0.03)))
        for _ in range(16):  # rewritten in stretches, as updates of vectors are
            path = os.path.join(new, "segment-%04d" % rng.randrange(number))
            with open(path, "r+b") as out:
                part = _floats(int(wanted * 0.01 / 16))
                out.seek(max(0, rng.randrange(os.path.getsize(path)) - len(part)) // 4 * 4)
                out.write(part)
    return None


# Sign and upper exponent bits of the components of a normalised vector of 768 dimensions: few
# values, most of them near 2^-5.
_TOP = bytes((0x3d if i % 128 < 80 else 0x3c if i % 128 < 115 else 0x3b) | (0x80 if i >= 128 else 0)
             for i in range(256))


def _floats(size):
    count = size // 4
    out = bytearray(4 * count)
    for byte in range(3):
        out[byte::4] = os.urandom(count)
    out[3::4] = os.urandom(count).translate(_TOP)
    return bytes(out)


def _make_database(base, generations, scale):
    """A stopped PostgreSQL data folder and a plain dump, pgbench scale 30 at full size."""
    binaries = sorted(
        os.path.join("/usr/lib/postgresql", v, "bin") for v in os.listdir("/usr/lib/postgresql")
    ) if os.path.isdir("/usr/lib/postgresql") else []
    if not binaries:
        return "PostgreSQL is not installed (apt-get install postgresql postgresql-contrib)"
    postgres = binaries[-1]
    cluster, socket = os.path.join(base, "cluster"), os.path.join(base, "socket")
    os.makedirs(socket)
    shutil.chown(base, "postgres")
    shutil.chown(socket, "postgres")

    def call(program, *arguments, output=subprocess.DEVNULL):
        subprocess.run(["runuser", "-u", "postgres", "--", os.path.join(postgres, program),
                        *arguments], check=True, stdout=output, stderr=subprocess.DEVNULL, cwd="/")

    def control(action):
        call("pg_ctl", "-D", cluster, "-w", "-l", os.path.join(base, "log"), "-o",
             "-k %s -c listen_addresses= -c fsync=off -c max_wal_size=64MB" % socket, action)

    call("initdb", "-D", cluster)
    control("start")
    call("createdb", "-h", socket, "bench")
    call("pgbench", "-h", socket, "-i", "-q", "-s", str(max(1, int(30 * scale))), "bench")
    for generation in range(generations):
        if generation > 0:
            control("start")
            updates = int((2000 if generation == 1 else 20000) * scale) + 1
            call("pgbench", "-h", socket, "-n", "-t", str(updates), "bench")
        new = os.path.join(base, "g%d" % generation)
        os.makedirs(new)
        with open(os.path.join(new, "bench.sql"), "wb") as out:
            call("pg_dump", "-h", socket, "bench", output=out)
        control("stop")
        shutil.copytree(cluster, os.path.join(new, "data"))
    return None


if __name__ == "__main__":
    kind, work, generations, scale = sys.argv[1:]
    print(make(kind, work, int(generations), float(scale)) or "", end="")
