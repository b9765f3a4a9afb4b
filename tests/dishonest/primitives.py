"""What docs/format.md takes as given: varints, and the primitives of suite bc1 out of the libraries
that are on the machine anyway. None of the program's code is used here."""
import ctypes
import hashlib
import hmac
import os
import struct

sodium = ctypes.CDLL("libsodium.so.23")
crypto = ctypes.CDLL("libcrypto.so.3")
zstd = ctypes.CDLL("libzstd.so.1")
assert sodium.sodium_init() >= 0
for name in ("EVP_CIPHER_CTX_new", "EVP_aes_256_gcm"):
    getattr(crypto, name).restype = ctypes.c_void_p
for name in ("ZSTD_createCCtx", "ZSTD_createDCtx"):
    getattr(zstd, name).restype = ctypes.c_void_p
for name in ("ZSTD_compress2", "ZSTD_decompressDCtx", "ZSTD_compressBound"):
    getattr(zstd, name).restype = ctypes.c_size_t


class Damaged(Exception):
    """What stands there is not what a writer writes."""


def need(condition, what):
    if not condition:
        raise Damaged(what)


# Integers and texts ------------------------------------------------------------------------------


def varint(value):
    out = bytearray()
    while value >= 0x80:
        out.append(value & 0x7F | 0x80)
        value >>= 7
    return bytes(out) + bytes([value])


def zigzag(value):
    return varint(value << 1 if value >= 0 else (-value << 1) - 1)


def text(value):
    value = value.encode() if isinstance(value, str) else value
    return varint(len(value)) + value


class Reader:
    def __init__(self, data):
        self.data, self.at = data, 0

    def left(self):
        return len(self.data) - self.at

    def take(self, size):
        need(0 <= size <= self.left(), "it ends too early")
        self.at += size
        return self.data[self.at - size:self.at]

    def u8(self):
        return self.take(1)[0]

    def varint(self):
        value = shift = 0
        while True:
            byte = self.u8()
            need(shift < 63 or byte < 2, "a number beyond 64 bits")
            need(shift == 0 or byte != 0, "a number longer than it need be")
            value |= (byte & 0x7F) << shift
            shift += 7
            if byte < 0x80:
                return value

    def zigzag(self):
        raw = self.varint()
        return raw >> 1 if raw & 1 == 0 else -(raw + 1 >> 1)

    def text(self):
        return self.take(self.varint())

    def many(self, read):
        return [read() for _ in range(self.varint())]

    def end(self):
        need(self.left() == 0, "something stands behind its end")


# Keys --------------------------------------------------------------------------------------------


def derive(key, number):
    """crypto_kdf of libsodium, context "backcast"."""
    out = ctypes.create_string_buffer(32)
    sodium.crypto_kdf_derive_from_key(out, ctypes.c_size_t(32), ctypes.c_uint64(number),
                                      b"backcast", key)
    return out.raw


def derive_named(key, name):
    return hashlib.blake2b(name, key=key, digest_size=32).digest()


def mac(key, message):
    return hmac.new(key, message, hashlib.sha256).digest()


def argon2id(passphrase, salt, operations, memory_bytes):
    out = ctypes.create_string_buffer(32)
    done = sodium.crypto_pwhash(out, ctypes.c_ulonglong(32), passphrase,
                                ctypes.c_ulonglong(len(passphrase)), salt,
                                ctypes.c_ulonglong(operations), ctypes.c_size_t(memory_bytes), 2)
    assert done == 0
    return out.raw


def public_key(private):
    out = ctypes.create_string_buffer(32)
    sodium.crypto_scalarmult_base(out, private)
    return out.raw


def wrap(public, key):
    out = ctypes.create_string_buffer(80)
    assert sodium.crypto_box_seal(out, key, ctypes.c_ulonglong(32), public) == 0
    return out.raw


def unwrap(private, wrapped):
    out = ctypes.create_string_buffer(32)
    done = sodium.crypto_box_seal_open(out, wrapped, ctypes.c_ulonglong(len(wrapped)),
                                       public_key(private), private)
    return out.raw if done == 0 else None


# Seals -------------------------------------------------------------------------------------------


