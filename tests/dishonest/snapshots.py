"""Snapshots, trees and reference lists, from docs/format.md alone."""
import time

from primitives import *
from repository import DATA, REFERENCES, TREE, Blob, Pack, derive_named, header, new_id
from repository import write_index, write_table

KINDS = {1: "file", 2: "folder", 3: "symlink", 4: "fifo", 5: "socket", 6: "char", 7: "block"}
NUMBERS = ("sequence", "files", "folders", "others", "content_bytes", "problems", "read_bytes",
           "added_chunks", "added_plain", "added_stored", "objects", "reference_count")


def instant(seconds_ago=0.0):
    return int((time.time() - seconds_ago) * 1e9)


class Snapshot:
    def __init__(self, **fields):
        for name in NUMBERS:
            setattr(self, name, 0)
        self.time = self.received = instant()
        self.took = 0
        self.is_copy = False
        self.expires = None
        self.host, self.program = b"python", b"second implementation"
        self.paths, self.tags, self.tree, self.references, self.marks = [b"/"], [], [], [], []
        for name, value in fields.items():
            assert hasattr(self, name), name
            setattr(self, name, value)


def write_snapshot(s):
    counted = lambda items, write: varint(len(items)) + b"".join(write(item) for item in items)
    out = b"".join(varint(getattr(s, name)) for name in NUMBERS)
    out += zigzag(s.time) + zigzag(s.received) + zigzag(s.took)
    out += bytes([s.is_copy | 2 * (s.expires is not None)])
    if s.expires is not None:
        out += zigzag(s.expires)
    out += text(s.host) + text(s.program) + counted(s.paths, text) + counted(s.tags, text)
    out += counted(s.tree, bytes) + counted(s.references, bytes)
    before = 0
    for mark in s.marks:
        if mark is None:
            out += varint(0)
        else:
            out += varint(mark[0] + 1) + varint(mark[1] - before)
            before = mark[1]
    return out


def read_snapshot(plain):
    reader, s = Reader(plain), Snapshot()
    for name in NUMBERS:
        setattr(s, name, reader.varint())
    s.time, s.received, s.took = reader.zigzag(), reader.zigzag(), reader.zigzag()
    flags = reader.u8()
    assert flags < 4
    s.is_copy = flags & 1 == 1
    s.expires = reader.zigzag() if flags & 2 else None
    s.host, s.program = reader.text(), reader.text()
    s.paths, s.tags = reader.many(reader.text), reader.many(reader.text)
    s.tree = reader.many(lambda: reader.take(16))
    s.references = reader.many(lambda: reader.take(16))
    before = 0
    for _ in s.tree if reader.left() else ():
        at = reader.varint()
        if at:
            before += reader.varint()
        s.marks.append((at - 1, before) if at else None)
    reader.end()
    return s


# Entries -----------------------------------------------------------------------------------------


class Node:
    def __init__(self, name, kind=1, **fields):
        self.name = name.encode() if isinstance(name, str) else name
        self.kind, self.mode, self.uid, self.gid = kind, 0o644, 0, 0
        self.mtime = self.ctime = 1_700_000_000_000_000_000
        self.user = self.group = self.target = b""
        self.size = self.links = self.device = self.inode = 0
        self.major = self.minor = self.chunks = 0
        self.attributes, self.extents = [], None  # extents: of a sparse file, (offset, size)
        for name, value in fields.items():
            assert hasattr(self, name), name
            setattr(self, name, value)


