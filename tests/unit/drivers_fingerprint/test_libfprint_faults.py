"""What libfprint's errors mean."""

import pytest

from drivers.contracts.errors import Fault
from drivers.fingerprint.libfprint.faults import fault_of


@pytest.mark.parametrize(
    ("domain", "name", "fault"),
    [
        ("device", "busy", Fault.BUSY),
        ("device", "too-hot", Fault.OVERHEATED),
        ("device", "general", Fault.SENSOR_FAILED),
        ("device", "a name of tomorrow", Fault.SENSOR_FAILED),
        ("usb", "permission-denied", Fault.ACCESS_DENIED),
        ("usb", "no-device", Fault.UNPLUGGED),
        ("io", "cancelled", Fault.CANCELLED),
        ("other", "7", Fault.SENSOR_FAILED),
    ],
)
def test_an_error_has_its_fault_unless_the_reader_has_gone(domain: str, name: str, fault: Fault) -> None:
    assert fault_of(domain, name, removed=False) is fault
    assert fault_of(domain, name, removed=True) is Fault.UNPLUGGED
