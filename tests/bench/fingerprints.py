"""How well and how fast fingers are told apart, on folders of real prints.

    python tests/bench/fingerprints.py --data DIR [--sets NAME ...] [--dpi NAME=569 ...] [--json]

DIR holds a folder a set, each with files FINGER_IMPRESSION.png. Protocol, for each set:

- genuine: every pair of impressions of one finger (FVC: 10 fingers x 28 = 280);
- impostor: every impression against every impression of every other finger (FVC: 45 pairs of fingers x 64 = 2,880, the
  45 first-impression pairs of the FVC rule among them);
- three enrolled: the first three impressions of each finger are enrolled, the others are probes; a finger's score is
  fused from its three as the product does it;
- intervals: 95 %, from 300 resamples of the fingers, since the impressions of one finger are no independent tries.

EER is where both error rates meet; FMR100 is the FNMR at FMR 1e-2. Rates at the scores that the product itself would
decide by are printed as well: they tell whether the calibration holds. Parameters were chosen on fingers 101 to 105 of
FVC2002 set B, so fingers below and above are also printed apart.

Everything runs on one core. The village for the search is made of the prints at hand and of others bent and mirrored
from them until they are 500 residents with 4 fingers of 3 impressions each.
"""

import os

for _name in ("OPENBLAS_NUM_THREADS", "OMP_NUM_THREADS", "MKL_NUM_THREADS"):
    os.environ.setdefault(_name, "1")

import argparse
import itertools
import json
import resource
import sys
import time
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from PIL import Image, UnidentifiedImageError

from drivers.contracts.fingerprint import FingerprintSample, GreyImage, Template
from services.biometrics.contract import EnrolledFinger, Outcome
from services.biometrics.host.extraction import Extractor
from services.biometrics.host.faults import ImageError
from services.biometrics.host.impression import Impression, Pattern
from services.biometrics.host.matcher import HostMatcher
from services.biometrics.host.minutiae import MAX_EXTENT, Minutiae
from services.biometrics.host.score import compare, fused
from services.biometrics.host.template import ALGORITHM, encode

RESIDENTS, FINGERS, IMPRESSIONS = 500, 4, 3
RESAMPLES = 300
TIMED = 24  # verifications a set, and searches in all

Scores = NDArray[np.float64]
Key = tuple[int, int]


@dataclass
class PrintSet:
    """A folder of prints, as images and as features; `None` where none can be had."""

    name: str
    images: dict[Key, GreyImage] = field(default_factory=dict)
    full: dict[Key, Impression | None] = field(default_factory=dict)
    extract_ms: list[float] = field(default_factory=list)
    quick_ms: list[float] = field(default_factory=list)
    match_ms: float = 0.0


@dataclass
class Comparisons:
    """Scores with the fingers they are about."""

    scores: Scores
    first: NDArray[np.intp]
    second: NDArray[np.intp]

    def of(self, fingers: Iterable[int]) -> "Comparisons":
        """Those among these fingers alone."""
        wanted = np.isin(self.first, list(fingers)) & np.isin(self.second, list(fingers))
        return Comparisons(self.scores[wanted], self.first[wanted], self.second[wanted])


@dataclass
class Rates:
    """Error rates as fractions."""

    eer: float
    fmr100: float
    fnmr_1e3: float
    low: float = 0.0
    high: float = 0.0


def resolution(name: str, given: dict[str, int]) -> int:
    """The dpi of a set: as given, else that of its sensor in FVC2002, else 500."""
    return given.get(name, 569 if "2002" in name and "DB2" in name.upper() else 500)


def read_set(folder: Path, dpi: int) -> PrintSet:
    """Read a folder; files that are no prints are named and left out."""
    found = PrintSet(folder.name)
    for path in sorted(folder.iterdir()):
        try:
            finger, impression = (int(part) for part in path.stem.split("_"))
            with Image.open(path) as picture:
                grey = picture.convert("L")
                found.images[finger, impression] = GreyImage(grey.width, grey.height, grey.tobytes(), dpi)
        except (ValueError, OSError, UnidentifiedImageError) as error:
            print(f"{folder.name}/{path.name}: left out: {error}", file=sys.stderr)
    return found


