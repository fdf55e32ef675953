"""What a resident is told, from what libfprint says of the finger."""

from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from drivers.contracts.fingerprint import CaptureEvent
from drivers.fingerprint.libfprint.touch import RESTING, Touches


class Bystander:
    """Hears what is told, and lets time pass."""

    def __init__(self, *, lift_first: bool = False) -> None:
        self.told: list[CaptureEvent] = []
        self.now = 0.0
        self.touches = Touches(self.told.append, lift_first=lift_first, monotonic=lambda: self.now)
        self.touches.look()

    def says(self, *views: str) -> None:
        """libfprint's words: N for a finger that is needed, P for one that is present."""
        for view in views:
            self.touches.finger(needed="N" in view, present="P" in view)

    def later(self, seconds: float) -> None:
        self.now += seconds
        self.touches.wait()


def test_a_good_touch_is_told_step_by_step() -> None:
    one = Bystander()
    one.says("N", "NP", "P")
    assert one.told == [CaptureEvent.PLACE, CaptureEvent.READING, CaptureEvent.DONE]
    assert one.touches.counts
    assert one.touches.read


def test_poor_stays_on_the_screen_until_the_finger_comes_again() -> None:
    one = Bystander()
    one.says("N", "NP")
    one.touches.unreadable()
    one.touches.look()
    one.says("N")
    assert one.told[-1] is CaptureEvent.POOR
    one.says("NP", "P")
    assert one.told[-2:] == [CaptureEvent.READING, CaptureEvent.DONE]


def test_a_finger_that_rests_on_the_reader_has_to_be_lifted_first() -> None:
    one = Bystander(lift_first=True)
    one.says("N", "NP", "P")
    assert one.told == [CaptureEvent.LIFT]
    assert not one.touches.counts
    one.touches.lifted()
    one.touches.look()
    one.says("N", "NP", "P")
    assert one.told == [CaptureEvent.LIFT, CaptureEvent.PLACE, CaptureEvent.READING, CaptureEvent.DONE]
    assert one.touches.counts


def test_a_resting_finger_that_cannot_be_read_is_still_not_counted() -> None:
    one = Bystander(lift_first=True)
    one.says("N", "NP")
    one.touches.unreadable()
    one.touches.look()
    one.says("N", "NP", "P")
    assert one.told == [CaptureEvent.LIFT]
    assert not one.touches.counts


@pytest.mark.parametrize(("waited", "counts"), [(RESTING / 2, False), (RESTING, True)])
def test_a_finger_counts_that_comes_after_the_reader_found_none(waited: float, counts: bool) -> None:
    one = Bystander(lift_first=True)
    one.says("N")
    one.later(waited)
    assert one.told == [CaptureEvent.PLACE] * counts
    one.says("NP")
    assert one.touches.counts is counts


@given(st.booleans(), st.lists(st.sampled_from(["N", "NP", "P", "", "poor", "lifted", "look", "wait"]), max_size=30))
def test_whatever_libfprint_says_nothing_is_told_twice_in_a_row_and_a_touch_that_counts_is_done_once_read(
    lift_first: bool, course: list[str]
) -> None:
    one = Bystander(lift_first=lift_first)
    for word in course:
        match word:
            case "poor":
                one.touches.unreadable()
            case "lifted":
                one.touches.lifted()
            case "look":
                one.touches.look()
            case "wait":
                one.later(RESTING)
            case _:
                one.says(word)
                if word == "P":
                    assert one.touches.read
                    assert (one.told[-1:] == [CaptureEvent.DONE]) >= one.touches.counts
    assert all(first is not second for first, second in pairwise(one.told))
