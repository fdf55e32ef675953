"""How a record is sealed: canonical JSON (RFC 8785), SHA-256, the hash of the record before, Ed25519 (RFC 8032).

Everything here is pure and works on the JSON document itself, so that a receiver verifies what was sent and never
what its own models would have written.
"""

import base64
import binascii
import hashlib
import json
from collections.abc import Mapping
from typing import Any

import rfc8785
from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey, Ed25519PublicKey

#: What stands for the hash before the first record of an epoch.
NO_RECORD = "0" * 64

#: More than any record needs; a longer message is refused unread.
MAX_BYTES = 65_536

_SEAL = ("hash", "signature")
_SIGNATURE_BYTES = 64


class EnvelopeError(Exception):
    """A document is not a sound envelope, or not one of whom it says.

    Attributes:
        reason: one word for it; `json`, `size`, `hash` or `signature` here.
    """

    def __init__(self, reason: str, detail: str) -> None:
        super().__init__(f"{reason}: {detail}")
        self.reason = reason


def canonical(document: Mapping[str, Any]) -> bytes:
    """The document in the one form that RFC 8785 allows, in UTF-8.

    Raises:
        EnvelopeError: it holds what JSON, or a double of IEEE 754, cannot hold.
    """
    try:
        return rfc8785.dumps(dict(document))
    except (rfc8785.CanonicalizationError, RecursionError, UnicodeEncodeError) as error:
        raise EnvelopeError("json", f"no canonical form: {error}") from error


def digest(document: Mapping[str, Any]) -> str:
    """SHA-256 over the canonical form of everything but the seal itself, in hex."""
    content = {name: value for name, value in document.items() if name not in _SEAL}
    return hashlib.sha256(canonical(content)).hexdigest()


def seal(document: Mapping[str, Any], key: Ed25519PrivateKey) -> dict[str, Any]:
    """The document with `hash` and `signature`, the latter over the 32 bytes of the hash, base64url without padding."""
    value = digest(document)
    signature = key.sign(bytes.fromhex(value))
    return {**document, "hash": value, "signature": base64.urlsafe_b64encode(signature).rstrip(b"=").decode()}


def verify(document: Mapping[str, Any], key: Ed25519PublicKey) -> None:
    """Make sure that a document is what the holder of the key sealed.

    Raises:
        EnvelopeError: its hash or its signature is not right.
    """
    value = digest(document)
    if document.get("hash") != value:
        raise EnvelopeError("hash", "it is not the hash of the content")
    try:
        key.verify(_signature(document.get("signature")), bytes.fromhex(value))
    except InvalidSignature as error:
        raise EnvelopeError("signature", "it was not made with the key of this point") from error


def parse(payload: bytes) -> dict[str, Any]:
    """Read a JSON object as it came over the wire.

    Raises:
        EnvelopeError: it is too long, or no JSON object in UTF-8 in which every name stands once.
    """
    if len(payload) > MAX_BYTES:
        raise EnvelopeError("size", f"{len(payload)} bytes, {MAX_BYTES} are allowed")
    try:
        document = json.loads(payload.decode("utf-8"), object_pairs_hook=_once, parse_constant=_no_constant)
    except (ValueError, RecursionError) as error:
        raise EnvelopeError("json", str(error)) from error
    if not isinstance(document, dict):
        raise EnvelopeError("json", "it is not an object")
    return document


def _signature(text: object) -> bytes:
    try:
        if not isinstance(text, str):
            raise EnvelopeError("signature", "there is none")
        signature = base64.b64decode(text + "=" * (-len(text) % 4), altchars=b"-_", validate=True)
    except (binascii.Error, ValueError) as error:
        raise EnvelopeError("signature", "it is not base64url") from error
    if len(signature) != _SIGNATURE_BYTES:
        raise EnvelopeError("signature", f"{len(signature)} bytes instead of {_SIGNATURE_BYTES}")
    return signature


def _once(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    document = dict(pairs)
    if len(document) != len(pairs):
        raise ValueError("a name stands twice in one object")
    return document


def _no_constant(name: str) -> Any:
    raise ValueError(f"{name} is not JSON")
