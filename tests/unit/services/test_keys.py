"""Where keys are kept, what locked data opens with, and by what the county knows a resident."""

import hashlib
import hmac
from collections.abc import Callable
from pathlib import Path

import pytest
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric.ec import SECP256R1, generate_private_key
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.kdf.hkdf import HKDF
from hypothesis import assume, given
from hypothesis import strategies as st

from services import keys
from services.keys import KeyFileError, SealBrokenError, Vault
from tests.support.certification import identity_number

FILES = ("data.key", "pseudonym.key", "signing.pem")
SHARED = bytes(range(32))
VAULT = Vault(bytes(32))

contexts = st.text(min_size=1, max_size=30)


# --- files


def test_keys_are_read_as_they_were_made(tmp_path: Path) -> None:
    made = keys.create(tmp_path / "new" / "keys", SHARED)
    loaded = keys.load(tmp_path / "new" / "keys")
    assert loaded.public_key == made.public_key
    assert loaded.pseudonym_key == SHARED
    assert loaded.vault.unlock(made.vault.lock(b"plain", "here"), "here") == b"plain"
    Ed25519PublicKey.from_public_bytes(made.public_key).verify(loaded.signing.sign(b"record"), b"record")


def test_only_their_owner_can_read_them(tmp_path: Path) -> None:
    folder = tmp_path / "keys"
    keys.create(folder)
    assert folder.stat().st_mode & 0o777 == 0o700
    assert {file.name: file.stat().st_mode & 0o777 for file in folder.iterdir()} == dict.fromkeys(FILES, 0o600)


def test_every_point_has_keys_of_its_own(tmp_path: Path) -> None:
    one, other = keys.create(tmp_path / "one"), keys.create(tmp_path / "other")
    assert one.public_key != other.public_key
    assert one.vault != other.vault
    assert one.pseudonym_key != other.pseudonym_key


@pytest.mark.parametrize("kept", FILES)
def test_a_key_that_is_there_is_kept_and_none_is_made_beside_it(tmp_path: Path, kept: str) -> None:
    (tmp_path / kept).write_bytes(b"precious")
    with pytest.raises(KeyFileError, match=kept):
        keys.create(tmp_path)
    assert {file.name: file.read_bytes() for file in tmp_path.iterdir()} == {kept: b"precious"}


def test_what_a_power_cut_left_behind_is_in_nobodys_way(tmp_path: Path) -> None:
    (tmp_path / "data.key.part").write_bytes(b"half")
    (tmp_path / "data.key.part").chmod(0o644)
    keys.create(tmp_path)
    keys.load(tmp_path)
    assert sorted(file.name for file in tmp_path.iterdir()) == list(FILES)


def test_a_folder_that_cannot_be_made_is_named(tmp_path: Path) -> None:
    (tmp_path / "keys").write_text("a file")
    with pytest.raises(KeyFileError, match="keys"):
        keys.create(tmp_path / "keys")


@pytest.mark.parametrize("length", [0, 31, 33])
def test_a_shared_key_of_a_wrong_length_makes_nothing(tmp_path: Path, length: int) -> None:
    with pytest.raises(ValueError, match=str(length)):
        keys.create(tmp_path / "keys", bytes(length))
    assert not (tmp_path / "keys").exists()


def _ec_key() -> bytes:
    return generate_private_key(SECP256R1()).private_bytes(
        serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
    )


@pytest.mark.parametrize(
    ("name", "harm", "said"),
    [
        *((name, Path.unlink, "is missing.*kiosk init") for name in FILES),
        *((name, lambda file: file.chmod(0o640), "open to others: chmod 600") for name in FILES),
        *((name, lambda file: file.chmod(0o604), "open to others: chmod 600") for name in FILES),
        ("data.key", lambda file: file.write_bytes(bytes(31)), "31 bytes instead of 32"),
        ("pseudonym.key", lambda file: file.write_bytes(bytes(33)), "33 bytes instead of 32"),
        ("signing.pem", lambda file: file.write_bytes(b""), "not a private key"),
        ("signing.pem", lambda file: file.write_bytes(_ec_key()), "not an Ed25519 key"),
    ],
)
def test_a_bad_file_is_refused_by_name(tmp_path: Path, name: str, harm: Callable[[Path], object], said: str) -> None:
    keys.create(tmp_path)
    harm(tmp_path / name)
    with pytest.raises(KeyFileError, match=f"{name}.*{said}"):
        keys.load(tmp_path)


