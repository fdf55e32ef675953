"""Fingers for the simulated module's tests."""

from __future__ import annotations

import pytest

from simulators.fingerprint import FingerBox


@pytest.fixture(scope="session")
def box() -> FingerBox:
    return FingerBox()
