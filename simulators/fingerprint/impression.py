"""One touch of a finger on the window: placed anew, pressed, bent, dry or moist, worn, and seen by a sensor.

A master finger is skin; an impression of it is what a matcher has to cope with. Each impression of a finger
differs in place, angle, elastic bend, contact area, ridge width and noise, all drawn from its own seed.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import cv2
import numpy as np

from simulators.fingerprint.sensor import BACKGROUND, Picture
from simulators.fingerprint.synthesis import HEIGHT, WIDTH, MasterFinger

if TYPE_CHECKING:
    from simulators.fingerprint.orientation import Field

PICTURE_HEIGHT = 288
PICTURE_WIDTH = 256
"""Size of an impression in pixels at 500 dpi, that of the optical sensors."""

_RIDGE_GREY = 60


@dataclass(frozen=True, slots=True)
class SkinCondition:
    """How a person's skin is, each from 0 (not at all) to 1."""

    wear: float = 0.2
    """Ridges flattened by age and work, in patches; with it come creases. Elderly hands have 0.4 to 0.8."""
    dryness: float = 0.2
    """Thin, grainy, interrupted ridges."""
    moisture: float = 0.0
    """Broad ridges that close the valleys."""

    def __post_init__(self) -> None:
        for name in ("wear", "dryness", "moisture"):
            if not 0 <= getattr(self, name) <= 1:
                raise ValueError(f"{name} is between 0 and 1, not {getattr(self, name)}")


@dataclass(frozen=True, slots=True)
class Touch:
    """How the finger meets the glass. Pixels at 500 dpi, radians, pressure from 0 (light) to 1 (hard)."""

    shift_x: float
    shift_y: float
    rotation: float
    pressure: float
    bend: float
    """Standard deviation of the elastic bend in pixels."""

    @classmethod
    def drawn(cls, rng: np.random.Generator) -> Touch:
        """A touch as people make it who were shown where to put the finger."""
        return cls(
            shift_x=float(np.clip(rng.normal(0, 9), -20, 20)),
            shift_y=float(np.clip(rng.normal(0, 11), -26, 26)),
            rotation=float(np.clip(rng.normal(0, 0.12), -0.3, 0.3)),
            pressure=float(rng.uniform(0.35, 0.8)),
            bend=float(rng.uniform(0.8, 2.0)),
        )


def impress(finger: MasterFinger, skin: SkinCondition, finger_seed: int, number: int) -> Picture:
    """Impression ``number`` of ``finger``; the same arguments give the same picture.

    Args:
        finger: The skin.
        skin: Its condition.
        finger_seed: Of what stays on this finger between impressions: worn patches and creases.
        number: Which touch.
    """
    lasting = np.random.default_rng(np.random.SeedSequence([0xA6, finger_seed]))
    passing = np.random.default_rng(np.random.SeedSequence([0x70, finger_seed, number]))
    touch = Touch.drawn(passing)
    ridges = _age(finger.ridges.astype(np.float32) / np.float32(127), skin, lasting)
    seen = _lay_down(ridges, touch, passing)
    return _expose(seen, skin, touch, passing)


def _noise(rng: np.random.Generator, height: int, width: int, scale: float) -> Field:
    """Smooth noise of about unit variance, its grains about ``scale`` pixels."""
    small = rng.normal(0, 1, (max(2, int(height / scale) + 2), max(2, int(width / scale) + 2))).astype(np.float32)
    return np.asarray(cv2.resize(small, (width, height), interpolation=cv2.INTER_CUBIC), dtype=np.float32)


def _age(ridges: Field, skin: SkinCondition, rng: np.random.Generator) -> Field:
    """Wear the ridges flat in patches and lay creases across them."""
    patches = _noise(rng, HEIGHT, WIDTH, 42.0)
    flat = np.clip((patches - 1.6 + 1.9 * skin.wear) * 1.6, 0, 0.96)
    aged = ridges * (1 - flat * min(1.0, 0.35 + skin.wear)) - 0.35 * flat * skin.wear
    creases = np.zeros(ridges.shape, dtype=np.float32)
    for _ in range(rng.poisson(1 + 10 * skin.wear)):
        _draw_crease(creases, rng)
    return np.asarray(aged - 1.5 * cv2.GaussianBlur(creases, (0, 0), 0.9), dtype=np.float32)


