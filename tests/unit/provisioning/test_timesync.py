"""Whether the time is synchronised is known inside the unit, too, where the kernel may not be asked."""

import ctypes
import errno
import os
import time
from pathlib import Path
from types import SimpleNamespace

import pytest

from kiosk.timesync import TimesyncClock

_TIME_ERROR = 5


def clock(file: Path, *, answer: int, error: int) -> TimesyncClock:
    """A clock whose kernel answers so."""

    def adjtimex(_: object) -> int:
        ctypes.set_errno(error)
        return answer

    it = TimesyncClock(file)
    it._libc = SimpleNamespace(adjtimex=adjtimex)  # type: ignore[assignment]  # stands for the C library
    return it


@pytest.mark.parametrize(
    ("age_s", "trusted"), [(60, True), (31_000, True), (33_000, False), (-3600, False), (None, False)]
)
def test_timesyncd_s_word_counts_for_as_long_as_the_kernel_s_would(
    tmp_path: Path, age_s: float | None, trusted: bool
) -> None:
    file = tmp_path / "synchronized"
    if age_s is not None:
        file.touch()
        os.utime(file, (time.time() - age_s,) * 2)
    assert clock(file, answer=-1, error=errno.EPERM).trusted() is trusted


def test_where_the_kernel_may_be_asked_its_word_alone_counts(tmp_path: Path) -> None:
    file = tmp_path / "synchronized"
    file.touch()
    assert clock(file, answer=_TIME_ERROR, error=0).trusted() is False
    assert clock(tmp_path / "missing", answer=0, error=0).trusted() is True
