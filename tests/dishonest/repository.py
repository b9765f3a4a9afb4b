"""A second implementation of the repository, from docs/format.md alone. It believes nothing it
reads, and writes what it is told to: lies included."""
import datetime
import json
import os

from primitives import *

FORMAT = 1
SUITE = "bc1:hmac-sha256/aes-256-gcm/x25519/xchacha20-poly1305/argon2id"
FOLDERS = ("keys", "packs", "index", "snapshots", "heads", "marks", "journal", "leases")
DATA, TREE, REFERENCES = 0, 1, 2
MAX_PLAIN = 512 << 10


def new_id():
    return os.urandom(16)


def header(kind, rotations=0):
    return b"BKC" + kind.encode() + bytes([FORMAT]) + struct.pack("<H", rotations) + b"\0"


def config_text(document, key):
    """The document with its MAC: over it as JSON with sorted keys and no white space."""
    plain = {name: value for name, value in document.items() if name != "mac"}
    covered = json.dumps(plain, sort_keys=True, separators=(",", ":"), ensure_ascii=False)
    return json.dumps(dict(plain, mac=mac(key, covered.encode()).hex()), sort_keys=True, indent=1)


def slot_associated(project, slot, operations, memory_bytes, salt):
    return (b"backcast key slot" + bytes([FORMAT]) + project + slot +
            struct.pack("<QQ", operations, memory_bytes) + salt)


class Blob:
    def __init__(self, id, kind, key, plain_bytes, stored_bytes, offset=0):
        self.id, self.kind, self.key = id, kind, key
        self.plain_bytes, self.stored_bytes, self.offset = plain_bytes, stored_bytes, offset
        self.pack = None


class Pack:
    def __init__(self, id, size=0, digest=bytes(16), created=0, keys=(), blobs=()):
        self.id, self.size, self.digest, self.created = id, size, digest, created
        self.keys, self.blobs = list(keys), list(blobs)  # a key: (form, 80 or 16 bytes)


def write_table(pack):
    out = zigzag(pack.created) + varint(len(pack.keys))
    out += b"".join(bytes([form]) + raw for form, raw in pack.keys)
    out += varint(len(pack.blobs))
    for blob in pack.blobs:
        out += (blob.id + varint(blob.key * 4 + blob.kind) + varint(blob.plain_bytes) +
                varint(blob.plain_bytes + 16 - blob.stored_bytes))
    return out


