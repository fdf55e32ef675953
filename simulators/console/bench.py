"""The hardware on the bench, and the box of fingers beside it."""

from __future__ import annotations

import threading
from dataclasses import replace
from typing import TYPE_CHECKING, Self

from simulators.fingerprint import (
    PROFILES,
    R307,
    RESIDENTS,
    Digit,
    FingerBox,
    FingerprintModule,
    SkinCondition,
)
from simulators.printer import ReceiptPrinter

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path
    from types import TracebackType

    from simulators.fingerprint import SimulatedResident

SKINS: Mapping[str, SkinCondition | None] = {
    "own": None,
    "good": SkinCondition(wear=0.05, dryness=0.05),
    "dry": SkinCondition(wear=0.3, dryness=0.9),
    "moist": SkinCondition(wear=0.2, dryness=0.0, moisture=0.9),
    "worn": SkinCondition(wear=0.95, dryness=0.5),
}
"""Conditions a finger can be put on the window in; ``own`` is how the resident's skin is."""

_USED_FIRST = (Digit.RIGHT_THUMB, Digit.RIGHT_INDEX)


class Bench:
    """A fingerprint module and a receipt printer, each on a stable path in one folder.

    Used as a context manager both are plugged in on entry and gone on exit.
    """

    def __init__(
        self,
        folder: Path,
        *,
        make: str = R307.name,
        columns: int = 32,
        pace: float = 1.0,
        pictures: Path | None = None,
        grow_ahead: bool = True,
    ) -> None:
        """Put the hardware on the bench.

        Args:
            folder: Holds the paths, the module's flash and the fingers that were grown.
            make: Of the fingerprint module.
            columns: Of the printer's paper.
            pace: How many times faster than real lines and heads; ``math.inf`` leaves out every wait.
            pictures: A folder of pictures ``FINGER_IMPRESSION.png`` to put on the window as well.
            grow_ahead: Whether fingers grow while nobody asks for them yet.

        Raises:
            ValueError: The pictures have other names.
            FlashFileError: The flash file is damaged or belongs to another make.
        """
        folder = folder.resolve()
        folder.mkdir(parents=True, exist_ok=True)
        self._cache = folder / "fingers"
        self.box = FingerBox(pictures=pictures, cache=self._cache)
        self._boxes: dict[tuple[str, str], FingerBox] = {}
        self._lock = threading.Lock()
        self.reader = FingerprintModule(
            PROFILES[make], link=folder / "fingerprint", flash=folder / f"flash-{make}.bin", pace=pace
        )
        self.printer = ReceiptPrinter(columns=columns, link=folder / "receipt-printer", pace=pace)
        self._leaving = threading.Event()
        self._ahead = tuple((resident.name, digit) for digit in _USED_FIRST for resident in RESIDENTS if grow_ahead)
        self._grower = threading.Thread(target=self._grow, name="fingers grow", daemon=True)

    def __enter__(self) -> Self:
        self.reader.start()
        self.printer.start()
        self._grower.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._leaving.set()
        self.reader.close()
        self.printer.close()
        self._grower.join()

    @property
    def residents(self) -> tuple[SimulatedResident, ...]:
        """Whose fingers can be put on the window."""
        return self.box.residents

    @property
    def pictures(self) -> tuple[str, ...]:
        """The fingers that are pictures."""
        return tuple(name for name in self.box.names if "/" not in name)

    def place(self, finger: str, impression: int, skin: str) -> None:
        """Put an impression of a finger on the window.

        Args:
            finger: Such as ``样例甲/right_thumb``.
            impression: Which one; each is a little different.
            skin: One of ``SKINS``; a picture is always as it is.

        Raises:
            KeyError: There is no such finger.
        """
        picture = self.box.take(finger, impression)  # which has it grown and kept, whatever its skin
        other = self._box_for(finger, skin)
        self.reader.place(picture if other is None else other.take(finger, impression))

    def _box_for(self, finger: str, skin: str) -> FingerBox | None:
        condition = SKINS[skin]
        person = finger.partition("/")[0]
        known = {resident.name: resident for resident in RESIDENTS}
        if condition is None or person not in known:
            return None
        with self._lock:
            if (person, skin) not in self._boxes:
                changed = replace(known[person], skin=condition)
                self._boxes[person, skin] = FingerBox((changed,), cache=self._cache)
            return self._boxes[person, skin]

    def _grow(self) -> None:
        """Grow the fingers that are wanted first, so that nobody waits for them later."""
        for person, digit in self._ahead:
            if self._leaving.is_set():
                return
            self.box.finger(person, digit)
