"""Which version of MQTT to speak, and how long to wait before the next attempt."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from services.northbound.mqtt import Backoff
from services.northbound.options import ProtocolVersion, VersionChoice

FIVE, THREE = ProtocolVersion.FIVE, ProtocolVersion.THREE


@pytest.mark.parametrize("in_words", [True, False])
def test_a_broker_that_does_not_speak_five_is_tried_with_three_at_once(in_words: bool) -> None:
    choice = VersionChoice("auto")

    assert choice.next(0) is FIVE
    assert choice.not_spoken(FIVE, 0, in_words=in_words)
    assert choice.next(0) is THREE


def test_a_broker_that_spoke_five_before_is_ill_and_not_old_when_it_keeps_silent() -> None:
    choice = VersionChoice("auto")
    choice.accepted(FIVE)

    assert not choice.not_spoken(FIVE, 0, in_words=False)
    assert choice.next(0) is FIVE
    assert choice.not_spoken(FIVE, 0, in_words=True)
    assert choice.next(0) is THREE


def test_the_fallback_is_given_up_when_three_fails_too_and_after_an_hour() -> None:
    choice = VersionChoice("auto")
    choice.not_spoken(FIVE, 0, in_words=False)

    assert not choice.not_spoken(THREE, 1, in_words=False)
    assert choice.next(1) is FIVE
    choice.not_spoken(FIVE, 1, in_words=False)
    assert choice.next(3600) is THREE
    assert choice.next(3602) is FIVE


@pytest.mark.parametrize("wish", [FIVE, THREE])
def test_a_wish_is_kept(wish: ProtocolVersion) -> None:
    choice = VersionChoice(wish.value)

    assert not choice.not_spoken(wish, 0, in_words=True)
    assert choice.next(0) is wish


@given(st.floats(0.1, 10), st.floats(10, 100), st.lists(st.floats(0, 1), min_size=1, max_size=100))
def test_pauses_are_drawn_from_nothing_to_a_bound_that_doubles(first: float, most: float, draws: list[float]) -> None:
    drawn = iter(draws)
    backoff = Backoff(first, most, lambda: next(drawn))

    pauses = [backoff.next() for _ in draws]

    assert pauses == [min(most, first * 2.0**attempt) * draw for attempt, draw in enumerate(draws)]


def test_after_a_reset_the_pauses_begin_anew() -> None:
    backoff = Backoff(1, 60, lambda: 1.0)
    before = [backoff.next() for _ in range(3)]
    backoff.reset()

    assert (before, backoff.next()) == ([1, 2, 4], 1)
