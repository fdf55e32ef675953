"""From evidence to a score that means something: decades of improbability.

A score of 3 says that of a thousand comparisons of different fingers one comes as far. The measures are weighed by a
logistic regression, and the weighed sum is mapped to decades by a straight line through the tail of impostors' scores,
as extreme value theory has it for light tails. Both were fitted to one half of the fingers of FVC2002 set B, as they
are and worn by machine (bent, turned, dried, drowned, cut), and to synthetic fingers; what the other half says of them
is printed by `tests/bench/fingerprints.py`. Weights differ by what there is to compare.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

from services.biometrics.host.evidence import Evidence, weigh
from services.biometrics.host.impression import Impression

CERTAIN: Final = 20.0
"""No score is higher: there is no data to say more of."""

_SECOND: Final = 0.25
_HALF_MEETING: Final = 4.0  # meeting minutiae at which their share counts half
_HALF_OVERLAP: Final = 80.0  # blocks of overlap at which a correlation of ridges counts half


@dataclass(frozen=True, slots=True)
class Scale:
    """How evidence is weighed.

    Attributes:
        minutiae: weight of the share of minutiae that meet, which counts the more the more of them do.
        ridges: weight of the correlation of ridges, which counts the more the larger the overlap is.
        offset: decades without any evidence.
    """

    minutiae: float
    ridges: float
    offset: float

    def decades(self, evidence: Evidence) -> float:
        """The score of a comparison, 0 to `CERTAIN`."""
        ridges = evidence.ridges * evidence.overlap / (evidence.overlap + _HALF_OVERLAP)
        minutiae = evidence.share * evidence.meeting / (evidence.meeting + _HALF_MEETING)
        score = self.offset + self.minutiae * minutiae + self.ridges * ridges
        return min(CERTAIN, max(0.0, score))


FULL: Final = Scale(15.741, 5.554, -1.182)
"""Both by the network, with ridge patterns."""
QUICK: Final = Scale(9.100, 8.921, -1.092)
"""The probe's minutiae from its ridges alone, the other's by the network."""
BARE: Final = Scale(24.737, 0.0, -1.738)
"""Minutiae alone, as in records of other makers."""


def fused(scores: Sequence[float]) -> float:
    """The score of a finger from those of its impressions: the best one, and a little for the second."""
    best, *others = sorted(scores, reverse=True)
    return min(CERTAIN, best + _SECOND * others[0]) if others else best


def compare(probe: Impression, enrolled: Impression, *, quick: bool = False) -> float:
    """Score two impressions in decades.

    Args:
        probe: one impression.
        enrolled: the other.
        quick: whether the probe's minutiae come from its ridges alone.
    """
    if probe.pattern is None or enrolled.pattern is None:
        return BARE.decades(weigh(probe, enrolled))
    return (QUICK if quick else FULL).decades(weigh(probe, enrolled))
