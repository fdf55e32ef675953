from drivers.contracts.errors import Fault
from services.county import words


def test_every_fault_of_a_device_has_words() -> None:
    assert [fault for fault in Fault if words.fault(fault) == fault] == []


def test_a_name_that_is_not_known_yet_is_shown_as_it_is() -> None:
    assert words.fault("lamp_dim") == "lamp_dim"
    assert words.source("scales") == "scales"
    assert words.source("record/12") == "第 12 号记录"
