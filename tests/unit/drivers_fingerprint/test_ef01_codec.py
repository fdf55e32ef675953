"""Packets to bytes and back, on real modules' bytes and on any that hypothesis can think of."""

import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from drivers.fingerprint.ef01.codec import HEADER, MAX_PAYLOAD, Decoder, Packet, PacketKind, encode
from drivers.fingerprint.ef01.instructions import SystemParameters, occupied_slots

ANY_MODULE = 0xFFFFFFFF

packets = st.builds(
    Packet,
    kind=st.sampled_from(PacketKind),
    payload=st.binary(max_size=MAX_PAYLOAD),
    address=st.integers(0, 0xFFFFFFFF),
)
noise = st.binary(max_size=40).filter(lambda data: HEADER[:1] not in data)


# What real modules sent, as their users published it.
REAL_ANSWERS = {
    # GitHub brianrho/FPM pull request 25: an R503 that found slot 1 with a score of 96.
    "R503 search": ("EF01FFFFFFFF070007000001 0060 006F", bytes.fromhex("0000010060")),
    # The same: an R503 that found nothing, because an image was taken after the features were computed.
    "R503 search, nothing": ("EF01FFFFFFFF070007 0901EE0000 0106", bytes.fromhex("0901EE0000")),
    # The same: an R503 confirms its password.
    "R503 password": ("EF01FFFFFFFF070003 00 000A", b"\0"),
    # GitHub adafruit/Adafruit_CircuitPython_Fingerprint issue 31: an optical module compares two templates.
    "optical match": ("EF01FFFFFFFF070005 0000FF 010B", bytes.fromhex("0000FF")),
    "optical, not received": ("EF01FFFFFFFF070003 01 000B", b"\x01"),
}


@pytest.mark.parametrize(("line", "payload"), REAL_ANSWERS.values(), ids=REAL_ANSWERS.keys())
def test_answers_of_real_modules_are_read(line: str, payload: bytes) -> None:
    assert Decoder().feed(bytes.fromhex(line)) == [Packet(PacketKind.ACKNOWLEDGE, payload, ANY_MODULE)]


@pytest.mark.parametrize(
    ("line", "expected"),
    [
        # GitHub brianrho/FPM pull request 25: an R503 with its password shown, at 57,600 bit/s.
        (
            "EF01FFFFFFFF070013 00 0004 0000 00C8 0003 FFFFFFFF 0002 0006 04ED",
            SystemParameters(4, 0, 200, 3, ANY_MODULE, 128, 57_600),
        ),
        # GitHub adafruit/Adafruit_CircuitPython_Fingerprint issue 30: product 4750, at 115,200 bit/s.
        (
            "EF01FFFFFFFF070013 00 0000 0000 0050 0003 FFFFFFFF 0002 000C 0477",
            SystemParameters(0, 0, 80, 3, ANY_MODULE, 128, 115_200),
        ),
    ],
)
def test_system_parameters_of_real_modules_are_read(line: str, expected: SystemParameters) -> None:
    (packet,) = Decoder().feed(bytes.fromhex(line))
    assert SystemParameters.parse(packet.payload[1:]) == expected


def test_commands_are_what_real_modules_were_sent() -> None:
    # GitHub brianrho/FPM pull request 25, "Serial Data Out".
    assert encode(Packet(PacketKind.COMMAND, bytes.fromhex("1300000000"), ANY_MODULE)) == bytes.fromhex(
        "EF01FFFFFFFF010007 1300000000 001B"
    )
    assert encode(Packet(PacketKind.COMMAND, b"\x0f", ANY_MODULE)) == bytes.fromhex("EF01FFFFFFFF010003 0F 0013")
    # GitHub adafruit/Adafruit_CircuitPython_Fingerprint issue 30.
    assert encode(Packet(PacketKind.COMMAND, b"\x1f\0", ANY_MODULE)) == bytes.fromhex("EF01FFFFFFFF010004 1F00 0024")


@given(st.lists(packets, max_size=5), st.data())
def test_packets_survive_any_cutting_of_the_stream(sent: list[Packet], data: st.DataObject) -> None:
    stream = b"".join(encode(packet) for packet in sent)
    cuts = sorted(data.draw(st.lists(st.integers(0, len(stream)), max_size=8)))
    decoder = Decoder()
    received = [
        packet
        for start, end in zip([0, *cuts], [*cuts, len(stream)], strict=True)
        for packet in decoder.feed(stream[start:end])
    ]
    assert received == sent
    assert (decoder.noise, decoder.damaged, decoder.pending) == (0, 0, False)


@given(noise, packets, noise, packets)
def test_garbage_between_packets_is_skipped(before: bytes, one: Packet, between: bytes, two: Packet) -> None:
    decoder = Decoder()
    assert decoder.feed(before + encode(one) + between + encode(two)) == [one, two]
    assert decoder.noise == len(before) + len(between)


@given(packets.filter(lambda packet: HEADER[:1] not in packet.payload), st.data())
def test_one_wrong_byte_is_never_taken_for_the_packet(packet: Packet, data: st.DataObject) -> None:
    assume(HEADER[:1] not in packet.address.to_bytes(4, "big"))
    line = bytearray(encode(packet))
    place = data.draw(st.integers(0, len(line) - 1))
    line[place] ^= data.draw(st.integers(1, 255))
    decoder = Decoder()
    received = decoder.feed(bytes(line)) + decoder.abandon()
    if 2 <= place < 6:  # the sum does not cover the address: the packet is another module's
        assert [(got.kind, got.payload) for got in received] == [(packet.kind, packet.payload)]
        assert received[0].address != packet.address
    else:
        assert received == []


@given(packets.filter(lambda packet: packet.payload != b""), packets)
def test_a_sound_packet_behind_a_damaged_one_is_found(damaged: Packet, sound: Packet) -> None:
    assume(HEADER not in encode(damaged)[1:])
    line = bytearray(encode(damaged))
    line[-1] ^= 0x5A
    decoder = Decoder()
    assert decoder.feed(bytes(line) + encode(sound)) == [sound]
    assert decoder.damaged == 1


def test_a_false_start_gives_way_to_the_packet_inside_it() -> None:
    sound = Packet(PacketKind.ACKNOWLEDGE, b"\0", ANY_MODULE)
    false_start = HEADER + b"\xff\xff\xff\xff\x02\x00\x82"  # promises 130 bytes
    decoder = Decoder()
    assert decoder.feed(false_start + encode(sound)) == []
    assert decoder.pending
    assert decoder.abandon() == [sound]
    assert not decoder.pending


@pytest.mark.parametrize(
    "packet",
    [
        Packet(PacketKind.DATA, bytes(MAX_PAYLOAD + 1), ANY_MODULE),
        Packet(PacketKind.COMMAND, b"\x01", 1 << 32),
    ],
)
def test_what_does_not_fit_is_not_sent(packet: Packet) -> None:
    with pytest.raises(ValueError, match=r"fit|address"):
        encode(packet)


@given(st.frozensets(st.integers(256, 511)))
def test_index_tables_name_their_slots(slots: frozenset[int]) -> None:
    table = bytearray(32)
    for slot in slots:
        table[(slot - 256) // 8] |= 1 << slot % 8
    assert occupied_slots(1, bytes(table)) == slots


@pytest.mark.parametrize("data", [bytes(15), bytes.fromhex("0000000000C80003FFFFFFFF00040006"), bytes(16)])
def test_impossible_system_parameters_are_refused(data: bytes) -> None:
    with pytest.raises(ValueError, match=r"system parameters|packet size"):
        SystemParameters.parse(data)
