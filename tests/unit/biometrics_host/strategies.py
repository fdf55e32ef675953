"""Impressions that no finger left: whatever the formats can hold."""

import numpy as np
from hypothesis import strategies as st

from services.biometrics.host.impression import Impression, Pattern
from services.biometrics.host.minutiae import MIN_MINUTIAE, Minutiae


def strewn(n: int, seed: int) -> Minutiae:
    """Minutiae at random."""
    rng = np.random.default_rng(seed)
    return Minutiae(
        xy=rng.uniform(0, 2040, (n, 2)).astype(np.float32),
        direction=rng.uniform(0, 2 * np.pi, n).astype(np.float32),
        kind=rng.integers(0, 3, n).astype(np.uint8),
        quality=rng.uniform(0.02, 1, n).astype(np.float32),
    )


def minutiae(least: int = MIN_MINUTIAE) -> st.SearchStrategy[Minutiae]:
    return st.builds(strewn, st.integers(least, 255), st.integers(0, 2**32 - 1))


@st.composite
def patterns(draw: st.DrawFn) -> Pattern:
    rows, columns = draw(st.integers(1, 60)), draw(st.integers(1, 60))
    rng = np.random.default_rng(draw(st.integers(0, 2**32 - 1)))
    return Pattern(rng.random((rows * 4, columns * 4)) < 0.5, rng.random((rows, columns)) < draw(st.floats(0, 1)))


def impressions() -> st.SearchStrategy[Impression]:
    return st.builds(Impression, minutiae(), st.none() | patterns())
