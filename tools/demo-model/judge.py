"""Reads the attributes of a clip from its pixels; no network, no random numbers, easy to port bit for bit.

Input: frames uint8 [T, H, W, 3]. All sums are sums of integers, all other arithmetic is IEEE double in the order
written here.

1. Background: per channel the lower median over all frames of the pixels in the outermost `BORDER` = 2 rows and columns
   (lower median of n sorted values = value number (n - 1) / 2, rounded down, counted from 0). Its name is the palette entry
   with the least sum of absolute channel differences (palette in 1/255, round half up; ties: first entry).
2. Object colour: pixels of all frames whose largest absolute channel difference from the measured background is at least
   `CONTRAST` = 50 (the least contrast of a palette pair is 77). Fewer than `MIN_PIXELS` = 30 * T / 2: no object,
   every attribute but the background is None. Per channel the lower median of these pixels; name as in 1.
3. Mask of each frame: with d = colour - background (the two medians), a pixel p belongs to the object when
   2 * sum((p - background) * d) >= sum(d * d). A frame counts when at least 30 pixels belong to it.
   Fewer than max(2, T / 2) counting frames: no object.
4. Direction: least-squares slopes of the mask's mean x and mean y over the frame index (counting frames). The larger
   absolute slope names the axis (x on a tie), its sign the direction (right and down are positive); None when it is below
   `MIN_SPEED` = 0.5 pixels per frame or below 2 times the other one.
5. Shape: in every counting frame, the bounding box of the mask is compared with four templates on the pixel centres inside
   it: u = (2 (x - x0) + 1) / w - 1, v likewise with y, y0, h, in [-1, 1].
   circle: u u + v v <= 1; square: all; triangle: 2 |u| <= v + 1; ring: 0.55^2 <= u u + v v <= 1.
   The overlap of a template is intersection / union. The shape is the template with the largest mean overlap over the
   counting frames (ties: the order above), None when that mean is below `MIN_OVERLAP` = 0.72 or when the mean of
   min(w, h) / max(w, h) is below 0.7.
6. Size: mean over counting frames of (w + h) / 4, "small" below 11.5 * H / 64, else "large".

`score` gives for each attribute whether it equals the expected one; `all` when every one of the five does.
"""

from __future__ import annotations

import dataclasses

import numpy as np

from data import BACKGROUNDS, COLOURS, SHAPES, Spec

BORDER = 2
CONTRAST = 50
MIN_FRAME_PIXELS = 30
MIN_SPEED = 0.5
MIN_OVERLAP = 0.72
MIN_ASPECT = 0.7
SIZE_LIMIT = 11.5
ATTRIBUTES = ("background", "colour", "direction", "shape", "size")


@dataclasses.dataclass(frozen=True)
class Verdict:
    background: str
    colour: str | None = None
    direction: str | None = None
    shape: str | None = None
    size: str | None = None
    overlap: float = 0.0


def _nearest(palette: dict[str, tuple[float, float, float]], rgb: np.ndarray) -> str:
    table = {name: np.floor(np.array(value) * 255 + 0.5).astype(np.int64) for name, value in palette.items()}
    return min(table, key=lambda name: int(np.abs(table[name] - rgb).sum()))


def _lower_median(pixels: np.ndarray) -> np.ndarray:
    return np.sort(pixels, axis=0)[(len(pixels) - 1) // 2].astype(np.int64)


def _slope(t: np.ndarray, y: np.ndarray) -> float:
    mean_t, mean_y = t.sum() / len(t), y.sum() / len(y)
    return float(((t - mean_t) * (y - mean_y)).sum() / ((t - mean_t) * (t - mean_t)).sum())


def _templates(w: int, h: int) -> list[np.ndarray]:
    u = ((2 * np.arange(w) + 1) / w - 1)[None, :] + np.zeros((h, 1))
    v = ((2 * np.arange(h) + 1) / h - 1)[:, None] + np.zeros((1, w))
    radius = u * u + v * v
    return [radius <= 1, np.ones((h, w), bool), 2 * np.abs(u) <= v + 1, (radius >= 0.55 * 0.55) & (radius <= 1)]


def judge(frames: np.ndarray) -> Verdict:
    """The attributes seen in `frames`, uint8 [T, H, W, 3]."""
    count, height, _, _ = frames.shape
    video = frames.astype(np.int64)
    edge = np.ones(frames.shape[1:3], bool)
    edge[BORDER:-BORDER, BORDER:-BORDER] = False
    back = _lower_median(video[:, edge].reshape(-1, 3))
    background = _nearest(BACKGROUNDS, back)
    strong = video[np.abs(video - back).max(-1) >= CONTRAST]
    if len(strong) < MIN_FRAME_PIXELS * count / 2:
        return Verdict(background)
    fore = _lower_median(strong)
    d = fore - back
    masks = 2 * ((video - back) * d).sum(-1) >= (d * d).sum()
    times, xs, ys, sides, aspects, overlaps = [], [], [], [], [], []
    for t, mask in enumerate(masks):
        y, x = np.nonzero(mask)
        if len(x) < MIN_FRAME_PIXELS:
            continue
        times.append(t)
        xs.append(x.sum() / len(x))
        ys.append(y.sum() / len(y))
        w, h = int(x.max() - x.min()) + 1, int(y.max() - y.min()) + 1
        sides.append((w + h) / 4)
        aspects.append(min(w, h) / max(w, h))
        box = mask[y.min() : y.max() + 1, x.min() : x.max() + 1]
        overlaps.append([(box & f).sum() / (box | f).sum() for f in _templates(w, h)])
    if len(times) < max(2, count / 2):
        return Verdict(background)
    dx, dy = _slope(np.array(times), np.array(xs)), _slope(np.array(times), np.array(ys))
    main, other = (dx, dy) if abs(dx) >= abs(dy) else (dy, dx)
    direction = None
    if abs(main) >= MIN_SPEED and abs(main) >= 2 * abs(other):
        names = ("left", "right") if abs(dx) >= abs(dy) else ("up", "down")
        direction = names[int(main > 0)]
    mean = [sum(o[i] for o in overlaps) / len(overlaps) for i in range(len(SHAPES))]
    best = max(range(len(SHAPES)), key=lambda i: mean[i])
    is_clear = mean[best] >= MIN_OVERLAP and sum(aspects) / len(aspects) >= MIN_ASPECT
    size = "small" if sum(sides) / len(sides) < SIZE_LIMIT * height / 64 else "large"
    return Verdict(background, _nearest(COLOURS, fore), direction, SHAPES[best] if is_clear else None, size, mean[best])


def score(verdict: Verdict, spec: Spec) -> dict[str, bool]:
    result = {a: getattr(verdict, a) == getattr(spec, a) for a in ATTRIBUTES}
    result["all"] = all(result.values())
    return result


def rates(videos: np.ndarray, specs: list[Spec]) -> dict[str, float]:
    """Mean scores over clips, uint8 [n, T, H, W, 3]."""
    scores = [score(judge(video), spec) for video, spec in zip(videos, specs)]
    return {key: sum(s[key] for s in scores) / len(scores) for key in scores[0]}
