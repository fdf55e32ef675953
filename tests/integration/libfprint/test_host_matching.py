"""Fingers of a USB reader, compared on the host; a plug that is pulled never looks like a match."""

from threading import Event

import pytest

from drivers.contracts.deadline import Deadline
from drivers.contracts.errors import LINK_FAULTS, DeviceError
from drivers.contracts.fingerprint import CaptureEvent, CaptureRequest, FingerprintReader, FingerprintSample
from services.biometrics.contract import EnrolledFinger, Outcome, Verdict
from services.biometrics.host.matcher import HostMatcher
from simulators.fingerprint import FingerBox
from simulators.libfprint import Hand
from tests.support.libfprint import open_virtual, virtual_reader

FINGERS = FingerBox()


def sample(reader: FingerprintReader, hand: Hand, person: str, impression: int, unplug: bool) -> FingerprintSample:
    def act(event: CaptureEvent) -> None:
        if event is CaptureEvent.PLACE:
            hand.touch(FINGERS.finger(person, impression=impression).picture)
        if event is CaptureEvent.DONE:
            (hand.unplug if unplug else hand.lift)()

    return reader.capture(CaptureRequest(Deadline.after(20.0), Event(), with_image=True), act)


@pytest.mark.timeout(180)
def test_a_finger_is_enrolled_and_found_and_after_an_unplug_it_is_no_match_until_the_reader_is_back() -> None:
    matcher = HostMatcher()
    with virtual_reader() as (reader, hand):

        def asks(open_reader: FingerprintReader, person: str, impression: int, *, unplug: bool = False) -> Verdict:
            return matcher.identify(sample(open_reader, hand, person, impression, unplug))

        impressions = [sample(reader, hand, "样例甲", number, False) for number in range(3)]
        matcher.load([EnrolledFinger("finger-1", matcher.enrol(impressions))])
        assert asks(reader, "样例甲", 4).finger_id == "finger-1"
        assert asks(reader, "样例乙", 0).outcome is not Outcome.MATCH

        with pytest.raises(DeviceError) as raised:
            asks(reader, "样例甲", 4, unplug=True)
        assert raised.value.fault in LINK_FAULTS
        reader.close()
        again = open_virtual(hand.path)
        assert asks(again, "样例甲", 4).finger_id == "finger-1"
        again.close()