def extract(prints: PrintSet, extractor: Extractor) -> None:
    """Extract every print, quickly and thoroughly."""
    for key, image in prints.images.items():
        begun = time.perf_counter()
        prints.full[key] = None
        try:
            touch = extractor.look(image)
            _ = touch.quick
            prints.quick_ms.append((time.perf_counter() - begun) * 1000)
        except ImageError as error:
            print(f"{prints.name}/{key[0]}_{key[1]}: {error}", file=sys.stderr)
        begun = time.perf_counter()
        try:
            prints.full[key] = extractor.look(image).full
            prints.extract_ms.append((time.perf_counter() - begun) * 1000)
        except ImageError as error:
            print(f"{prints.name}/{key[0]}_{key[1]}: {error}", file=sys.stderr)


def compare_all(prints: PrintSet) -> dict[tuple[Key, Key], float]:
    """Every pair of prints; one without features is like no other."""
    begun, scores = time.perf_counter(), {}
    for one, other in itertools.combinations(sorted(prints.images), 2):
        first, second = prints.full[one], prints.full[other]
        scores[one, other] = compare(first, second) if first is not None and second is not None else -1.0
    prints.match_ms = (time.perf_counter() - begun) * 1000 / max(1, len(scores))
    return scores


def single(scores: dict[tuple[Key, Key], float]) -> tuple[Comparisons, Comparisons]:
    """Genuine and impostor comparisons of single templates."""
    return _split([(a[0], b[0], score) for (a, b), score in scores.items()])


def enrolled(prints: PrintSet, scores: dict[tuple[Key, Key], float]) -> tuple[Comparisons, Comparisons]:
    """Genuine and impostor comparisons with the first three impressions of each finger enrolled."""
    fingers = {finger: sorted(key for key in prints.images if key[0] == finger) for finger, _ in prints.images}
    rows = []
    for (finger, own), (other, kept) in itertools.product(fingers.items(), fingers.items()):
        rows += [
            (finger, other, fused([scores[min(probe, one), max(probe, one)] for one in kept[:IMPRESSIONS]]))
            for probe in own[IMPRESSIONS:]
        ]
    return _split(rows)


def _split(rows: Sequence[tuple[int, int, float]]) -> tuple[Comparisons, Comparisons]:
    table = np.array(rows, float).reshape(-1, 3)
    same = table[:, 0] == table[:, 1]
    genuine, impostor = (
        Comparisons(t[:, 2], t[:, 0].astype(int), t[:, 1].astype(int)) for t in (table[same], table[~same])
    )
    return genuine, impostor


def rates(genuine: Comparisons, impostor: Comparisons, weight: dict[int, int] | None = None) -> Rates:
    """Error rates, with fingers counted as often as `weight` says."""

    def weights(of: Comparisons) -> Scores:
        if weight is None:
            return np.ones(len(of.scores))
        first, second = (np.array([weight[finger] for finger in side], float) for side in (of.first, of.second))
        return np.where(of.first == of.second, first, first * second)

    thresholds = np.unique(np.concatenate([genuine.scores, impostor.scores, [np.inf]]))

    def share_below(of: Comparisons) -> Scores:
        order = np.argsort(of.scores)
        summed = np.concatenate([[0.0], np.cumsum(weights(of)[order])])
        return np.asarray(summed[np.searchsorted(of.scores[order], thresholds)] / max(summed[-1], 1e-9))

    fnmr, fmr = share_below(genuine), 1 - share_below(impostor)
    meeting = int(np.argmin(np.abs(fnmr - fmr)))

    def at(rate: float) -> float:
        return float(fnmr[int(np.argmax(fmr <= rate + 1e-12))])

    return Rates(float((fnmr[meeting] + fmr[meeting]) / 2), at(1e-2), at(1e-3))


