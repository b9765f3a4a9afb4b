"""What somebody with the writer key and the storage can put into a repository. Each function takes
a repository that holds honest snapshots and adds a lie. It returns the id of the hostile snapshot
if there is one."""
from repository import *
from snapshots import *

TOP = "victim"
FIRST = bytes(15) + b"\1"  # sorts before any random id


def entry(node, content=(), **fields):
    """A snapshot with one folder that holds one entry."""
    def make(repository):
        writer = Writer(repository)
        snapshot = writer.snapshot([(b"", [Node(TOP, 2, mode=0o755)]), (TOP.encode(), [node])],
                                   list(content), **fields)
        writer.finish()
        return publish(repository, snapshot)
    return make


def listing(path, nodes, above=()):
    def make(repository):
        writer = Writer(repository)
        contents = [b"hostile"] * sum(node.chunks for node in nodes)
        snapshot = writer.snapshot([(b"", list(above)), (path, nodes)], contents)
        writer.finish()
        return publish(repository, snapshot)
    return make


def file(name, size=7, **fields):
    return Node(name, size=size, chunks=1, **fields)


def tree_of(repository, chunks, **fields):
    """A snapshot whose tree is these chunks: (plain bytes, how often)."""
    writer = Writer(repository)
    tree = []
    for plain, times in chunks:
        tree += [writer.chunk(TREE, plain)] * times
    snapshot = writer.snapshot([], [], tree=tree, **fields)
    writer.finish()
    return publish(repository, snapshot)


# Ids and indexes ---------------------------------------------------------------------------------


def other_bytes_under_an_id(repository):
    """On storage that only adds: every data chunk once more, with other bytes, in an index object
    that sorts first and a pack that says it is the oldest."""
    writer = Writer(repository)
    writer.pack.created = 0
    for blob in list(repository.blobs.values()):
        if blob.kind == DATA:
            writer.chunk(DATA, b"\xee" * blob.plain_bytes, id=blob.id)
    writer.finish(index_id=FIRST)


def other_tree_under_an_id(repository):
    writer = Writer(repository)
    writer.pack.created = 0
    for blob in list(repository.blobs.values()):
        if blob.kind != DATA:
            writer.chunk(blob.kind, bytes(blob.plain_bytes), id=blob.id)
    writer.finish(index_id=FIRST)


def same_pack_with_another_table(repository):
    """An index object that sorts first and moves the chunks of an honest pack."""
    honest = next(iter(repository.packs.values()))
    blobs = [Blob(b.id, b.kind, b.key, b.plain_bytes, b.stored_bytes) for b in honest.blobs]
    blobs[0], blobs[-1] = blobs[-1], blobs[0]
    repository.put("I", write_index([Pack(honest.id, honest.size, honest.digest, 0, honest.keys,
                                          blobs)]), FIRST)


def index_with_lies(change):
    def make(repository):
        writer = Writer(repository)
        writer.chunk(DATA, os.urandom(5000))
        pack = Pack(writer.pack.id, 8192, bytes(16), 0, writer.pack.keys, writer.pack.blobs)
        change(pack, pack.blobs[0])
        writer.finish(packs=[pack])
    return make


def stored_less_than_nothing(pack, blob):
    blob.stored_bytes = blob.plain_bytes + 16 - (1 << 62)


def plain_beyond_bounds(pack, blob):
    blob.plain_bytes = blob.stored_bytes = 1 << 40


def size_before_the_chunks(pack, blob):
    pack.size = 100


def size_beyond_bounds(pack, blob):
    pack.size = 1 << 62


def no_such_key(pack, blob):
    blob.key = 9


def raw_index(plain):
    return lambda repository: repository.put("I", plain) and None


def raw_snapshot(plain):
    def make(repository):
        return repository.put("S", plain)
    return make


def zip_bomb(claimed):
    """A chunk of a few kilobytes that unpacks to 200 MB."""
    def make(repository):
        writer = Writer(repository)
        packed = compress(bytes(200 << 20))
        assert len(packed) < claimed
        id = Id(writer.chunk(DATA, b"", id=new_id(), claimed_bytes=claimed, packed=packed))
        snapshot = writer.snapshot([(b"", [Node("bomb", size=claimed, chunks=1)])], [id])
        writer.finish()
        return publish(repository, snapshot)
    return make


