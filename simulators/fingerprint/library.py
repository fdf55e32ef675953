"""Instructions on characteristics and on the library of templates in the flash."""

from __future__ import annotations

from types import MappingProxyType
from typing import TYPE_CHECKING

from simulators.fingerprint.faults import FaultKind
from simulators.fingerprint.memory import OK, Confirmation, Reply, expect, number
from simulators.fingerprint.profiles import Operation
from simulators.fingerprint.template import Template, TemplateError

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from simulators.fingerprint.memory import Memory


_INDEX_PAGE_SLOTS = 256
_INDEX_PAGES = 4
_THRESHOLDS = {1: 55, 2: 65, 3: 80, 4: 95, 5: 115}
"""Least score that counts as the same finger, by security level; level 3 is the factory's.

Measured on 50 synthetic fingers of 3 impressions, wear 0.1 to 0.75, on a window of 256 by 288 pixels: two fingers
never reach 80 (the highest of 11,025 scores is 66); of the 150 pairs of one finger 5 % stay below 80, all of them
worn, and half reach 297.
"""


def _threshold(memory: Memory) -> int:
    return _THRESHOLDS[memory.flash.parameters.security_level]


def _match(memory: Memory, arguments: bytes) -> Reply:
    expect(arguments, 0)
    first, second = memory.buffers.get(1), memory.buffers.get(2)
    score = 0 if first is None or second is None else memory.matcher.score(first, second)
    memory.matched = score >= _threshold(memory)
    if not memory.matched:
        return Reply(Confirmation.NO_MATCH, bytes(2))
    return Reply(Confirmation.OK, score.to_bytes(2, "big"))


def _search(memory: Memory, arguments: bytes) -> Reply:
    expect(arguments, 5)
    start, count = number(arguments[1:3]), number(arguments[3:5])
    if start >= memory.profile.capacity:
        return Reply(Confirmation.BAD_SLOT, bytes(4))
    probe = memory.buffers.get(memory.buffer(arguments[0]))
    chosen = {
        slot: Template.decode(memory.profile, data)
        for slot, data in memory.flash.templates.items()
        if start <= slot < start + count
    }
    slot, score = (0, 0) if probe is None else memory.matcher.search(probe, chosen)
    memory.matched = score >= _threshold(memory)
    if not memory.matched:
        return Reply(Confirmation.NOT_FOUND, bytes(4))
    return Reply(Confirmation.OK, slot.to_bytes(2, "big") + score.to_bytes(2, "big"))


def _merge(memory: Memory, arguments: bytes) -> Reply:
    expect(arguments, 0)
    parts = [memory.buffers[number] for number in sorted(memory.unmerged)]
    if len(parts) < 2 or any(memory.matcher.score(parts[0], part) < _threshold(memory) for part in parts[1:]):
        return Reply(Confirmation.MERGE_FAILED)
    merged = Template.of(memory.profile, [view for part in parts for view in part.views])
    memory.buffers.update(dict.fromkeys(memory.unmerged, merged))
    memory.unmerged.clear()
    return OK


def _send_template(memory: Memory, arguments: bytes) -> Reply:
    expect(arguments, 1)
    template = memory.buffers.get(memory.buffer(arguments[0]))
    if template is None:
        return Reply(Confirmation.TEMPLATE_NOT_SENT)
    return Reply(Confirmation.OK, data=template.encoded)


def _receive_template(memory: Memory, arguments: bytes) -> Reply:
    expect(arguments, 1)
    buffer = memory.buffer(arguments[0])

    def take(data: bytes) -> None:
        try:
            memory.fill(buffer, Template.decode(memory.profile, data))
        except TemplateError:
            memory.drop(buffer)

    return Reply(Confirmation.OK, expects=take)


def _store(memory: Memory, arguments: bytes) -> Reply:
    expect(arguments, 3)
    slot, template = number(arguments[1:3]), memory.buffers.get(memory.buffer(arguments[0]))
    if slot >= memory.profile.capacity:
        return Reply(Confirmation.BAD_SLOT)
    if memory.fault() is FaultKind.STORAGE_FULL:
        return Reply(memory.profile.library_full)
    if template is None or memory.flash_broken:
        return Reply(Confirmation.FLASH_ERROR)
    memory.flash.store(slot, template.encoded)
    return OK


def _load(memory: Memory, arguments: bytes) -> Reply:
    expect(arguments, 3)
    slot = number(arguments[1:3])
    if slot >= memory.profile.capacity:
        return Reply(Confirmation.BAD_SLOT)
    data = memory.flash.templates.get(slot)
    if data is None or memory.flash_broken:
        return Reply(Confirmation.TEMPLATE_UNREADABLE)
    memory.fill(memory.buffer(arguments[0]), Template.decode(memory.profile, data))
    return OK


def _delete(memory: Memory, arguments: bytes) -> Reply:
    expect(arguments, 4)
    first, count = number(arguments[:2]), number(arguments[2:])
    if first + count > memory.profile.capacity or count == 0:
        return Reply(Confirmation.BAD_SLOT)
    if memory.flash_broken:
        return Reply(Confirmation.DELETE_FAILED)
    memory.flash.delete(first, count)
    return OK


def _empty(memory: Memory, arguments: bytes) -> Reply:
    expect(arguments, 0)
    if memory.flash_broken:
        return Reply(Confirmation.EMPTY_FAILED)
    memory.flash.empty()
    return OK


def _template_count(memory: Memory, arguments: bytes) -> Reply:
    expect(arguments, 0)
    return Reply(Confirmation.OK, len(memory.used_slots).to_bytes(2, "big"))


def _index_table(memory: Memory, arguments: bytes) -> Reply:
    expect(arguments, 1)
    page = arguments[0]
    if page >= _INDEX_PAGES:
        return Reply(Confirmation.BAD_SLOT, bytes(_INDEX_PAGE_SLOTS // 8))
    table = 0
    for slot in memory.used_slots:
        if slot // _INDEX_PAGE_SLOTS == page:
            table |= 1 << slot % _INDEX_PAGE_SLOTS
    # Bit 0 of the first byte is the page's first slot.
    return Reply(Confirmation.OK, table.to_bytes(_INDEX_PAGE_SLOTS // 8, "little"))


HANDLERS: Mapping[Operation, Callable[[Memory, bytes], Reply]] = MappingProxyType(
    {
        Operation.MATCH: _match,
        Operation.SEARCH: _search,
        Operation.HI_SPEED_SEARCH: _search,
        Operation.REG_MODEL: _merge,
        Operation.STORE: _store,
        Operation.LOAD_CHAR: _load,
        Operation.UP_CHAR: _send_template,
        Operation.DOWN_CHAR: _receive_template,
        Operation.DELETE_CHAR: _delete,
        Operation.EMPTY: _empty,
        Operation.TEMPLATE_NUM: _template_count,
        Operation.READ_INDEX: _index_table,
    }
)
"""What carries out each of these operations."""
