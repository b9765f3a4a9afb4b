"""Two implementations of one document: Python reads what the program wrote, byte for byte, and the
program restores what Python wrote. Arguments: the program, and the golden repository."""
import shutil
import subprocess
import sys
import tempfile

from place import Place
from repository import *
from snapshots import *

PROGRAM, GOLDEN = os.path.abspath(sys.argv[1]), os.path.abspath(sys.argv[2])


def run_well(place, *arguments):
    done = subprocess.run([PROGRAM, *arguments, "--passphrase-file", place.path("pass")],
                          env=place.env, capture_output=True, cwd="/", timeout=120)
    assert done.returncode == 0, (arguments, done.returncode, done.stdout, done.stderr)
    return done.stdout


def describe(root):
    out = {}
    for folder, folders, files in os.walk(root.encode()):
        for name in folders + files:
            path = os.path.join(folder, name)
            info = os.lstat(path)
            content = None
            if os.path.islink(path):
                content = os.readlink(path)
            elif os.path.isfile(path):
                with open(path, "rb") as file:
                    content = file.read()
            out[os.path.relpath(path, root.encode())] = (
                info.st_mode, info.st_mtime_ns if not os.path.isdir(path) else 0, content)
    return out


def fill(root):
    os.makedirs(os.path.join(root, "folder", "empty"))
    for name, content in (("text", b"line\n" * 40_000), ("random", os.urandom(900_000)),
                          ("folder/small", b"x"), ("none", b"")):
        with open(os.path.join(root, name), "wb") as out:
            out.write(content)
    with open(os.path.join(root, "sparse"), "wb") as out:
        out.seek(3_000_000)
        out.write(b"end")
    with open(os.path.join(root.encode(), b"not utf-8 \xff\x9b"), "wb") as out:
        out.write(b"name")
    os.symlink("text", os.path.join(root, "link"))
    os.link(os.path.join(root, "text"), os.path.join(root, "folder", "hard"))
    os.mkfifo(os.path.join(root, "fifo"))


def with_holes(node, content):
    if node.extents is None:
        return content
    out, at = bytearray(node.size), 0
    for offset, size in node.extents:
        out[offset:offset + size] = content[at:at + size]
        at += size
    return bytes(out)


def reads_what_the_program_wrote(place):
    source, repository = place.path("source"), place.path("written")
    fill(source)
    run_well(place, "init", repository, "--kdf-memory", "8 MiB")
    for generation in (1, 2):
        with open(os.path.join(source, "generation"), "w") as out:
            out.write("%d" % generation)
        run_well(place, "backup", repository, source)
    run_well(place, "key", "rotate", repository, "--new-passphrase-file", place.path("pass"),
              "--kdf-memory", "8 MiB")
    run_well(place, "backup", repository, source, "--read-all", "--no-cache")
    mine = Repository(repository, b"secret")
    assert len(mine.private) == 2 and mine.rotations == 1
    for pack in mine.packs:
        mine.check_pack(pack)
    assert sorted(mine.packs) == mine.names("packs")
    snapshots = sorted((read_snapshot(mine.get("S", id)) for id in mine.names("snapshots")),
                       key=lambda s: s.sequence)
    assert [s.sequence for s in snapshots] == [1, 2, 3]
    assert len(mine.names("heads")) == 1
    for snapshot in snapshots:
        assert write_snapshot(snapshot) in [mine.get("S", id) for id in mine.names("snapshots")]
        check_marks(mine, snapshot)
    root = source.encode().lstrip(b"/") + b"/"
    seen = {}
    for path, node, content in read_entries(mine, snapshots[-1]):
        if path.startswith(root):
            mode = node.mode | {"file": 0o100000, "folder": 0o40000, "symlink": 0o120000,
                                "fifo": 0o10000}[KINDS[node.kind]]
            held = {"file": with_holes(node, content), "symlink": node.target}.get(KINDS[node.kind])
            seen[path[len(root):]] = (mode, node.mtime if node.kind != 2 else 0, held)
    assert seen == describe(source), set(seen.items()) ^ set(describe(source).items())


def check_marks(repository, snapshot):
    """Where the marks say that a record begins, one does."""
    starts, references, at, before = {}, {}, 0, 0
    for path, nodes in read_tree(repository, snapshot):
        starts[at] = before
        at += len(write_record(path, nodes))
        before += sum(node.chunks for node in nodes)
    begin = 0
    assert len(snapshot.marks) == len(snapshot.tree)
    for id, mark in zip(snapshot.tree, snapshot.marks):
        end = begin + repository.blobs[id].plain_bytes
        first = min((start for start in starts if begin <= start < end), default=None)
        assert mark == (None if first is None else (first - begin, starts[first])), mark
        begin = end
    assert begin == at


def is_restored_when_python_wrote_it(place):
    repository = place.path("python")
    mine = Repository.create(repository, b"secret")
    big = os.urandom(300_000)
    nodes = [Node("a", 2, mode=0o755), Node("link", 3, target=b"a/big", mode=0o777),
             Node("small", size=5, chunks=1, mode=0o600)]
    inner = [Node("big", size=300_000, chunks=3), Node("hole", size=1 << 20, chunks=1,
                                                       extents=[(4096, 4), (8192, 6)])]
    for generation in range(2):
        writer = Writer(mine)
        snapshot = writer.snapshot(
            [(b"", nodes), (b"a", inner)],
            [b"small", big[:100_000], big[100_000:200_000], big[200_000:], b"datamorexx"],
            tags=[b"generation %d" % generation])
        writer.finish()
        publish(mine, snapshot)
    out = run_well(place, "check", repository, "--open-data", "--json")
    assert b'"damage": []' in out or b'"damage":[]' in out, out
    target = place.path("restored")
    run_well(place, "restore", repository, "--target", target)
    restored = describe(target)
    assert restored[b"small"] == (0o100600, nodes[2].mtime, b"small")
    assert restored[b"a/big"][2] == big and restored[b"link"][2] == b"a/big"
    hole = bytearray(1 << 20)
    hole[4096:4100], hole[8192:8198] = b"data", b"morexx"
    assert restored[b"a/hole"][2] == bytes(hole)
    # The program goes on with it: forget, prune, a backup of its own.
    run_well(place, "forget", repository, "--policy", "restic: --keep-last 1")
    run_well(place, "prune", repository, "--grace", "0s")
    run_well(place, "backup", repository, target)
    assert run_well(place, "dump", repository, "latest", target + "/a/big") == big


def reads_the_golden_repository(place):
    copy = place.path("golden")
    shutil.copytree(GOLDEN, copy)
    golden = Repository(copy, b"golden passphrase")
    for pack in golden.packs:
        golden.check_pack(pack)
    for id in golden.names("snapshots"):
        assert sum(1 for _ in read_entries(golden, read_snapshot(golden.get("S", id)))) > 0


def main():
    for test in (reads_the_golden_repository, is_restored_when_python_wrote_it,
                 reads_what_the_program_wrote):
        with tempfile.TemporaryDirectory() as folder:
            test(Place(folder))
        print(test.__name__, "ok")


if __name__ == "__main__":
    main()
