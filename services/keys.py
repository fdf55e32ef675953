"""The point's keys, all files apart from the database.

One signs its records, one locks personal data, and one, the county's own, names residents to the county.
"""

import hashlib
import hmac
import os
import stat
from dataclasses import dataclass, field
from pathlib import Path

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from cryptography.hazmat.primitives.kdf.hkdf import HKDF

_NONCE_BYTES = 12  # NIST SP 800-38D: 96 bits, drawn at random for each message
_DATA_KEY_BYTES = 32
_PSEUDONYM_KEY_BYTES = 32
_SIGNING_KEY_FILE = "signing.pem"
_DATA_KEY_FILE = "data.key"
_PSEUDONYM_KEY_FILE = "pseudonym.key"


class KeyFileError(Exception):
    """A key file is missing, unreadable or open to others; the message names it and says what to do."""


class SealBrokenError(Exception):
    """Locked data was changed, belongs elsewhere, or was locked with another key."""


@dataclass(frozen=True, slots=True)
class Vault:
    """Locks personal data for the database with AES-256-GCM and makes blind indexes of it.

    Attributes:
        key: 32 secret bytes.
    """

    key: bytes = field(repr=False)

    def lock(self, plain: bytes, context: str) -> bytes:
        """Encrypt for one place.

        Args:
            plain: what is to be locked.
            context: where it will be kept, such as `resident/<id>/name`: it opens nowhere else.

        Returns:
            The nonce of 12 bytes, the ciphertext and the tag of 16 bytes.
        """
        nonce = os.urandom(_NONCE_BYTES)
        return nonce + AESGCM(self._subkey("lock")).encrypt(nonce, plain, context.encode())

    def unlock(self, sealed: bytes, context: str) -> bytes:
        """Decrypt what `lock` made for the same context.

        Raises:
            SealBrokenError: it was changed, belongs elsewhere, or the key is another.
        """
        try:
            return AESGCM(self._subkey("lock")).decrypt(sealed[:_NONCE_BYTES], sealed[_NONCE_BYTES:], context.encode())
        except (InvalidTag, ValueError) as error:
            raise SealBrokenError(f"what is kept at {context} cannot be opened with this key") from error

    def blind_index(self, value: str) -> bytes:
        """A keyed digest (HMAC-SHA-256) to look a value up by without storing it."""
        return hmac.digest(self._subkey("index"), value.encode(), hashlib.sha256)

    def _subkey(self, purpose: str) -> bytes:
        return HKDF(hashes.SHA256(), _DATA_KEY_BYTES, salt=None, info=f"village-kiosk/{purpose}".encode()).derive(
            self.key
        )


@dataclass(frozen=True, slots=True)
class PointKeys:
    """The keys of a point.

    Attributes:
        signing: Ed25519 (RFC 8032), signs the records.
        vault: locks personal data.
        pseudonym_key: 32 secret bytes that the county gave all its points, see `pseudonym`.
    """

    signing: Ed25519PrivateKey
    vault: Vault
    pseudonym_key: bytes = field(repr=False)

    @property
    def public_key(self) -> bytes:
        """The 32 bytes by which the county verifies this point's records."""
        return self.signing.public_key().public_bytes_raw()

    def pseudonym(self, number: str) -> str:
        """By what the county knows the holder of an identity number: HMAC-SHA-256 (RFC 2104) of it, in hex.

        Args:
            number: all 18 characters in their standard form, with a capital X.
        """
        return hmac.digest(self.pseudonym_key, number.encode("ascii"), hashlib.sha256).hex()


def create(folder: Path, pseudonym_key: bytes | None = None) -> PointKeys:
    """Make the keys and write them, readable by their owner alone. Where one exists already, none is written.

    Args:
        folder: where to; made when it is missing.
        pseudonym_key: the county's; drawn where there is no county to ask, as in a demonstration.

    Raises:
        KeyFileError: a key file is there already, or the folder cannot be written.
        ValueError: the county's key does not have 32 bytes.
    """
    if pseudonym_key is not None and len(pseudonym_key) != _PSEUDONYM_KEY_BYTES:
        raise ValueError(f"the pseudonym key has {len(pseudonym_key)} bytes instead of {_PSEUDONYM_KEY_BYTES}")
    keys = PointKeys(
        Ed25519PrivateKey.generate(),
        Vault(os.urandom(_DATA_KEY_BYTES)),
        pseudonym_key or os.urandom(_PSEUDONYM_KEY_BYTES),
    )
    pem = keys.signing.private_bytes(
        serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
    )
    try:
        folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        for name in (_SIGNING_KEY_FILE, _DATA_KEY_FILE, _PSEUDONYM_KEY_FILE):
            if (folder / name).exists():
                raise KeyFileError(
                    f"{folder / name} exists already and is kept: a lost key makes every stored template useless"
                )
        _write_private(folder / _SIGNING_KEY_FILE, pem)
        _write_private(folder / _DATA_KEY_FILE, keys.vault.key)
        _write_private(folder / _PSEUDONYM_KEY_FILE, keys.pseudonym_key)
        _synchronise(folder)
    except OSError as error:
        raise KeyFileError(f"the keys cannot be written to {folder}: {error.strerror}") from error
    return keys


def load(folder: Path) -> PointKeys:
    """Read the keys.

    Raises:
        KeyFileError: a file is missing, unreadable, open to others or not a key.
    """
    pem = _read_private(folder / _SIGNING_KEY_FILE)
    data_key = _read_private_of(folder / _DATA_KEY_FILE, _DATA_KEY_BYTES)
    pseudonym_key = _read_private_of(folder / _PSEUDONYM_KEY_FILE, _PSEUDONYM_KEY_BYTES)
    try:
        signing = serialization.load_pem_private_key(pem, password=None)
    except ValueError as error:
        raise KeyFileError(f"{folder / _SIGNING_KEY_FILE} is not a private key") from error
    if not isinstance(signing, Ed25519PrivateKey):
        raise KeyFileError(f"{folder / _SIGNING_KEY_FILE} is not an Ed25519 key")
    return PointKeys(signing, Vault(data_key), pseudonym_key)


def _write_private(path: Path, content: bytes) -> None:
    """Have the content on disk before the name, and take no name that is taken."""
    part = path.with_name(path.name + ".part")
    part.unlink(missing_ok=True)
    descriptor = os.open(part, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    with os.fdopen(descriptor, "wb") as file:
        file.write(content)
        file.flush()
        os.fsync(descriptor)
    try:
        os.link(part, path)
    finally:
        part.unlink()


def _synchronise(folder: Path) -> None:
    descriptor = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


def _read_private_of(path: Path, length: int) -> bytes:
    key = _read_private(path)
    if len(key) != length:
        raise KeyFileError(f"{path} has {len(key)} bytes instead of {length}")
    return key


def _read_private(path: Path) -> bytes:
    try:
        if path.stat().st_mode & (stat.S_IRWXG | stat.S_IRWXO):
            raise KeyFileError(f"{path} is open to others: chmod 600 {path}")
        return path.read_bytes()
    except FileNotFoundError as error:
        raise KeyFileError(f"{path} is missing: make the point's keys with: kiosk init") from error
    except OSError as error:
        raise KeyFileError(f"{path} cannot be read: {error.strerror}") from error