def key_of_another(repository):
    writer = Writer(repository)
    writer.pack.keys[0] = (0, wrap(public_key(os.urandom(32)), writer.secrets[0]))
    snapshot = writer.snapshot([(b"", [file("sealed to others")])], [b"hostile"])
    writer.finish()
    return publish(repository, snapshot)


# Trees -------------------------------------------------------------------------------------------


def record_of_a_gigabyte(repository):
    """A record that is one chunk of the store two thousand times."""
    plain = text(b"") + varint(1 << 20) + write_node(Node("entry"))
    plain = varint((1 << 30) - 10) + plain + bytes(512 * 1024 - len(plain) - 5)
    return tree_of(repository, [(plain, 1), (bytes(512 * 1024), 2047)])


def record_of_small_entries(repository):
    """Entries that are all of them one."""
    node = write_node(Node("n" * 44))
    chunk = node * (524288 // len(node))
    times = 20
    body = text(b"") + varint(times * (len(chunk) // len(node)))
    head = varint(len(body) + times * len(chunk)) + body
    return tree_of(repository, [(head, 1), (chunk, times)])


def entry_with_a_million_extents(repository):
    """Extents of one byte, a byte apart, out of one chunk."""
    count = 200 << 20
    node = Node("sparse", size=1 << 40, extents=[])
    start = write_node(node)[:-1] + varint(count)
    body = text(b"") + varint(1) + start
    head = varint(len(body) + 2 * count) + body
    return tree_of(repository, [(head, 1), (b"\1\1" * 262144, 800)])


def entry_with_endless_attributes(repository):
    value = b"\xff\xff\x03" + bytes(65535)
    attribute = text(b"user.a") + value
    node = Node("attributes", attributes=[(b"user.a", b"")])
    start = write_node(node)
    start = start[:start.index(b"\6user.a") - 1] + varint(1024)
    body = text(b"") + varint(1) + start
    head = varint(len(body) + 1024 * len(attribute)) + body
    return tree_of(repository, [(head, 1), (attribute, 1024)])


def file_of_endless_chunks(repository):
    """A small file that says that it has as many chunks as the reference list names, which is one
    chunk of the store over and over."""
    writer = Writer(repository)
    data = writer.chunk(DATA, b"x")
    references = writer.chunk(REFERENCES, data * 32768)
    times = 4000
    snapshot = writer.snapshot(
        [(b"", [Node("many", size=1, chunks=times * 32768)])], [],
        references=[references] * times, reference_count=times * 32768)
    writer.finish()
    return publish(repository, snapshot)


def more_chunks_than_references(repository):
    return entry(Node("many", size=1 << 50, chunks=1 << 50), [b"x"])(repository)


def tree_is_data(repository):
    data = next(blob.id for blob in repository.blobs.values() if blob.kind == DATA)
    writer = Writer(repository)
    snapshot = writer.snapshot([], [], tree=[data], references=[data], reference_count=1)
    writer.finish()
    return publish(repository, snapshot)


def marks_that_lie(repository):
    writer = Writer(repository)
    snapshot = writer.snapshot([(b"", [file("good")]), (b"", [file("good too")])],
                               [b"hostile", b"hostile"])
    snapshot.marks = [(400_000, 1 << 62)] * len(snapshot.tree)
    writer.finish()
    return publish(repository, snapshot)


# Time and numbers --------------------------------------------------------------------------------


def forged(times, is_copy, **fields):
    """Snapshots that say they came at these seconds before now."""
    def make(repository):
        for ago in times:
            writer = Writer(repository)
            snapshot = writer.snapshot([(b"", [file("forged")])], [b"hostile"],
                                       received=instant(ago), time=instant(ago),
                                       is_copy=is_copy, **fields)
            writer.finish()
            last = publish(repository, snapshot)
        return last
    return make


# Text --------------------------------------------------------------------------------------------

EVIL = (b"\x1b]0;title\x07\x1b[2J\xc2\x9b2K \xe2\x80\xae\xe2\x81\xa6gpj.exe \xff\xfe \r\x7f\x08\n"
        b"\xd8\x9c\xf3\xa0\x81\x81")


def evil_text(repository):
    writer = Writer(repository)
    names = [EVIL, b"a" + EVIL]
    nodes = [Node(names[0], 2, mode=0o755, user=EVIL, group=EVIL), file(names[1], user=EVIL),
             Node(b"l" + EVIL, 3, target=EVIL)]
    snapshot = writer.snapshot([(b"", nodes), (EVIL, [file(EVIL)])], [b"hostile", b"hostile"],
                               host=EVIL, paths=[EVIL], tags=[EVIL], program=EVIL)
    writer.finish()
    return publish(repository, snapshot)


NAMES = {"dots": b"..", "dot": b".", "empty": b"", "slash": b"a/b", "absolute": b"/etc/passwd",
         "up": b"../../up", "zero": b"a\0b", "long": b"n" * 5000}
PATHS = {"absolute": b"/" + TOP.encode(), "up": b"../outside", "through": TOP.encode() + b"/../..",
         "empty part": b"a//b", "slash at the end": TOP.encode() + b"/",
         "dot": b"./" + TOP.encode(),
         "long": b"x" * (1 << 21)}

CASES = {
    "other bytes under an id": other_bytes_under_an_id,
    "other tree under an id": other_tree_under_an_id,
    "same pack, another table": same_pack_with_another_table,
    "a key of others": key_of_another,
    "zip bomb that says 16,000 bytes": zip_bomb(16_000),
    "zip bomb that says 512 KiB": zip_bomb(512 << 10),
    "an index of 2^60 packs": raw_index(varint(1 << 60)),
    "an index pack of 2^29 chunks": raw_index(varint(1) + bytes(16) + varint(4096) + bytes(16) +
                                              zigzag(0) + varint(0) + varint(1 << 29)),
    "an empty index object": raw_index(varint(0)),
    "an index that is no index": raw_index(b"\xff" * 1000),
    "a snapshot that is none": raw_snapshot(b"\xff" * 100),
    "a snapshot of 2^60 tags": raw_snapshot(varint(0) * 12 + zigzag(0) * 3 + b"\0" + text(b"h") +
                                            text(b"p") + varint(0) + varint(1 << 60)),
    "a snapshot of 2^59 chunks": raw_snapshot(varint(0) * 12 + zigzag(0) * 3 + b"\0" + text(b"h") +
                                              text(b"p") + varint(0) * 2 + varint(1 << 59)),
    "the last sequence there is": lambda r: entry(file("f"), [b"hostile"],
                                                  sequence=2**64 - 1)(r),
    "a record of a gigabyte": record_of_a_gigabyte,
    "a record of small entries": record_of_small_entries,
    "endless extents": entry_with_a_million_extents,
    "endless attributes": entry_with_endless_attributes,
    "a file of endless chunks": file_of_endless_chunks,
    "more chunks than references": more_chunks_than_references,
    "a tree of data": tree_is_data,
    "marks that lie": marks_that_lie,
    "a file larger than its chunks": entry(file("f", size=1 << 40), [b"hostile"]),
    "a file smaller than its chunks": entry(file("f", size=3), [b"hostile"]),
    "extents that overlap": entry(Node("f", size=100, chunks=1, extents=[(0, 5), (2, 5)]),
                                  [b"hostilehos"]),
    "extents beyond the end": entry(Node("f", size=10, chunks=1, extents=[(0, 50)]), [b"x" * 50]),
    "a file beneath a link": listing(b"link", [file("f")], [Node("link", 3, target=b"/tmp")]),
    "a file beneath a file": listing(b"name", [file("f")], [Node("name")]),
    "one name twice": listing(b"", [file("same"), Node("same", 3, target=b"/etc/passwd"),
                                    file("same")]),
    "a folder in itself": listing(TOP.encode() + b"/a/a/a", [Node("a", 2)], [Node(TOP, 2)]),
    "evil text": evil_text,
    "copies that say they came before": forged([86400 * day for day in range(1, 8)], True),
    "snapshots that say they came before": forged([86400 * day for day in range(1, 8)], False),
    "copies from the future": forged([-86400 * 365], True),
    "first of all, and now": forged([0], False, sequence=1),
}
for what, change in (("stored less than nothing", stored_less_than_nothing),
                     ("plain beyond bounds", plain_beyond_bounds),
                     ("a pack shorter than its chunks", size_before_the_chunks),
                     ("a pack beyond bounds", size_beyond_bounds), ("no such key", no_such_key)):
    CASES[what] = index_with_lies(change)
for what, name in NAMES.items():
    CASES["an entry called " + what] = entry(file(name), [b"hostile"])
for what, path in PATHS.items():
    CASES["a listing at " + what] = listing(path, [file("planted")])
