"""Records of ISO/IEC 19794-2 come back, and those that another program wrote are read."""

import importlib.util
import struct
import sys
from contextlib import suppress
from pathlib import Path
from types import ModuleType

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from services.biometrics.host.faults import TemplateError, TemplateFault
from services.biometrics.host.iso19794 import MAX_VIEWS, Version, View, read, write
from services.biometrics.host.minutiae import BIFURCATION, ENDING, Minutiae
from tests.unit.biometrics_host.strategies import minutiae, strewn

_VIEWS = st.lists(
    st.builds(
        View,
        minutiae(least=0),
        width=st.integers(0, 4000),
        height=st.integers(0, 4000),
        position=st.integers(0, 10),
        quality=st.integers(0, 100),
    ),
    min_size=1,
    max_size=MAX_VIEWS,
)


def _fault(record: bytes) -> TemplateFault:
    with pytest.raises(TemplateError) as raised:
        read(record)
    return raised.value.fault


def _same(back: Minutiae, minutiae: Minutiae) -> None:
    assert len(back) == len(minutiae)
    assert np.abs(back.xy - minutiae.xy).max(initial=0) <= 0.501
    turn = np.abs(back.direction - minutiae.direction)
    assert np.minimum(turn, 2 * np.pi - turn).max(initial=0) <= np.pi / 256 + 1e-5
    assert (back.kind == minutiae.kind).all()
    assert np.abs(back.quality - minutiae.quality).max(initial=0) <= 0.0051


@given(_VIEWS, st.sampled_from(Version))
def test_views_come_back(views: list[View], version: Version) -> None:
    back = read(write(views, version))
    assert [(view.position, view.quality) for view in back] == [(view.position, view.quality) for view in views]
    for one, other in zip(back, views, strict=True):
        _same(one.minutiae, other.minutiae)


@given(_VIEWS, st.sampled_from(Version), st.data())
def test_a_cut_record_is_refused(views: list[View], version: Version, data: st.DataObject) -> None:
    record = write(views, version)
    assert _fault(record[: data.draw(st.integers(0, len(record) - 1))]) == TemplateFault.TRUNCATED


@given(_VIEWS, st.sampled_from(Version), st.data())
def test_damage_is_read_or_named_but_never_breaks(views: list[View], version: Version, data: st.DataObject) -> None:
    record = bytearray(write(views, version))
    for _ in range(data.draw(st.integers(1, 8))):
        record[data.draw(st.integers(0, len(record) - 1))] = data.draw(st.integers(0, 255))
    with suppress(TemplateError):
        assert all(len(view.minutiae) <= 255 for view in read(bytes(record)))


@given(st.binary(max_size=2000))
def test_other_bytes_are_no_record(data: bytes) -> None:
    with pytest.raises(TemplateError):
        read(data)
    with pytest.raises(TemplateError):
        read(b"FMR\0" + data)


def test_ridge_data_behind_the_minutiae_is_skipped() -> None:
    record = bytearray(write([View(strewn(5, 1), 300, 400)], Version.Y2005))
    record[-2:] = struct.pack(">H", 6) + b"\0\x01\0\x06ab"
    record[8:12] = struct.pack(">I", len(record))
    _same(read(bytes(record))[0].minutiae, strewn(5, 1))


def test_a_record_at_1000_dpi_is_brought_to_500() -> None:
    record = bytearray(write([View(strewn(9, 2), 512, 512)], Version.Y2005))
    record[18:22] = struct.pack(">HH", 394, 394)
    view = read(bytes(record))[0]
    assert np.abs(view.minutiae.xy - strewn(9, 2).xy / 2).max() < 1.5
    assert view.width == pytest.approx(256, abs=1)


def test_a_resolution_that_no_ridges_show_at_is_refused() -> None:
    record = bytearray(write([View(strewn(9, 2), 512, 512)], Version.Y2005))
    record[18:22] = struct.pack(">HH", 0, 0)
    assert _fault(bytes(record)) == TemplateFault.BAD_RESOLUTION


def test_a_record_of_a_later_edition_is_named() -> None:
    record = bytearray(write([View(strewn(9, 2), 512, 512)]))
    record[4:8] = b"040\0"
    assert _fault(bytes(record)) == TemplateFault.UNKNOWN_VERSION


@pytest.mark.parametrize("count", [0, MAX_VIEWS + 1])
def test_too_few_or_too_many_views_are_not_written(count: int) -> None:
    with pytest.raises(TemplateError):
        write([View(strewn(9, 2), 512, 512)] * count)


def _foreign_codec() -> ModuleType:
    """The record writer of PyPI `afis`, which follows another reader's understanding of the standard than ours.

    Loaded by its file, since the package itself imports libraries that are not installed.
    """
    spec = importlib.util.find_spec("afis")
    assert spec is not None
    assert spec.submodule_search_locations
    path = Path(spec.submodule_search_locations[0]) / "algorithms" / "templates.py"
    made = importlib.util.spec_from_file_location("foreign_templates", path)
    assert made is not None
    assert made.loader is not None
    module = sys.modules[made.name] = importlib.util.module_from_spec(made)
    made.loader.exec_module(module)
    return module


@pytest.mark.parametrize("seed", range(5))
def test_a_record_that_another_program_wrote_is_read(seed: int) -> None:
    foreign = _foreign_codec()
    known = strewn(60, seed)
    bifurcated = (known.kind == BIFURCATION).astype(float)
    rows = np.column_stack([np.rint(known.xy), known.direction, bifurcated, known.quality])
    # It divides by 25.4 where the standard's centimetre asks for 2.54: ten times 500 dpi make the 197 that are meant.
    header = foreign.FingerprintTemplateHeader(
        width=640, height=480, resolution_x=5000, finger_position=7, image_quality=55
    )
    (view,) = read(foreign.encode_iso19794_2_2011(header, rows))
    kinds = np.where(known.kind == BIFURCATION, BIFURCATION, ENDING).astype(np.uint8)
    _same(view.minutiae, Minutiae(known.xy, known.direction, kinds, known.quality))
    assert (view.width, view.height, view.position, view.quality) == (640, 480, 7, 55)
