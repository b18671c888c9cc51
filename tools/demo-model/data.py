"""Synthetic clips: one coloured shape moves at a constant speed over a plain background.

A clip is a pure function of its attributes (`Spec`) and its start position. Everything is drawn from
analytic signed distances with one pixel of anti-aliasing; no picture, video or text of anybody else is used.

Geometry, in pixels of a 64 x 64 frame, x to the right and y downwards, pixel centres at +0.5:

- radius r = 9 (small) or 14 (large); the whole shape stays inside the frame for the whole clip;
- circle: distance <= r; ring: 0.55 r <= distance <= r; square: half side 0.9 r;
- triangle: apex at the top, base 2 r wide, 1.8 r tall, its bounding box centred on the position;
- 13 frames at 2 pixels per frame, hence 8 pixels (one latent cell) per latent frame of 4 frames.
"""

from __future__ import annotations

import dataclasses
import itertools

import numpy as np
import torch

SIZE_PIXELS = 64
FRAMES = 13
SPEED_PIXELS = 2.0

COLOURS = {
    "red": (0.90, 0.10, 0.10),
    "green": (0.10, 0.70, 0.15),
    "blue": (0.15, 0.30, 0.95),
    "yellow": (0.95, 0.90, 0.15),
    "orange": (0.98, 0.50, 0.05),
    "purple": (0.55, 0.15, 0.75),
    "cyan": (0.15, 0.85, 0.90),
    "pink": (0.98, 0.50, 0.75),
}
BACKGROUNDS = {
    "black": (0.04, 0.04, 0.04),
    "white": (0.95, 0.95, 0.95),
    "gray": (0.50, 0.50, 0.50),
    "navy": (0.05, 0.08, 0.30),
}
SHAPES = ("circle", "square", "triangle", "ring")
DIRECTIONS = {"left": (-1, 0), "right": (1, 0), "up": (0, -1), "down": (0, 1)}
SIZES = {"small": 9.0, "large": 14.0}

RING_INNER = 0.55
SQUARE_HALF_SIDE = 0.9
TRIANGLE_HALF_HEIGHT = 0.9


@dataclasses.dataclass(frozen=True)
class Spec:
    """The attributes a caption names."""

    size: str
    colour: str
    shape: str
    direction: str
    background: str

    def caption(self) -> str:
        return (
            f"a {self.size} {self.colour} {self.shape} moving {self.direction}"
            f" on a {self.background} background"
        )


ALL_SPECS = [
    Spec(*attributes)
    for attributes in itertools.product(SIZES, COLOURS, SHAPES, DIRECTIONS, BACKGROUNDS)
]

# Each colour once, each shape twice, each direction twice: 8 of 128 triples, 64 of 1024 captions.
HELD_OUT_TRIPLES = frozenset(
    (colour, SHAPES[i % 4], list(DIRECTIONS)[(i + i // 4) % 4]) for i, colour in enumerate(COLOURS)
)


def is_held_out(spec: Spec) -> bool:
    """Whether the model never sees this combination of colour, shape and direction in training."""
    return (spec.colour, spec.shape, spec.direction) in HELD_OUT_TRIPLES


TRAIN_SPECS = [spec for spec in ALL_SPECS if not is_held_out(spec)]
HELD_OUT_SPECS = [spec for spec in ALL_SPECS if is_held_out(spec)]


def start_positions(specs: list[Spec], rng: np.random.Generator) -> np.ndarray:
    """Uniform start centres [n, 2] (x, y) such that the shape never leaves the frame."""
    travel = SPEED_PIXELS * (FRAMES - 1)
    radius = np.array([SIZES[s.size] for s in specs])[:, None]
    step = np.array([DIRECTIONS[s.direction] for s in specs], dtype=np.float64)
    low = radius + 1 + travel * (step < 0)
    high = SIZE_PIXELS - radius - 1 - travel * (step > 0)
    return low + (high - low) * rng.random((len(specs), 2))


def render(specs: list[Spec], starts: np.ndarray, frames: list[int]) -> torch.Tensor:
    """Draws the given frame indices: float32 [n, len(frames), 3, 64, 64] in [0, 1]."""
    step = torch.tensor([DIRECTIONS[s.direction] for s in specs], dtype=torch.float32) * SPEED_PIXELS
    centre = torch.as_tensor(starts, dtype=torch.float32)[:, None] + step[:, None] * torch.tensor(
        frames, dtype=torch.float32
    )[None, :, None]
    radius = torch.tensor([SIZES[s.size] for s in specs], dtype=torch.float32)[:, None, None, None]
    axis = torch.arange(SIZE_PIXELS, dtype=torch.float32) + 0.5
    dx = axis[None, None, None, :] - centre[:, :, 0, None, None]
    dy = axis[None, None, :, None] - centre[:, :, 1, None, None]
    kind = torch.tensor([SHAPES.index(s.shape) for s in specs])[:, None, None, None]
    alpha = (0.5 - _distance(kind, dx, dy, radius)).clamp(0, 1)[:, :, None]
    fore = torch.tensor([COLOURS[s.colour] for s in specs])[:, None, :, None, None]
    back = torch.tensor([BACKGROUNDS[s.background] for s in specs])[:, None, :, None, None]
    return back + alpha * (fore - back)


def _distance(kind: torch.Tensor, dx: torch.Tensor, dy: torch.Tensor, r: torch.Tensor) -> torch.Tensor:
    """Signed distance (negative inside) of the shape with index `kind` and radius `r`."""
    length = torch.sqrt(dx * dx + dy * dy)
    circle = length - r
    square = torch.maximum(dx.abs(), dy.abs()) - SQUARE_HALF_SIDE * r
    ring = torch.maximum(circle, RING_INNER * r - length)
    half = TRIANGLE_HALF_HEIGHT
    slant = (2 * half * dx.abs() - dy - half * r) / (1 + 4 * half * half) ** 0.5
    triangle = torch.maximum(dy - half * r, slant)
    distance = torch.where(kind == 0, circle, square)
    distance = torch.where(kind == 2, triangle, distance)
    return torch.where(kind == 3, ring, distance)


def random_specs(count: int, rng: np.random.Generator, specs: list[Spec] = TRAIN_SPECS) -> list[Spec]:
    return [specs[i] for i in rng.integers(0, len(specs), count)]