def read_table(reader):
    pack = Pack(None, created=reader.zigzag())

    def key():
        form = reader.u8()
        need(form < 2, "an unknown form of key")
        return form, reader.take(16 if form else 80)

    pack.keys = reader.many(key)
    offset = 24
    for _ in range(reader.varint()):
        id, key_and_kind = reader.take(16), reader.varint()
        plain, saved = reader.varint(), reader.varint()
        need(plain <= MAX_PLAIN and saved <= plain, "a length beyond bounds")
        need(key_and_kind % 4 <= 2 and key_and_kind // 4 < len(pack.keys), "an unknown key")
        blob = Blob(id, key_and_kind % 4, key_and_kind // 4, plain, plain + 16 - saved, offset)
        blob.pack = pack
        pack.blobs.append(blob)
        offset += blob.stored_bytes
    return pack


def write_index(packs):
    return varint(len(packs)) + b"".join(
        pack.id + varint(pack.size) + pack.digest + write_table(pack) for pack in packs)


def read_index(plain):
    reader = Reader(plain)

    def pack():
        id, size, digest = reader.take(16), reader.varint(), reader.take(16)
        table = read_table(reader)
        table.id, table.size, table.digest = id, size, digest
        return table

    packs = reader.many(pack)
    reader.end()
    return packs


class Repository:
    """`path`: a folder that is there. What it wrote last stands in its members."""

    def __init__(self, path, passphrase):
        self.path = path
        self.config = json.loads(self.read("config"))
        need(self.config["format"] == FORMAT and self.config["suite"] == SUITE, "another format")
        self.id = bytes.fromhex(self.config["repository"])
        self.project = bytes.fromhex(self.config["project"])
        self.rotations = len(self.config["public_keys"]) - 1
        self.open_keys(passphrase)
        covered = dict(self.config)
        need(json.loads(config_text(covered, derive(self.writer, 6))) == self.config,
             "config was changed")
        self.load_index()

    @staticmethod
    def create(path, passphrase, like=None):
        for name in FOLDERS:
            os.makedirs(os.path.join(path, name), exist_ok=True)
        project, writer, private = new_id(), os.urandom(32), os.urandom(32)
        if like:
            project, writer, private = like.project, like.writer, like.private[-1]
        slot, salt = new_id(), os.urandom(16)
        operations, memory = 3, 8 << 20
        sealed = xchacha_seal(argon2id(passphrase, salt, operations, memory),
                              project + writer + varint(1) + private,
                              slot_associated(project, slot, operations, memory, salt))
        now = datetime.datetime.now(datetime.timezone.utc).strftime("%Y-%m-%dT%H:%M:%SZ")
        key_file = {"format": FORMAT, "label": "python", "created": now, "sealed": sealed.hex(),
                    "argon2id": {"operations": operations, "memory_bytes": memory,
                                 "salt": salt.hex()}}
        config = {"format": FORMAT, "suite": SUITE, "repository": new_id().hex(),
                  "project": project.hex(), "public_keys": [public_key(private).hex()],
                  "created": now}
        for name, content in (("keys/" + slot.hex(), json.dumps(key_file)),
                              ("config", config_text(config, derive(writer, 6)))):
            with open(os.path.join(path, name), "w") as out:
                out.write(content)
        return Repository(path, passphrase)

    def read(self, name):
        with open(os.path.join(self.path, name), "rb") as file:
            return file.read()

    def write(self, name, content):
        path = os.path.join(self.path, name)
        os.makedirs(os.path.dirname(path), exist_ok=True)
        with open(path, "wb") as out:
            out.write(content)

    def names(self, folder):
        try:
            listed = sorted(os.listdir(os.path.join(self.path, folder)))
        except FileNotFoundError:
            return []
        return [bytes.fromhex(name) for name in listed
                if len(name) == 32 and set(name) <= set("0123456789abcdef")]

    def open_keys(self, passphrase):
        for slot in self.names("keys"):
            file = json.loads(self.read("keys/" + slot.hex()))
            cost = file["argon2id"]
            salt = bytes.fromhex(cost["salt"])
            key = argon2id(passphrase, salt, cost["operations"], cost["memory_bytes"])
            try:
                plain = xchacha_open(key, bytes.fromhex(file["sealed"]), slot_associated(
                    self.project, slot, cost["operations"], cost["memory_bytes"], salt))
            except Damaged:
                continue
            reader = Reader(plain)
            need(reader.take(16) == self.project, "keys of another project")
            self.writer = reader.take(32)
            self.private = reader.many(lambda: reader.take(32))  # oldest first
            reader.end()
            return
        raise Damaged("no key opens")

    # Small objects

    def object_name(self, kind, id):
        folder = {"I": "index", "S": "snapshots", "M": "marks", "J": "journal", "H": "heads"}[kind]
        return folder + "/" + id.hex()

    def seal(self, kind, id, plain):
        head = header(kind, self.rotations)
        associated = b"backcast object" + head + self.id + id
        return head + xchacha_seal(derive(self.writer, 3), plain, associated)

    def open(self, kind, id, sealed):
        head = sealed[:8]
        need(head[:5] == header(kind)[:5] and head[7] == 0, "not what its name says")
        associated = b"backcast object" + head + self.id + id
        return xchacha_open(derive(self.writer, 3), sealed[8:], associated)

    def put(self, kind, plain, id=None):
        id = id or new_id()
        self.write(self.object_name(kind, id), self.seal(kind, id, plain))
        return id

    def get(self, kind, id):
        return self.open(kind, id, self.read(self.object_name(kind, id)))

    # Chunks

    def load_index(self):
        self.packs, self.blobs = {}, {}
        for id in self.names("index"):
            for pack in read_index(self.get("I", id)):
                self.packs.setdefault(pack.id, pack)
        for pack in sorted(self.packs.values(), key=lambda p: p.created):
            for blob in pack.blobs:
                self.blobs.setdefault(blob.id, blob)

    def chunk_id(self, kind, plain):
        return mac(derive(self.writer, 1), bytes([kind]) + plain)[:16]

    def label(self, blob):
        return (b"backcast" + bytes([FORMAT, blob.kind]) + self.project +
                struct.pack("<I", blob.plain_bytes) + blob.id)

    def data_key(self, key):
        form, raw = key
        if form == 1:
            return derive_named(derive(self.writer, 4), raw)
        for private in reversed(self.private):
            opened = unwrap(private, raw)
            if opened:
                return opened
        raise Damaged("a data key of nobody")

    def chunk(self, id, kind):
        blob = self.blobs.get(id)
        need(blob is not None and blob.kind == kind, "chunk %s is missing" % id.hex())
        with open(os.path.join(self.path, "packs", blob.pack.id.hex()), "rb") as file:
            file.seek(blob.offset)
            sealed = file.read(blob.stored_bytes)
        need(len(sealed) == blob.stored_bytes, "the pack is too short")
        plain = gcm_open(self.data_key(blob.pack.keys[blob.key]), id[:12], sealed, self.label(blob))
        if blob.stored_bytes != blob.plain_bytes + 16:
            plain = decompress(plain, blob.plain_bytes)
        need(self.chunk_id(kind, plain) == id, "chunk %s has another id" % id.hex())
        return plain

    def check_pack(self, id):
        """Its digest, and the table that it carries itself."""
        raw = self.read("packs/" + id.hex())
        pack = self.packs[id]
        need(raw[:24] == header("P") + id and raw[-4:] == b"BKPE", "not a whole pack")
        need(len(raw) == pack.size and len(raw) % 4096 == 0, "another length")
        need(gmac(derive_named(derive(self.writer, 5), id), raw) == pack.digest, "another digest")
        size = struct.unpack("<I", raw[-8:-4])[0]
        reader = Reader(self.open("T", id, raw[-8 - size:-8]))
        table = read_table(reader)
        reader.end()
        need(write_table(table) == write_table(pack), "another table than the index")