def with_interval(genuine: Comparisons, impostor: Comparisons) -> Rates:
    """Error rates with the interval of the FNMR at FMR 1e-3."""
    if not len(genuine.scores) or not len(impostor.scores):
        return Rates(np.nan, np.nan, np.nan, np.nan, np.nan)
    result = rates(genuine, impostor)
    rng = np.random.default_rng(1)
    fingers = sorted({*genuine.first.tolist(), *impostor.first.tolist(), *impostor.second.tolist()})
    drawn = []
    for _ in range(RESAMPLES):
        count = np.bincount(rng.integers(0, len(fingers), len(fingers)), minlength=len(fingers))
        drawn.append(rates(genuine, impostor, dict(zip(fingers, count.tolist(), strict=True))).fnmr_1e3)
    result.low, result.high = (float(value) for value in np.percentile(drawn, (2.5, 97.5)))
    return result


def described(result: Rates) -> str:
    """The rates in per cent."""
    return (
        f"EER {result.eer:6.2%}  FMR100 {result.fmr100:6.2%}  "
        f"FNMR at FMR 1e-3 {result.fnmr_1e3:6.2%} [{result.low:.2%}, {result.high:.2%}]"
    )


def halves(genuine: Comparisons, impostor: Comparisons) -> str:
    """The same rates on the lower and on the upper half of the fingers."""
    fingers = sorted(set(genuine.first.tolist()))
    parts = []
    for name, half in (("lower", fingers[: len(fingers) // 2]), ("upper", fingers[len(fingers) // 2 :])):
        own, foreign = genuine.of(half), impostor.of(half)
        if len(own.scores) and len(foreign.scores):
            result = rates(own, foreign)
            parts.append(f"{name} EER {result.eer:.2%} FNMR {result.fnmr_1e3:.2%}")
    return ", ".join(parts)


def kept(finger_id: str, impressions: Iterable[Impression | None]) -> EnrolledFinger:
    """A finger as the store keeps it."""
    return EnrolledFinger(finger_id, tuple(Template(ALGORITHM, encode(one)) for one in impressions if one is not None))


def enrolled_fingers(prints: PrintSet) -> dict[int, EnrolledFinger]:
    """The fingers of a set with their first three impressions."""
    fingers = {}
    for finger in sorted({key[0] for key in prints.images}):
        keys = sorted(key for key in prints.images if key[0] == finger)[:IMPRESSIONS]
        one = kept(f"{prints.name}/{finger}", (prints.full[key] for key in keys))
        if one.templates:
            fingers[finger] = one
    return fingers


def probes(prints: PrintSet) -> list[Key]:
    """Prints that are not enrolled, spread over the fingers."""
    rest = []
    for finger in sorted({key[0] for key in prints.images}):
        rest += sorted(key for key in prints.images if key[0] == finger)[IMPRESSIONS:]
    return rest[:: max(1, len(rest) // TIMED)]


@dataclass
class Verifications:
    """Image in hand to verdict, in milliseconds: by the ridges alone, and where the network was asked."""

    fast: list[float] = field(default_factory=list)
    thorough: list[float] = field(default_factory=list)
    outcomes: list[Outcome] = field(default_factory=list)


class _Counting(Extractor):
    """Notes whether the network was asked."""

    asked = 0

    def minutiae(self, finger):  # type: ignore[no-untyped-def]
        self.asked += 1
        return super().minutiae(finger)


def time_verifications(sets: Sequence[PrintSet]) -> Verifications:
    """Verify genuine prints against their finger's three enrolled impressions."""
    extractor, done = _Counting(), Verifications()
    matcher = HostMatcher(1e-3, extractor)
    for prints in sets:
        fingers = enrolled_fingers(prints)
        for key in probes(prints):
            if key[0] not in fingers:
                continue
            asked, begun = extractor.asked, time.perf_counter()
            verdict = matcher.verify(FingerprintSample(None, prints.images[key]), [fingers[key[0]]])
            taken = (time.perf_counter() - begun) * 1000
            (done.fast if extractor.asked == asked else done.thorough).append(taken)
            done.outcomes.append(verdict.outcome)
    return done


def made_up(impression: Impression, rng: np.random.Generator) -> Impression:
    """Another finger's impression: the mirror image of this one, bent far more than skin bends."""
    minutiae, pattern = impression.minutiae, impression.pattern
    assert pattern is not None
    width = pattern.area.shape[1] * 8
    xy = minutiae.xy.copy()
    xy[:, 0] = width - xy[:, 0]
    waves = rng.normal(0, 1 / 150, (3, 2))
    phases, sizes = rng.uniform(0, 2 * np.pi, 3), rng.normal(0, 14, (3, 2))
    bent = xy + np.sin(xy @ waves.T * 2 * np.pi + phases) @ sizes
    order = rng.random(len(xy)) < 0.85
    turned = (np.pi - minutiae.direction + rng.normal(0, 0.15, len(xy))) % (2 * np.pi)
    mirrored = Pattern(pattern.valley[:, ::-1].copy(), pattern.area[:, ::-1].copy())
    made = Minutiae(
        bent.clip(0, MAX_EXTENT).astype(np.float32), turned.astype(np.float32), minutiae.kind, minutiae.quality
    )
    return Impression(made.take(order) if order.sum() >= 4 else made, mirrored)


def village(sets: Sequence[PrintSet]) -> list[EnrolledFinger]:
    """The fingers of 500 residents, those of the sets among them."""
    real = [finger for prints in sets for finger in enrolled_fingers(prints).values()]
    usable = [one for prints in sets for one in prints.full.values() if one is not None]
    fingers = real[: RESIDENTS * FINGERS]
    for number in range(RESIDENTS * FINGERS - len(fingers)):
        rng, base = np.random.default_rng(number), usable[number % len(usable)]
        fingers.append(kept(f"made-up/{number}", [made_up(base, rng) for _ in range(IMPRESSIONS)]))
    return fingers


def time_searches(sets: Sequence[PrintSet]) -> dict[str, float]:
    """Search a village for prints of enrolled fingers."""
    matcher = HostMatcher(1e-2)
    begun = time.perf_counter()
    matcher.load(village(sets))
    loaded = time.perf_counter() - begun
    seconds, right, wrong = [], 0, 0
    wanted = [(prints, key) for prints in sets for key in probes(prints) if prints.full[key] is not None]
    for prints, key in wanted[:: max(1, len(wanted) // (3 * TIMED))]:
        probe = prints.full[key]
        assert probe is not None
        fresh = Impression(probe.minutiae, probe.pattern)
        begun = time.perf_counter()
        verdict = matcher.search(fresh)
        seconds.append(time.perf_counter() - begun)
        right += verdict.finger_id == f"{prints.name}/{key[0]}"
        wrong += verdict.finger_id not in (None, f"{prints.name}/{key[0]}")
    return {
        "identify_s_p50": p50(seconds),
        "identify_s_p95": p95(seconds),
        "identification_rate": right / max(1, len(seconds)),
        "false_identification_rate": wrong / max(1, len(seconds)),
        "gallery_load_s": loaded,
    }


def p50(values: Sequence[float]) -> float:
    """The median; not a number without values."""
    return float(np.median(values)) if len(values) else float("nan")


def p95(values: Sequence[float]) -> float:
    """The 95th percentile; not a number without values."""
    return float(np.percentile(values, 95)) if len(values) else float("nan")


def strict(value: object) -> object:
    """A value as JSON can hold it, which knows nothing that is not a number."""
    if isinstance(value, dict):
        return {name: strict(inner) for name, inner in value.items()}
    return None if isinstance(value, float) and not np.isfinite(value) else value


def report_set(prints: PrintSet) -> dict[str, float]:
    """Measure one set's accuracy, and print it."""
    scores = compare_all(prints)
    one, three = single(scores), enrolled(prints, scores)
    alone, fused = with_interval(*one), with_interval(*three)
    print(f"{prints.name}: {len(prints.images)} prints, {len(one[0].scores)} genuine, {len(one[1].scores)} impostor")
    print(f"  single template   {described(alone)}")
    print(f"  three enrolled    {described(fused)}")
    print(f"  halves            {halves(*one)}")
    decided = [f"at a rate of {rate:g}: FMR {np.mean(one[1].scores >= -np.log10(rate)):.3%}" for rate in (1e-2, 1e-3)]
    missed = np.mean(one[0].scores < 3.0) if len(one[0].scores) else np.nan
    print(f"  as configured     {', '.join(decided)}; FNMR at 1e-3: {missed:.2%}")
    extracted, quick = prints.extract_ms, prints.quick_ms
    print(f"  time in ms        by the network {p50(extracted):.0f} (p95 {p95(extracted):.0f}),", end=" ")
    print(f"by ridges {p50(quick):.0f} (p95 {p95(quick):.0f}), a comparison {prints.match_ms:.1f}", flush=True)
    return {
        "eer": alone.eer,
        "fmr100": alone.fmr100,
        "fnmr_1e3": alone.fnmr_1e3,
        "fnmr_1e3_low": alone.low,
        "fnmr_1e3_high": alone.high,
        "eer_enrolled3": fused.eer,
        "fnmr_1e3_enrolled3": fused.fnmr_1e3,
        "extract_ms_p95": p95(prints.extract_ms),
        "quick_ms_p95": p95(prints.quick_ms),
        "match_ms": prints.match_ms,
    }


def mean(results: dict[str, dict[str, float]], name: str) -> float:
    """The mean of a figure over the sets that have it."""
    known = [result[name] for result in results.values() if np.isfinite(result[name])]
    return float(np.mean(known)) if known else float("nan")


def arguments() -> argparse.Namespace:
    """What the command line says."""
    parser = argparse.ArgumentParser(description="Measure fingerprint matching on folders of prints.")
    parser.add_argument("--data", type=Path, required=True, help="folder of sets, or one set")
    parser.add_argument("--sets", nargs="*", help="names of sets; all unless given")
    parser.add_argument("--dpi", nargs="*", default=[], metavar="NAME=DPI", help="resolution of a set")
    parser.add_argument("--json", action="store_true", help="end with one line of JSON")
    return parser.parse_args()


def main() -> int:
    """Measure, print, and say 0, or 1 when there are no prints."""
    options = arguments()
    given = {name: int(dpi) for name, _, dpi in (pair.partition("=") for pair in options.dpi)}
    folders = sorted(path for path in options.data.iterdir() if path.is_dir()) or [options.data]
    chosen = [folder for folder in folders if not options.sets or folder.name in options.sets]
    sets = [prints for folder in chosen if (prints := read_set(folder, resolution(folder.name, given))).images]
    if not sets:
        print(f"no prints in {options.data}", file=sys.stderr)
        return 1
    extractor, results = Extractor(), {}
    for prints in sets:
        extract(prints, extractor)
        results[prints.name] = report_set(prints)
    verified = time_verifications(sets)
    searched = time_searches(sets)
    taken = verified.fast + verified.thorough
    matched = verified.outcomes.count(Outcome.MATCH) / max(1, len(taken))
    summary: dict[str, object] = {
        "mean_eer": mean(results, "eer"),
        "mean_fmr100": mean(results, "fmr100"),
        "mean_fnmr_1e3": mean(results, "fnmr_1e3"),
        "mean_fnmr_1e3_enrolled3": mean(results, "fnmr_1e3_enrolled3"),
        "verify_ms_p50": p50(taken),
        "verify_ms_p95": p95(taken),
        "verify_fast_share": len(verified.fast) / max(1, len(taken)),
        "verify_fast_ms_p95": p95(verified.fast),
        "verify_leader_ms_p95": p95(verified.thorough),
        "verify_match_rate": matched,
        **searched,
        "template_bytes": float(
            np.mean([len(encode(one)) for s in sets for one in s.full.values() if one is not None])
        ),
        "peak_rss_mb": resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024,
        "sets": results,
    }
    for name, value in summary.items():
        if name != "sets":
            print(f"{name:28} {value:.4g}")
    if options.json:
        print(json.dumps(strict(summary)))
    return 0


if __name__ == "__main__":
    sys.exit(main())
