"""What survives the power."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

import pytest

from simulators.fingerprint.flash import Flash, FlashFileError
from simulators.fingerprint.profiles import AS608, R503

if TYPE_CHECKING:
    from pathlib import Path


def template(value: int) -> bytes:
    return bytes([value]) * AS608.template_length


def test_everything_is_there_after_the_power_was_gone(tmp_path: Path) -> None:
    first = Flash(AS608, tmp_path / "flash")
    first.store(3, template(1))
    first.store(4, template(2))
    first.delete(4, 1)
    first.write_notepad(2, bytes(range(32)))
    first.set_parameters(baud_code=12, password=0x12345678)
    second = Flash(AS608, tmp_path / "flash")
    assert second.templates == {3: template(1)}
    assert second.read_notepad(2) == bytes(range(32))
    assert second.read_notepad(3) == bytes(32)
    assert second.parameters == first.parameters
    assert second.parameters.baud == 115200


@pytest.mark.parametrize(
    "values",
    [{"baud_code": 0}, {"baud_code": 13}, {"security_level": 6}, {"packet_size_code": 4}, {"address": 1 << 32}],
)
def test_a_parameter_out_of_range_changes_nothing(values: dict[str, int]) -> None:
    flash = Flash(AS608)
    before = flash.parameters
    with pytest.raises(ValueError, match=next(iter(values))):
        flash.set_parameters(**values)
    assert flash.parameters == before


def test_a_damaged_file_is_named_and_left_alone(tmp_path: Path) -> None:
    path = tmp_path / "flash"
    Flash(AS608, path).store(0, template(1))
    document = json.loads(path.read_text())
    document["templates"]["0"] = "AAAA"
    path.write_text(json.dumps(document))
    before = path.read_bytes()
    with pytest.raises(FlashFileError, match=str(path)):
        Flash(AS608, path)
    path.write_text("{")
    with pytest.raises(FlashFileError, match=str(path)):
        Flash(AS608, path)
    path.write_bytes(before)
    assert path.read_bytes() == before


def test_another_makes_file_is_refused(tmp_path: Path) -> None:
    Flash(AS608, tmp_path / "flash").empty()
    with pytest.raises(FlashFileError, match="AS608"):
        Flash(R503, tmp_path / "flash")


def test_a_slot_or_length_out_of_range_is_refused() -> None:
    flash = Flash(AS608)
    with pytest.raises(ValueError, match="300"):
        flash.store(300, template(1))
    with pytest.raises(ValueError, match="512"):
        flash.store(1, b"short")
    assert flash.templates == {}
