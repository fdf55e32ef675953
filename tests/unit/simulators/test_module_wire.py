"""The simulated module's packets."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from simulators.fingerprint import wire
from simulators.fingerprint.wire import BrokenPacket, Packet, PacketKind, PacketReader

packets = st.builds(
    Packet,
    address=st.integers(0, 0xFFFFFFFF),
    kind=st.sampled_from(PacketKind),
    payload=st.binary(max_size=wire.MAX_PAYLOAD),
)


def test_the_manuals_example_of_a_capture_command() -> None:
    assert wire.encode(Packet(0xFFFFFFFF, PacketKind.COMMAND, b"\x01")) == bytes.fromhex("EF01FFFFFFFF010003010005")


def test_a_sum_has_two_bytes_and_drops_the_rest() -> None:
    assert wire.encode(Packet(0, PacketKind.DATA, b"\xff" * 128)).endswith(b"\xff\x80\x04")
    assert wire.checksum(b"\xff" * 258) == (255 * 258) & 0xFFFF != 255 * 258


@given(st.lists(packets, max_size=5), st.integers(1, 40))
def test_packets_come_out_as_they_went_in_however_the_stream_is_cut(sent: list[Packet], cut: int) -> None:
    stream = b"".join(wire.encode(packet) for packet in sent)
    reader = PacketReader()
    found = [packet for start in range(0, len(stream), cut) for packet in reader.feed(stream[start : start + cut])]
    assert found == sent
    assert not reader.partial


@given(packets, st.binary(max_size=40).filter(lambda noise: b"\xef" not in noise))
def test_bytes_before_a_packet_are_dropped(packet: Packet, noise: bytes) -> None:
    assert PacketReader().feed(noise + wire.encode(packet)) == [packet]


@given(packets, st.data())
def test_a_flipped_bit_never_gives_the_packet_that_was_sent(packet: Packet, data: st.DataObject) -> None:
    encoded = bytearray(wire.encode(packet))
    place = data.draw(st.integers(6, len(encoded) - 1))
    encoded[place] ^= 1 << data.draw(st.integers(0, 7))
    # What is behind the packet keeps a reader from waiting when the length was hit.
    found = PacketReader().feed(bytes(encoded) + bytes(300))
    assert packet not in found


def test_a_wrong_sum_is_told_with_the_address() -> None:
    encoded = wire.encode(Packet(0x01020304, PacketKind.COMMAND, b"\x0f"))
    assert PacketReader().feed(encoded[:-1] + b"\x00") == [BrokenPacket(0x01020304, "wrong sum")]


def test_a_header_cut_in_two_is_found() -> None:
    packet = Packet(0xFFFFFFFF, PacketKind.COMMAND, b"\x01")
    reader = PacketReader()
    assert reader.feed(b"\x00\x55\xef") == []
    assert reader.feed(wire.encode(packet)[1:]) == [packet]


@given(st.binary(max_size=700), st.sampled_from([32, 64, 128, 256]))
def test_data_is_cut_into_packets_of_the_set_size_and_the_last_one_says_so(content: bytes, size: int) -> None:
    found = PacketReader().feed(b"".join(wire.encode_data(7, content, size)))
    kinds = [packet.kind for packet in found if isinstance(packet, Packet)]
    payloads = [packet.payload for packet in found if isinstance(packet, Packet)]
    assert b"".join(payloads) == content
    assert kinds == [PacketKind.DATA] * (len(found) - 1) + [PacketKind.END_OF_DATA]
    assert all(len(payload) == size for payload in payloads[:-1])


def test_a_payload_beyond_the_limit_is_refused() -> None:
    with pytest.raises(ValueError, match="256"):
        wire.encode(Packet(0, PacketKind.DATA, bytes(257)))
