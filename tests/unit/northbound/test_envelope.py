import json
from typing import Any

import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from hypothesis import given
from hypothesis import strategies as st

from services.northbound import envelope
from services.northbound.envelope import EnvelopeError

KEY = Ed25519PrivateKey.from_private_bytes(bytes(range(32)))

json_values = st.recursive(
    st.none() | st.booleans() | st.integers(-(2**53) + 1, 2**53 - 1) | st.text(st.characters(codec="utf-8")),
    lambda inner: (
        st.lists(inner, max_size=4) | st.dictionaries(st.text(st.characters(codec="utf-8")), inner, max_size=4)
    ),
    max_leaves=12,
)
documents = st.dictionaries(st.text(st.characters(codec="utf-8"), max_size=8), json_values, max_size=6)


def test_the_seal_of_a_known_document_is_the_documented_one() -> None:
    """The example that docs/protocol/README.md gives, so that another implementation can compare."""
    sealed = envelope.seal({"seq": 1, "body": {"kind": "示例"}, "prev": envelope.NO_RECORD}, KEY)

    assert (
        envelope.canonical({k: v for k, v in sealed.items() if k not in {"hash", "signature"}})
        == ('{"body":{"kind":"示例"},"prev":"' + "0" * 64 + '","seq":1}').encode()
    )
    assert sealed["hash"] == "607f209bdf606bd8e06c1728d826907ff5428d6bc24ed202bd1c16258d7e1b75"
    assert (
        sealed["signature"] == "w5omnteCpU_yorCtsawJMUhuKJIKf7SGeWDOmxi92jgNbiuUjbF7LZbsJHeQo7RAn1HRT7vHCRD5MvgQDfWQAw"
    )


@given(documents)
def test_what_was_sealed_verifies_after_any_json_journey(document: dict[str, Any]) -> None:
    content = {name: value for name, value in document.items() if name not in {"hash", "signature"}}
    text = json.dumps(envelope.seal(content, KEY), ensure_ascii=True, indent=1)

    envelope.verify(json.loads(text), KEY.public_key())


@given(documents, st.text(min_size=1, max_size=8).filter(lambda name: name not in {"hash", "signature"}), json_values)
def test_any_change_breaks_the_seal(document: dict[str, Any], name: str, value: Any) -> None:
    content = {key: kept for key, kept in document.items() if key not in {"hash", "signature"}}
    sealed = envelope.seal(content, KEY)
    changed = {**sealed, name: value}
    if json.dumps(changed, sort_keys=True) == json.dumps(sealed, sort_keys=True):
        return

    with pytest.raises(EnvelopeError):
        envelope.verify(changed, KEY.public_key())


def test_another_key_is_told_by_the_signature() -> None:
    sealed = envelope.seal({"seq": 1}, Ed25519PrivateKey.generate())

    with pytest.raises(EnvelopeError, match="signature"):
        envelope.verify(sealed, KEY.public_key())


@pytest.mark.parametrize("signature", [None, 7, "", "!" * 86, "A" * 85, "A" * 88, "é" * 86])
def test_a_signature_of_a_wrong_shape_is_refused_in_words(signature: object) -> None:
    sealed = {**envelope.seal({"seq": 1}, KEY), "signature": signature}

    with pytest.raises(EnvelopeError, match="signature"):
        envelope.verify(sealed, KEY.public_key())


@pytest.mark.parametrize(
    "payload",
    [
        b"",
        b"[]",
        b"1",
        b"\xff\xfe",
        b'{"a": NaN}',
        b'{"a": 1, "a": 2}',
        b'{"a": {"b": 1, "b": 1}}',
        b"[" * 100_000,
        b'{"a": ' + b"9" * 5000 + b"}",
    ],
)
def test_what_is_no_json_object_is_refused(payload: bytes) -> None:
    with pytest.raises(EnvelopeError):
        envelope.parse(payload)


def test_a_message_that_is_too_long_is_refused_unread() -> None:
    with pytest.raises(EnvelopeError, match="size"):
        envelope.parse(b" " * (envelope.MAX_BYTES + 1))


@pytest.mark.parametrize("value", [2**53, float("inf"), "\ud800"])
def test_what_has_no_canonical_form_is_refused(value: object) -> None:
    with pytest.raises(EnvelopeError, match="canonical"):
        envelope.canonical({"a": value})