def _draw_crease(canvas: Field, rng: np.random.Generator) -> None:
    start = rng.uniform((30, 40), (WIDTH - 30, HEIGHT - 40))
    direction, length = rng.uniform(0, np.pi), rng.uniform(18, 75)
    bow = rng.normal(0, 4)
    along = np.linspace(0, 1, 7)[:, None]
    heading = np.array([[np.cos(direction), np.sin(direction)]])
    sideways = np.array([[-np.sin(direction), np.cos(direction)]])
    points = start + along * length * heading + 4 * along * (1 - along) * bow * sideways
    points += rng.normal(0, 0.8, points.shape)
    cv2.polylines(
        canvas, [np.round(points).astype(np.int32)], isClosed=False, color=1.0, thickness=1, lineType=cv2.LINE_AA
    )


def _lay_down(ridges: Field, touch: Touch, rng: np.random.Generator) -> Field:
    """Place, turn and bend the skin under the window; returns a picture-sized part of it."""
    y, x = np.mgrid[0:PICTURE_HEIGHT, 0:PICTURE_WIDTH].astype(np.float32)
    x -= PICTURE_WIDTH / 2
    y -= PICTURE_HEIGHT / 2
    # The middle of the contact sticks to the glass, the skin around it gives way.
    free = 1 - np.exp(-(x * x + y * y) / (2 * 60.0**2))
    bend_x = touch.bend * _noise(rng, PICTURE_HEIGHT, PICTURE_WIDTH, 75.0) * free
    bend_y = touch.bend * _noise(rng, PICTURE_HEIGHT, PICTURE_WIDTH, 75.0) * free
    cos, sin = np.cos(touch.rotation), np.sin(touch.rotation)
    map_x = cos * x - sin * y + touch.shift_x + bend_x + WIDTH / 2
    map_y = sin * x + cos * y + touch.shift_y + bend_y + HEIGHT / 2
    return np.asarray(
        cv2.remap(
            ridges,
            map_x.astype(np.float32),
            map_y.astype(np.float32),
            cv2.INTER_LINEAR,
            borderMode=cv2.BORDER_REFLECT,
        ),
        dtype=np.float32,
    )


def _contact(touch: Touch, rng: np.random.Generator) -> Field:
    """1 where skin is near the glass, falling to 0 around: an egg-shaped area that grows with pressure."""
    y, x = np.mgrid[0:PICTURE_HEIGHT, 0:PICTURE_WIDTH].astype(np.float32)
    x -= PICTURE_WIDTH / 2 - touch.shift_x * 0.6
    y -= PICTURE_HEIGHT / 2 - touch.shift_y * 0.6
    half_width = 92 + 26 * touch.pressure + rng.normal(0, 3)
    half_height = 120 + 26 * touch.pressure + rng.normal(0, 4)
    narrowing = 1 + 0.0011 * np.clip(y, -160, 60)  # the tip is narrower
    radius = np.hypot(x / (half_width * narrowing), y / half_height)
    edge = radius + 0.025 * _noise(rng, PICTURE_HEIGHT, PICTURE_WIDTH, 16.0)
    return np.asarray(np.clip((1.03 - edge) * 9, 0, 1), dtype=np.float32)


def _expose(skin_height: Field, skin: SkinCondition, touch: Touch, rng: np.random.Generator) -> Picture:
    """What an optical sensor sees of the skin: dark ridges, light valleys, grain, uneven light, a little blur."""
    contact = _contact(touch, rng)
    grain = rng.normal(0, 1, contact.shape).astype(np.float32)
    fine = cv2.GaussianBlur(grain, (0, 0), 0.9) * 2.2
    blotches = _noise(rng, PICTURE_HEIGHT, PICTURE_WIDTH, 22.0)
    moist = skin.moisture - skin.dryness
    threshold = 0.12 - 0.45 * (touch.pressure - 0.55) - 0.55 * moist
    height = skin_height + (0.16 + 0.75 * skin.dryness) * fine + (0.16 + 0.2 * skin.dryness) * blotches - threshold
    height -= 1.6 * (1 - contact)
    ink = 1 / (1 + np.exp(-height * 3.4))
    light = BACKGROUND + 5 * _noise(rng, PICTURE_HEIGHT, PICTURE_WIDTH, 120.0)
    skin_tone = 26 * contact  # valleys near the glass scatter some light as well
    picture = light - skin_tone - (light - skin_tone - _RIDGE_GREY - 22 * blotches.clip(-1, 1)) * ink * contact
    picture = cv2.GaussianBlur(picture, (0, 0), 0.75) + rng.normal(0, 2.5, contact.shape)
    return np.asarray(np.clip(np.round(picture), 0, 255), dtype=np.uint8)