def xchacha_seal(key, plain, associated):
    """nonce ‖ ciphertext ‖ tag."""
    nonce = os.urandom(24)
    out = ctypes.create_string_buffer(len(plain) + 16)
    sodium.crypto_aead_xchacha20poly1305_ietf_encrypt(
        out, None, plain, ctypes.c_ulonglong(len(plain)), associated,
        ctypes.c_ulonglong(len(associated)), None, nonce, key)
    return nonce + out.raw


def xchacha_open(key, sealed, associated):
    need(len(sealed) >= 40, "too short for a seal")
    out = ctypes.create_string_buffer(len(sealed) - 40 + 1)
    done = sodium.crypto_aead_xchacha20poly1305_ietf_decrypt(
        out, None, None, sealed[24:], ctypes.c_ulonglong(len(sealed) - 24), associated,
        ctypes.c_ulonglong(len(associated)), sealed[:24], key)
    need(done == 0, "the seal is broken")
    return out.raw[:len(sealed) - 40]


def _gcm(key, nonce, associated, data, tag=None):
    """Ciphertext and tag, or with a tag the plain text."""
    context = ctypes.c_void_p(crypto.EVP_CIPHER_CTX_new())
    size = ctypes.c_int(0)
    out = ctypes.create_string_buffer(len(data) + 16)
    opening = tag is not None
    call = lambda name, *args: getattr(
        crypto, "EVP_%s%s_ex" % ("Decrypt" if opening else "Encrypt", name))(context, *args)
    update = crypto.EVP_DecryptUpdate if opening else crypto.EVP_EncryptUpdate
    call("Init", ctypes.c_void_p(crypto.EVP_aes_256_gcm()), None, key, nonce)
    if associated:
        update(context, None, ctypes.byref(size), associated, len(associated))
    if data:
        update(context, out, ctypes.byref(size), data, len(data))
    if opening:
        crypto.EVP_CIPHER_CTX_ctrl(context, 0x11, 16, tag)
    good = call("Final", out, ctypes.byref(size)) == 1
    if not opening:
        tag_out = ctypes.create_string_buffer(16)
        crypto.EVP_CIPHER_CTX_ctrl(context, 0x10, 16, tag_out)
    crypto.EVP_CIPHER_CTX_free(context)
    need(good, "the seal is broken")
    return out.raw[:len(data)] + (b"" if opening else tag_out.raw)


def gcm_seal(key, nonce, plain, associated):
    return _gcm(key, nonce, associated, plain)


def gcm_open(key, nonce, sealed, associated):
    need(len(sealed) >= 16, "too short for a seal")
    return _gcm(key, nonce, associated, sealed[:-16], sealed[-16:])


def gmac(key, message):
    """AES-256-GMAC with nonce 0."""
    return _gcm(key, bytes(12), message, b"")


# Compression -------------------------------------------------------------------------------------

MAGIC = struct.pack("<I", 0xFD2FB528)


def compress(plain, level=3):
    """One frame without magic number, content size and checksum; `plain` if that is no shorter."""
    context = ctypes.c_void_p(zstd.ZSTD_createCCtx())
    zstd.ZSTD_CCtx_setParameter(context, 100, level)
    zstd.ZSTD_CCtx_setParameter(context, 200, 0)  # ZSTD_c_contentSizeFlag
    room = zstd.ZSTD_compressBound(ctypes.c_size_t(len(plain)))
    out = ctypes.create_string_buffer(room)
    size = zstd.ZSTD_compress2(context, out, ctypes.c_size_t(room), plain,
                               ctypes.c_size_t(len(plain)))
    zstd.ZSTD_freeCCtx(context)
    assert not zstd.ZSTD_isError(ctypes.c_size_t(size))
    assert out.raw[:4] == MAGIC
    return out.raw[4:size] if size - 4 < len(plain) else plain


def decompress(packed, size):
    context = ctypes.c_void_p(zstd.ZSTD_createDCtx())
    out = ctypes.create_string_buffer(size + 1)
    packed = MAGIC + packed
    got = zstd.ZSTD_decompressDCtx(context, out, ctypes.c_size_t(size), packed,
                                   ctypes.c_size_t(len(packed)))
    zstd.ZSTD_freeDCtx(context)
    need(got == size, "does not decompress to its length")
    return out.raw[:size]
