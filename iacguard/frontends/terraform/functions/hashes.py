"""Hash functions, over the UTF-8 bytes of a text."""

from __future__ import annotations

from iacguard.frontends.terraform.functions.context import FunctionError

_NAMESPACES = {
    "dns": "6ba7b810-9dad-11d1-80b4-00c04fd430c8",
    "url": "6ba7b811-9dad-11d1-80b4-00c04fd430c8",
    "oid": "6ba7b812-9dad-11d1-80b4-00c04fd430c8",
    "x500": "6ba7b814-9dad-11d1-80b4-00c04fd430c8",
}


def digest(algorithm: str, data: bytes) -> bytes:
    """The digest of ``data``; ``algorithm`` is one of hashlib's names."""
    import hashlib

    return hashlib.new(algorithm, data, usedforsecurity=False).digest()


def base64_digest(algorithm: str, data: bytes) -> str:
    """The digest as Base64 text."""
    import base64

    return base64.b64encode(digest(algorithm, data)).decode("ascii")


def md5(text: str) -> str:
    return digest("md5", text.encode()).hex()


def sha1(text: str) -> str:
    return digest("sha1", text.encode()).hex()


def sha256(text: str) -> str:
    return digest("sha256", text.encode()).hex()


def sha512(text: str) -> str:
    return digest("sha512", text.encode()).hex()


def base64sha256(text: str) -> str:
    return base64_digest("sha256", text.encode())


def base64sha512(text: str) -> str:
    return base64_digest("sha512", text.encode())


def uuidv5(namespace: str, name: str) -> str:
    """RFC 4122, version 5: the SHA-1 of a namespace and a name."""
    import uuid

    try:
        space = uuid.UUID(_NAMESPACES.get(namespace, namespace))
    except ValueError:
        raise FunctionError(f"{namespace[:50]!r} is not a namespace") from None
    return str(uuid.uuid5(space, name))