def write_node(n):
    time_of = lambda ns: zigzag(ns // 10**9) + varint(ns % 10**9)
    parts = [(1, n.user or n.group, lambda: text(n.user) + text(n.group)),
             (2, n.size, lambda: varint(n.size)),
             (4, n.links or n.device or n.inode,
              lambda: varint(n.links) + varint(n.device) + varint(n.inode)),
             (8, n.major or n.minor, lambda: varint(n.major) + varint(n.minor)),
             (16, n.target, lambda: text(n.target)),
             (32, n.attributes, lambda: varint(len(n.attributes)) + b"".join(
                 text(name) + text(value) for name, value in n.attributes)),
             (64, n.extents is not None, lambda: write_extents(n.extents)),
             (128, n.chunks, lambda: text(varint(n.chunks)))]
    out = varint(sum(bit for bit, there, _ in parts if there)) + bytes([n.kind]) + text(n.name)
    out += varint(n.mode) + varint(n.uid) + varint(n.gid) + time_of(n.mtime) + time_of(n.ctime)
    return out + b"".join(write() for _, there, write in parts if there)


def write_extents(extents):
    out, end = varint(len(extents)), 0
    for offset, size in extents:
        out += varint((offset - end) % 2**64) + varint(size)
        end = offset + size
    return out


def read_node(reader):
    parts, kind = reader.varint(), reader.u8()
    need(parts < 256 and kind in KINDS, "an unknown kind of entry")
    n = Node(reader.text(), kind)
    need(n.name not in (b"", b".", b"..") and not set(n.name) & {0, 47}, "a name that is none")
    n.mode, n.uid, n.gid = reader.varint(), reader.varint(), reader.varint()
    n.mtime = reader.zigzag() * 10**9 + reader.varint()
    n.ctime = reader.zigzag() * 10**9 + reader.varint()
    if parts & 1:
        n.user, n.group = reader.text(), reader.text()
    if parts & 2:
        n.size = reader.varint()
    if parts & 4:
        n.links, n.device, n.inode = reader.varint(), reader.varint(), reader.varint()
    if parts & 8:
        n.major, n.minor = reader.varint(), reader.varint()
    if parts & 16:
        n.target = reader.text()
    if parts & 32:
        n.attributes = reader.many(lambda: (reader.text(), reader.text()))
    if parts & 64:
        n.extents, end = [], 0
        for _ in range(reader.varint()):
            offset = end + reader.varint()
            end = offset + reader.varint()
            n.extents.append((offset, end - offset))
            need(end <= n.size, "an extent beyond the end")
    if parts & 128:
        content = Reader(reader.text())
        n.chunks = content.varint()
        content.end()
    return n


def write_record(path, nodes):
    body = text(path) + varint(len(nodes)) + b"".join(write_node(node) for node in nodes)
    return varint(len(body)) + body


def read_tree(repository, snapshot):
    """Each listing as (path, nodes)."""
    reader = Reader(b"".join(repository.chunk(id, TREE) for id in snapshot.tree))
    while reader.left():
        body = Reader(reader.take(reader.varint()))
        path = body.text()
        nodes = body.many(lambda: read_node(body))
        body.end()
        yield path, nodes


def read_entries(repository, snapshot):
    """Each entry as (path, node, content without holes)."""
    ids = b"".join(repository.chunk(id, REFERENCES) for id in snapshot.references)
    need(len(ids) == 16 * snapshot.reference_count, "another number of references")
    at = 0
    for folder, nodes in read_tree(repository, snapshot):
        for node in nodes:
            content = b"".join(repository.chunk(ids[k:k + 16], DATA)
                               for k in range(at, at + 16 * node.chunks, 16))
            at += 16 * node.chunks
            need(node.kind != 1 or len(content) == (
                node.size if node.extents is None else sum(size for _, size in node.extents)),
                "chunks that do not add up")
            yield (folder + b"/" if folder else b"") + node.name, node, content
    need(at == len(ids), "references that nothing refers to")


# Writing -----------------------------------------------------------------------------------------


class Writer:
    """Collects chunks of one pack, then publishes pack, index and snapshots. Every lie is an
    argument."""

    def __init__(self, repository):
        self.repository, self.body = repository, b""
        self.pack = Pack(new_id(), created=instant())
        self.secrets = []
        for form in (0, 1):
            name, key = new_id(), os.urandom(32)
            if form == 1:
                key = derive_named(derive(repository.writer, 4), name)
            public = bytes.fromhex(repository.config["public_keys"][-1])
            self.pack.keys.append((form, name if form else wrap(public, key)))
            self.secrets.append(key)

    def chunk(self, kind, plain, id=None, claimed_bytes=None, packed=None):
        id = id or self.repository.chunk_id(kind, plain)
        if any(blob.id == id for blob in self.pack.blobs):
            return id
        packed = compress(plain) if packed is None else packed
        size = len(plain) if claimed_bytes is None else claimed_bytes
        key = 1 if kind == REFERENCES else 0
        blob = Blob(id, kind, key, size, len(packed) + 16, 24 + len(self.body))
        blob.pack = self.pack
        self.body += gcm_seal(self.secrets[key], id[:12], packed, self.repository.label(blob))
        self.pack.blobs.append(blob)
        return id

    def finish(self, index_id=None, packs=None):
        repository, pack = self.repository, self.pack
        head = header("P") + pack.id + self.body
        table = repository.seal("T", pack.id, write_table(pack))
        tail = table + struct.pack("<I", len(table)) + b"BKPE"
        raw = head + bytes(-(len(head) + len(tail)) % 4096) + tail
        pack.size = len(raw)
        pack.digest = gmac(derive_named(derive(repository.writer, 5), pack.id), raw)
        repository.write("packs/" + pack.id.hex(), raw)
        repository.put("I", write_index(packs or [pack]), index_id)
        if not packs:
            repository.load_index()

    def snapshot(self, listings, contents, **fields):
        """`listings`: [(path, nodes)]; `contents`: the chunks' plain bytes of each file in turn, or
        ids of chunks that are there."""
        ids = [part if isinstance(part, Id) else self.chunk(DATA, part) for part in contents]
        tree = b"".join(write_record(path, nodes) for path, nodes in listings)
        every = [node for _, nodes in listings for node in nodes]
        count = lambda kinds: sum(node.kind in kinds for node in every)
        given = dict(
            files=count([1]), folders=count([2]), others=count([3, 4, 5, 6, 7]),
            content_bytes=sum(node.size for node in every), reference_count=len(ids),
            tree=[self.chunk(TREE, tree[k:k + 65536]) for k in range(0, len(tree), 65536)],
            references=[self.chunk(REFERENCES, b"".join(ids[k:k + 4096]))
                        for k in range(0, len(ids), 4096)])
        return Snapshot(**dict(given, **fields))


class Id(bytes):
    """A chunk that is there, instead of its bytes."""


def publish(repository, snapshot, head=True, id=None):
    """Each sequence is one more than any before."""
    if snapshot.sequence == 0:
        snapshot.sequence = 1 + max([0] + [read_snapshot(repository.get("S", other)).sequence
                                           for other in repository.names("snapshots")])
    id = repository.put("S", write_snapshot(snapshot), id)
    if head:
        repository.put("H", b"", id)
        for other in repository.names("heads"):
            if other != id:
                os.unlink(os.path.join(repository.path, "heads", other.hex()))
    return id
