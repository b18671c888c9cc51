"""Writes quantization.safetensors: small seeded tensors, and what weight and activation quantization make of them.

Nothing here is shared with the Java code. Weights: every pair of bounds on a fine mesh is tried and the best grid is
improved by coordinate descent, in double precision; the Java search must come as close to this floor as the test says.
Activations: each mode in plain double precision (fake quantization); scales that the integer product restricts to
multiples of one unit are restricted here too.
Run: python quantization.py OUT_FOLDER
"""

import pathlib
import sys

import numpy as np
from safetensors.numpy import save_file

ROWS, COLUMNS, TOKENS = 8, 256, 8
BITS = 4


def on_grid(w, step, zero, levels):
    return step * (np.clip(np.rint(w / step) + zero, 0, levels) - zero)


def bounded(w, low, high, levels):
    step = (high - low) / levels
    return step, np.clip(np.rint(-low / step), 0, levels)


def refined(w, step, zero, levels):
    """Coordinate descent from one grid; the best grid seen."""
    best = (np.sum((w - on_grid(w, step, zero, levels)) ** 2), step, zero)
    for _ in range(100):
        level = np.clip(np.rint(w / step) + zero, 0, levels) - zero
        if not np.any(level):
            break
        step = np.dot(level, w) / np.dot(level, level)
        zero = np.clip(np.rint(np.mean(level + zero - w / step)), 0, levels)
        error = np.sum((w - on_grid(w, step, zero, levels)) ** 2)
        if error >= best[0]:
            break
        best = (error, step, zero)
    return best


def weight_floor(w, levels):
    """Mean squared errors of one row: MinMax, and the best of a mesh of grids, each refined."""
    low, high = min(w.min(), 0), max(w.max(), 0)
    step, zero = bounded(w, low, high, levels)
    min_max = np.mean((w - on_grid(w, step, zero, levels)) ** 2)
    floor = np.inf
    for a in np.arange(0.1, 1.001, 0.03):
        for b in np.arange(0.1, 1.001, 0.03):
            floor = min(floor, refined(w, *bounded(w, a * low, b * high, levels), levels)[0])
    return min_max, floor / len(w)


def symmetric(x, scale, largest):
    scale = np.where(scale > 0, scale, 1.0)
    return scale * np.clip(np.rint(x / scale), -largest, largest)


def block(x, largest, size, clip):
    tiles = x.reshape(x.shape[0], -1, size)
    scale = clip * np.abs(tiles).max(-1, keepdims=True) / largest
    return symmetric(tiles, scale, largest).reshape(x.shape)


def multiples(scale, unit, count):
    """The scales rounded up to 1 .. count units."""
    return unit * np.clip(np.ceil(scale / np.where(unit > 0, unit, 1.0)), 1, count)


def block_multiples(x, largest, size, clip):
    tiles = x.reshape(x.shape[0], -1, size)
    scale = clip * np.abs(tiles).max(-1, keepdims=True) / largest
    count = 127 // largest
    scale = multiples(scale, scale.max(1, keepdims=True) / count, count)
    return symmetric(tiles, scale, largest).reshape(x.shape)


def token(x, largest, clip):
    return symmetric(x, clip * np.abs(x).max(-1, keepdims=True) / largest, largest)


def token_asymmetric(x, largest):
    levels = 2 * largest + 1
    low, high = np.minimum(x.min(-1, keepdims=True), 0), np.maximum(x.max(-1, keepdims=True), 0)
    step = np.where(high > low, (high - low) / levels, 1.0)
    zero = np.clip(np.rint(-low / step), 0, levels)
    return step * (np.clip(np.rint(x / step) + zero, 0, levels) - zero)


def channel(x, largest):
    scale = np.abs(x).max(0, keepdims=True) / largest
    return symmetric(x, multiples(scale, scale.max() / 15, 15), largest)


def channel_token(x, largest, statistic):
    balance = multiples(statistic(x), statistic(x).max() / 15, 15)
    return balance * token(x / balance, largest, 1.0)


def row_normalised(x, largest, span):
    rms = np.sqrt(np.mean(x * x, -1, keepdims=True))
    return rms * symmetric(x / rms, np.full_like(rms, span / largest), largest)


def main():
    rng = np.random.default_rng(2026)
    tensors = {}
    weights = {
        "gaussian": rng.standard_normal((ROWS, COLUMNS)),
        "student5": rng.standard_t(5, (ROWS, COLUMNS)),
        "skewed": rng.standard_normal((ROWS, COLUMNS)) * 0.05 + (rng.random((ROWS, COLUMNS)) < 0.01) * 0.6,
    }
    for name, w in weights.items():
        w = w.astype(np.float32)
        errors = np.array([weight_floor(row.astype(np.float64), 2**BITS - 1) for row in w])
        tensors[f"weight.{name}"] = w
        tensors[f"weight.{name}.min_max_mse"] = np.ascontiguousarray(errors[:, 0])
        tensors[f"weight.{name}.floor_mse"] = np.ascontiguousarray(errors[:, 1])

    x = rng.standard_normal((TOKENS, COLUMNS))
    x[:, rng.integers(0, COLUMNS, 4)] *= 6
    x[3] *= 20
    x[5] = 0
    x = x.astype(np.float32)
    tensors["activation"] = x
    x = x.astype(np.float64)
    for bits, span, clip, block_clip in ((4, 2.24, 0.7, 0.9), (6, 3.5, 0.95, 1.0), (8, 5.0, 1.0, 1.0)):
        largest = 2 ** (bits - 1) - 1
        modes = {
            "block_exact": block(x, largest, 64, block_clip),
            "block": block_multiples(x, largest, 64, block_clip),
            "token": token(x, largest, clip),
            "token_asymmetric": token_asymmetric(x, largest),
            "channel": channel(x, largest),
            "channel_token": channel_token(x, largest, lambda v: np.abs(v).max(0)),
            "channel_rms_token": channel_token(x, largest, lambda v: np.sqrt(np.mean(v * v, 0))),
            "row_normalized": row_normalised(np.where(np.any(x, -1, keepdims=True), x, 1e-30), largest, span),
        }
        for mode, value in modes.items():
            tensors[f"activation.{mode}.{bits}"] = value.astype(np.float32)
    save_file(tensors, pathlib.Path(sys.argv[1]) / "quantization.safetensors")


if __name__ == "__main__":
    main()