def test_secrets_are_not_shown(tmp_path: Path) -> None:
    made = keys.create(tmp_path, SHARED)
    assert repr(made.vault.key) not in repr(made)
    assert repr(SHARED) not in repr(made)


# --- the vault


@given(key=st.binary(min_size=32, max_size=32), plain=st.binary(max_size=200), context=contexts)
def test_what_is_locked_opens_in_its_place(key: bytes, plain: bytes, context: str) -> None:
    sealed = Vault(key).lock(plain, context)
    assert len(sealed) == 12 + len(plain) + 16
    assert Vault(key).unlock(sealed, context) == plain


@given(plain=st.binary(max_size=50), context=contexts, other=contexts)
def test_it_opens_in_no_other_place(plain: bytes, context: str, other: str) -> None:
    assume(context != other)
    sealed = VAULT.lock(plain, context)
    with pytest.raises(SealBrokenError, match="cannot be opened"):
        VAULT.unlock(sealed, other)


@given(plain=st.binary(max_size=50), key=st.binary(min_size=32, max_size=32))
def test_it_opens_with_no_other_key(plain: bytes, key: bytes) -> None:
    assume(key != VAULT.key)
    with pytest.raises(SealBrokenError):
        Vault(key).unlock(VAULT.lock(plain, "here"), "here")


@given(plain=st.binary(max_size=50), data=st.data())
def test_one_changed_bit_breaks_the_seal(plain: bytes, data: st.DataObject) -> None:
    sealed = bytearray(VAULT.lock(plain, "here"))
    bit = data.draw(st.integers(0, 8 * len(sealed) - 1))
    sealed[bit // 8] ^= 1 << bit % 8
    with pytest.raises(SealBrokenError):
        VAULT.unlock(bytes(sealed), "here")


@given(st.binary(max_size=60))
def test_anything_else_does_not_open(sealed: bytes) -> None:
    with pytest.raises(SealBrokenError):
        VAULT.unlock(sealed, "here")


def test_nothing_shows_that_two_are_equal() -> None:
    assert VAULT.lock(b"plain", "here") != VAULT.lock(b"plain", "here")


def test_it_is_aes_256_gcm_under_a_key_of_its_own() -> None:
    """So that somebody who has the key can open it without this program."""
    sealed = VAULT.lock(b"plain", "here")
    derived = HKDF(SHA256(), 32, salt=None, info=b"village-kiosk/lock").derive(VAULT.key)
    assert AESGCM(derived).decrypt(sealed[:12], sealed[12:], b"here") == b"plain"


@given(one=st.text(max_size=30), other=st.text(max_size=30))
def test_an_index_finds_a_value_without_telling_it(one: str, other: str) -> None:
    assert (VAULT.blind_index(one) == VAULT.blind_index(other)) == (one == other)
    assert len(VAULT.blind_index(one)) == 32
    assert VAULT.blind_index(one) != Vault(bytes([1]) * 32).blind_index(one)
    assert VAULT.blind_index(one) != hmac.digest(VAULT.key, one.encode(), hashlib.sha256)


# --- pseudonyms


def test_points_of_one_county_agree_on_a_pseudonym(tmp_path: Path) -> None:
    number = identity_number()
    one, other = (keys.create(tmp_path / name, SHARED) for name in ("one", "other"))
    assert one.pseudonym(number) == other.pseudonym(number) == hmac.new(SHARED, number.encode(), "sha256").hexdigest()
    assert one.pseudonym(number) != one.pseudonym(identity_number(2))
    assert one.pseudonym(number) != keys.create(tmp_path / "elsewhere").pseudonym(number)
