"""What a receiver makes of bytes sent at another speed: the line's level over time, sampled with the wrong clock."""

from __future__ import annotations

_IDLE = 1
_FRAME_BITS = 10  # start, eight data bits, stop


def _levels(data: bytes) -> list[int]:
    """The line's level in each bit time of the sender, 8N1, least significant bit first."""
    levels: list[int] = []
    for byte in data:
        levels.append(0)
        levels.extend(byte >> bit & 1 for bit in range(8))
        levels.append(_IDLE)
    return levels


def hear(data: bytes, sent_at: int, heard_at: int) -> bytes:
    """The bytes a receiver at ``heard_at`` baud reads when ``data`` is sent at ``sent_at`` baud without gaps.

    A frame whose stop bit reads low is a framing error and is dropped, as a receiver without break detection does.
    """
    if sent_at == heard_at:
        return data
    if sent_at <= 0 or heard_at <= 0:
        return b""
    levels = _levels(data)
    step = sent_at / heard_at  # the receiver's bit time in bit times of the sender

    def level(time: float) -> int:
        index = int(time)
        return levels[index] if index < len(levels) else _IDLE

    heard = bytearray()
    time = 0.0
    while time < len(levels):
        if level(time) == _IDLE:
            time = int(time) + 1.0
            continue
        bits = [level(time + (bit + 0.5) * step) for bit in range(_FRAME_BITS)]
        if bits[0] == 0 and bits[-1] == _IDLE:
            heard.append(sum(value << place for place, value in enumerate(bits[1:-1])))
        time += (_FRAME_BITS - 0.5) * step
        while time < len(levels) and level(time) == 0 and bits[-1] != _IDLE:
            time = int(time) + 1.0  # a break: wait for the line to be idle again
    return bytes(heard)
