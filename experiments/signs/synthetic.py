"""A stand-in for SIGNS where the photographs cannot be had: hands showing 0 to 5, drawn by code."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from PIL import Image, ImageDraw, ImageFilter

from experiments.signs.photos import CLASSES, SIZE, Photos, Splits

_Point = Sequence[float] | np.ndarray

_CANVAS = 3 * SIZE  # drawn larger, then reduced, for smooth edges
_SKINS = ((236, 196, 170), (222, 172, 138), (198, 145, 108), (166, 114, 80), (122, 80, 55))
_WALLS = ((226, 223, 216), (208, 212, 218), (232, 222, 200), (196, 204, 190), (214, 198, 192))

# The hand, seen from the palm, in units of the palm's width: x to the right, y up.
_PALM = ((-0.27, -0.72), (-0.47, -0.3), (-0.47, 0.3), (-0.3, 0.47), (0.3, 0.44), (0.48, 0.2))
_PALM_HEEL = ((0.44, -0.35), (0.27, -0.72))
_BASES = ((-0.35, 0.4), (-0.12, 0.48), (0.12, 0.46), (0.35, 0.34))  # index to little finger
_LENGTHS = (0.88, 1.0, 0.92, 0.7)
_RADII = (0.115, 0.12, 0.115, 0.095)
_SPREAD = (12.0, 3.0, -6.0, -18.0)  # degrees away from straight up, positive to the left
_THUMB_OUT = ((-0.34, -0.32), (-0.66, 0.0), (-0.9, 0.34))
_THUMB_IN = ((-0.36, -0.3), (-0.34, 0.06), (0.1, 0.14))

# The fingers that show each number: 0 is the thumb, 1 to 4 are index to little finger.
_RAISED = (((),), ((1,),), ((1, 2),), ((1, 2, 3), (0, 1, 2)), ((1, 2, 3, 4),), ((0, 1, 2, 3, 4),))


def draw_signs(train: int = 1080, test: int = 120, seed: int = 0) -> Splits:
    """Draw a data set of the shapes and counts of SIGNS.

    The classes take turns, so both splits are balanced when 6 divides their sizes. Each drawing
    depends on the seed and its own number alone.

    Args:
        train: how many training images.
        test: how many test images.
        seed: another seed gives other hands.
    """
    source = f"a synthetic stand-in, hands drawn by code with seed {seed}, not photographs"
    return Splits(
        _draw(range(train), seed),
        _draw(range(train, train + test), seed),
        np.zeros(train, bool),
        source,
    )


def _draw(numbers: range, seed: int) -> Photos:
    y = np.array([number % CLASSES for number in numbers])
    rngs = (np.random.default_rng((seed, number)) for number in numbers)
    x = np.stack([draw_hand(int(label), rng) for label, rng in zip(y, rngs, strict=True)])
    return Photos.checked(x, y, "the synthetic stand-in")


def draw_hand(fingers: int, rng: np.random.Generator) -> np.ndarray:
    """One hand before a wall, (64, 64, 3) uint8, with 0 to 5 `fingers` raised."""
    wall = _wall(rng)
    drawing = _Hand.begin(rng)
    variants = _RAISED[fingers]
    drawing.draw(variants[rng.integers(len(variants))], rng)
    hand = drawing.image.resize((SIZE, SIZE), Image.Resampling.BOX)

    right, down = rng.integers(2, 6, 2)
    shadow = Image.new("L", hand.size)
    shadow.paste(hand.getchannel("A"), (int(right), int(down)))
    shadow = shadow.filter(ImageFilter.GaussianBlur(3)).point(lambda value: value * 0.4)
    wall.paste((70, 62, 58), mask=shadow)
    wall.paste(hand, mask=hand)
    return _lit(np.asarray(wall.filter(ImageFilter.GaussianBlur(0.4)), np.float64), rng)


def _wall(rng: np.random.Generator) -> Image.Image:
    colour = np.array(_WALLS[rng.integers(len(_WALLS))]) + rng.uniform(-10, 10, 3)
    return Image.new("RGB", (SIZE, SIZE), _rgb(colour))


def _lit(pixels: np.ndarray, rng: np.random.Generator) -> np.ndarray:
    """Light that falls off in one direction, then noise as of a sensor."""
    across = np.linspace(-1, 1, SIZE)
    direction = rng.uniform(0, 2 * np.pi)
    slope = np.cos(direction) * across[:, None] + np.sin(direction) * across[None, :]
    light = rng.uniform(0.85, 1.08) + rng.uniform(0, 0.1) * slope
    noisy = pixels * light[..., None] + rng.normal(0, 2.0, pixels.shape)
    return np.clip(np.rint(noisy), 0, 255).astype(np.uint8)


@dataclass(frozen=True)
class _Hand:
    """A hand being drawn on a transparent canvas.

    `matrix` and `centre` take a point of the hand's own coordinates to the canvas.
    """

    image: Image.Image
    pen: ImageDraw.ImageDraw
    matrix: np.ndarray
    centre: np.ndarray
    skin: np.ndarray

    @classmethod
    def begin(cls, rng: np.random.Generator) -> _Hand:
        """An empty canvas, with the hand's place, size, turn, side and skin drawn at random."""
        skin = np.array(_SKINS[rng.integers(len(_SKINS))]) + rng.uniform(-8, 8, 3)
        image = Image.new("RGBA", (_CANVAS, _CANVAS), (*_rgb(skin * 0.7), 0))
        turn = np.radians(rng.uniform(-24, 24))
        side = rng.choice((-1, 1))
        size = _CANVAS * rng.uniform(0.25, 0.32)
        rotation = np.array([[np.cos(turn), np.sin(turn)], [np.sin(turn), -np.cos(turn)]])
        matrix = size * rotation @ np.diag([side, 1.0])
        centre = _CANVAS * (np.array([0.5, 0.6]) + rng.uniform(-0.07, 0.07, 2))
        return cls(image, ImageDraw.Draw(image), matrix, centre, skin)

    def draw(self, raised: Sequence[int], rng: np.random.Generator) -> None:
        """Draw forearm, raised fingers, palm, and what is folded over the palm, in this order."""
        spread = rng.uniform(0.7, 1.6)
        bend = rng.uniform(-0.5, 0.5)
        self._limb(((0, -0.5), (0.4 * bend, -1.2), (bend, -3.0)), (0.27, 0.27, 0.36))
        if 0 in raised:
            self._limb(_jittered(_THUMB_OUT, rng), (0.2, 0.13, 0.1))
        for finger in range(1, 5):
            if finger in raised:
                self._straight_finger(finger - 1, spread, rng)
        self._palm()
        for finger in range(4, 0, -1):
            if finger not in raised:
                self._curled_finger(finger - 1, rng)
        if 0 not in raised:
            self._limb(_jittered(_THUMB_IN, rng), (0.16, 0.13, 0.105))

    def _straight_finger(self, index: int, spread: float, rng: np.random.Generator) -> None:
        angle = np.radians(_SPREAD[index] * spread + rng.uniform(-3, 3))
        base = np.array(_BASES[index])
        reach = (
            _LENGTHS[index] * rng.uniform(0.92, 1.08) * np.array([-np.sin(angle), np.cos(angle)])
        )
        radius = _RADII[index]
        root = base - 0.25 * reach
        self._limb((root, base + 0.5 * reach, base + reach), (radius, radius, 0.8 * radius))
        for joint in (0.42, 0.72):
            across = 0.6 * radius * np.array([np.cos(angle), np.sin(angle)])
            crease = base + joint * reach
            self._line((crease - across, crease + across))

    def _curled_finger(self, index: int, rng: np.random.Generator) -> None:
        x, y = _BASES[index]
        radius = 1.1 * _RADII[index]
        top = (x, y + 0.08)
        tip = (0.85 * x, y - 0.24 + rng.uniform(-0.03, 0.03))
        self._limb((top, tip), (radius, 0.95 * radius))

    def _palm(self) -> None:
        outline = [self._place(point) for point in (*_PALM, *_PALM_HEEL)]
        self.pen.polygon(outline, fill=_rgb(self.skin))
        self._disc(np.array([-0.24, -0.28]), 0.2, self.skin * 1.06)  # the ball of the thumb
        self._line(((-0.42, 0.12), (-0.1, 0.06), (0.2, -0.12)))
        self._line(((-0.3, 0.24), (0.1, 0.2), (0.44, 0.1)))

    def _limb(self, points: Sequence[_Point], radii: Sequence[float]) -> None:
        """A chain of tapering rounded segments: dark rim, skin, and a lighter ridge."""
        chain = [np.asarray(point, float) for point in points]
        for grow, shift, tone in ((0.035, 0.0, 0.68), (0.0, 0.0, 0.97), (-0.05, -0.02, 1.07)):
            colour = self.skin * tone
            moved = [point + shift for point in chain]
            for point, radius in zip(moved, radii, strict=True):
                self._disc(point, radius + grow, colour)
            for i in range(len(moved) - 1):
                self._segment(moved[i : i + 2], (radii[i] + grow, radii[i + 1] + grow), colour)

    def _segment(
        self, ends: Sequence[np.ndarray], radii: tuple[float, float], colour: np.ndarray
    ) -> None:
        (start, end), (wide, narrow) = ends, radii
        along = (end - start) / np.linalg.norm(end - start)
        across = np.array([-along[1], along[0]])
        left = (start + wide * across, end + narrow * across)
        right = (end - narrow * across, start - wide * across)
        self.pen.polygon([self._place(corner) for corner in left + right], fill=_rgb(colour))

    def _disc(self, point: np.ndarray, radius: float, colour: np.ndarray) -> None:
        x, y = self._place(point)
        r = radius * float(np.linalg.norm(self.matrix[:, 0]))
        self.pen.ellipse((x - r, y - r, x + r, y + r), fill=_rgb(colour))

    def _line(self, points: Sequence[_Point]) -> None:
        self.pen.line([self._place(p) for p in points], fill=_rgb(self.skin * 0.78), width=2)

    def _place(self, point: _Point) -> tuple[float, float]:
        x, y = self.matrix @ np.asarray(point, float) + self.centre
        return float(x), float(y)


def _jittered(points: Sequence[_Point], rng: np.random.Generator) -> list[_Point]:
    return [np.array(point) + rng.uniform(-0.03, 0.03, 2) for point in points]


def _rgb(colour: np.ndarray) -> tuple[int, int, int]:
    red, green, blue = (int(value) for value in np.clip(colour, 0, 255))
    return red, green, blue
