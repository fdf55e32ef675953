"""Which finger the module is to hold where, whatever it holds already."""

from collections.abc import Iterator
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from services.biometrics.slots import SlotMap
from services.store.database import Database

FINGERS = tuple(f"finger {number}" for number in range(10))


@pytest.fixture
def slots(tmp_path: Path) -> Iterator[SlotMap]:
    database = Database.open(tmp_path / "point.sqlite")
    with database.transaction() as transaction:
        transaction.execute(
            "INSERT INTO resident VALUES ('r', zeroblob(32), x'00', x'00', '2026-03-02T01:30:00+00:00')"
        )
        transaction.executemany(
            "INSERT INTO finger (id, resident_id, position, algorithm, templates, enrolled_at)"
            " VALUES (?, 'r', ?, 'scripted/1', x'00', '2026-03-02T01:30:00+00:00')",
            [(finger, position) for position, finger in enumerate(FINGERS, 1)],
        )
    yield SlotMap(database)
    database.close()


@settings(max_examples=40, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    steps=st.lists(
        st.tuples(st.permutations(FINGERS), st.integers(0, 10), st.integers(0, 12), st.frozensets(st.integers(0, 11))),
        min_size=1,
        max_size=4,
    )
)
def test_every_plan_gives_as_many_fingers_as_fit_a_slot_of_their_own(
    slots: SlotMap, steps: list[tuple[list[str], int, int, frozenset[int]]]
) -> None:
    slots.begin_anew()
    for order, count, capacity, lost in steps:
        wanted = order[:count]
        before = {slot: slots.finger_in(slot) for slot in range(12)}
        occupied = {slot for slot, finger in before.items() if finger is not None and slot < capacity} - lost
        plan = slots.plan(wanted, capacity, occupied)
        placed = {**dict(plan.missing), **{slot: before[slot] for slot in plan.held}}
        assert sorted(map(str, placed.values())) == sorted(wanted[:capacity])
        assert len(placed) == len(plan.missing) + len(plan.held)
        assert all(0 <= slot < capacity for slot in placed)
        assert plan.held <= occupied
        assert plan.unplaced == tuple(wanted[capacity:])
        for slot, finger in plan.missing:
            assert slots.finger_in(slot) is None
            slots.mark(slot, finger, stored=True)
            assert slots.finger_in(slot) == finger


def test_a_plan_that_is_carried_out_leaves_nothing_to_do(slots: SlotMap) -> None:
    for slot, finger in slots.plan(FINGERS, 12, ()).missing:
        slots.mark(slot, finger, stored=True)
    assert not slots.lacks_any("scripted/1")
    plan = slots.plan(FINGERS, 12, range(10))
    assert (plan.missing, plan.held, plan.unplaced) == ((), frozenset(range(10)), ())


def test_a_finger_is_lacking_until_it_is_stored(slots: SlotMap) -> None:
    for slot, finger in slots.plan(FINGERS, 9, ()).missing:
        assert slots.lacks_any("scripted/1")
        slots.mark(slot, finger, stored=True)
    assert slots.lacks_any("scripted/1")
    assert not slots.lacks_any("other/1")


def test_a_new_beginning_forgets_what_was_held_and_changes_the_label(slots: SlotMap) -> None:
    label = slots.label
    slots.mark(*slots.plan(FINGERS[:1], 12, ()).missing[0], stored=True)
    slots.begin_anew()
    assert slots.finger_in(0) is None
    assert len({label, slots.label, bytes(32)}) == 3
    assert len(slots.label) == 32
