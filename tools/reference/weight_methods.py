"""Writes weight_methods.safetensors: seeded weights and what each weight quantizer makes of them.

Nothing here is shared with the Java code; everything is double precision. Steps of groups are rounded up to bfloat16 and
fractional zero points to 1/2^(8-bits), because that is how they are stored; codes are chosen afterwards.
Run: python weight_methods.py OUT_FOLDER
"""

import pathlib
import sys

import numpy as np
from safetensors.numpy import save_file

ROWS, COLUMNS, GROUP = 8, 512, 64


def tiles(w, size):
    return w.reshape(-1, size)


def up_to_bf16(step):
    bits = np.asarray(step, np.float32).view(np.uint32)
    return ((bits + np.uint32(0xFFFF)) & np.uint32(0xFFFF0000)).view(np.float32).astype(np.float64)


def span(w):
    return np.minimum(w.min(1, keepdims=True), 0), np.maximum(w.max(1, keepdims=True), 0)


def even(w, step, zero, levels):
    return step * (np.clip(np.rint(w / step + zero), 0, levels) - zero)


def integer_zero(w, step, zero, levels):
    return step * (np.clip(np.rint(w / step) + zero, 0, levels) - zero)


def min_max(w, bits, stored=lambda s: s):
    levels = 2**bits - 1
    low, high = span(w)
    step = (high - low) / levels
    return integer_zero(w, stored(step), np.rint(-low / step), levels)


def symmetric(w, bits, stored=lambda s: s):
    half = 2 ** (bits - 1)
    step = stored(np.abs(w).max(1, keepdims=True) / (half - 1))
    return step * np.clip(np.rint(w / step), -half, half - 1)


def clip_search(w, bits, norm, stored=lambda s: s):
    levels = 2**bits - 1
    low, high = span(w)
    best = np.full((len(w), 1), np.inf)
    step, zero = np.zeros_like(best), np.zeros_like(best)
    for i in range(80):
        p = 1 - i / 100
        s = p * (high - low) / levels
        z = np.clip(np.rint(-p * low / s), 0, levels)
        error = (np.abs(w - integer_zero(w, s, z, levels)) ** norm).sum(1, keepdims=True)
        better = error < best
        best, step, zero = np.where(better, error, best), np.where(better, s, step), np.where(better, z, zero)
    return integer_zero(w, stored(step), zero, levels)


def hqq(w, bits, stored=lambda s: s, norm=0.7, beta=10.0, growth=1.01, turns=20):
    """The published loop, for every group by itself."""
    levels, out = 2**bits - 1, np.empty_like(w)
    for k, group in enumerate(w):
        low, high = min(group.min(), 0), max(group.max(), 0)
        step = float(stored(np.array((high - low) / levels)))
        zero = best = -low / step
        least, strength = np.inf, beta
        for _ in range(turns + 1):
            codes = np.clip(np.rint(group / step + zero), 0, levels)
            error = group - step * (codes - zero)
            if not np.abs(error).mean() < least:
                break
            least, best = np.abs(error).mean(), zero
            size = np.maximum(np.abs(error), 1e-300)
            shrunk = np.sign(error) * np.maximum(size - size ** (norm - 1) / strength, 0)
            zero = np.mean(codes - (group - shrunk) / step)
            strength *= growth
        parts = 2 ** (8 - bits)
        out[k] = even(group, step, np.clip(np.rint(best * parts), 0, 255) / parts, levels)
    return out


def centroids(n, bits):
    """Lloyd's iteration on sums of the density of a coordinate, scaled to variance 1, between the points of a table."""
    reach = min(9.0, np.sqrt(n))
    ends = np.linspace(-reach, reach, 100_001)
    t = (ends[1:] + ends[:-1]) / 2
    density = np.maximum(1 - t * t / n, 0) ** ((n - 3) / 2)
    mass = np.concatenate([[0], np.cumsum(density)])
    moments = np.concatenate([[0], np.cumsum(density * t)])
    c = np.linspace(-3, 3, 2**bits)
    for _ in range(8000):
        cells = np.concatenate([[-reach], (c[1:] + c[:-1]) / 2, [reach]])
        c = np.diff(np.interp(cells, ends, moments)) / np.diff(np.interp(cells, ends, mass))
    return (c - c[::-1]) / 2


def lloyd_max(w, bits):
    """Exact centroids: the 8-bit surrogate of the product is an approximation of this."""
    n = w.shape[1]
    length = np.sqrt((w * w).sum(1, keepdims=True))
    table = centroids(n, bits) / np.sqrt(n)
    return length * table[np.abs((w / length)[..., None] - table).argmin(-1)]


def figures(w, value, bits):
    """What a report says of a matrix: errors, those of row-wise MinMax, and how far weights stand out."""
    error, plain = value - w, min_max(w, bits) - w
    centred = w - w.mean()
    rows = np.abs(w).max(1) * np.sqrt(w.shape[1]) / np.linalg.norm(w, axis=1)
    return np.array([
        (error**2).mean(), (error**2).mean() / w.var(), error.std(), plain.std(), 1 - error.std() / plain.std(), np.abs(error).max(),
        (centred**4).mean() / w.var() ** 2, np.abs(w).max() * np.sqrt(w.size) / np.linalg.norm(w), rows.max()])


def main():
    rng = np.random.default_rng(2611)
    weights = {
        "gaussian": rng.standard_normal((ROWS, COLUMNS)),
        "student5": rng.standard_t(5, (ROWS, COLUMNS)) * 0.04,
        "skewed": rng.standard_normal((ROWS, COLUMNS)) * 0.05 + (rng.random((ROWS, COLUMNS)) < 0.01) * 0.6,
    }
    tensors = {}
    for name, w in weights.items():
        w = w.astype(np.float32)
        tensors[name] = w
        w = w.astype(np.float64)
        for bits in (3, 4):
            grouped = {
                "min_max.group": min_max(tiles(w, GROUP), bits, up_to_bf16),
                "symmetric.group": symmetric(tiles(w, GROUP), bits, up_to_bf16),
                "clip.group": clip_search(tiles(w, GROUP), bits, 2.4, up_to_bf16),
                "hqq.group": hqq(tiles(w, GROUP), bits, up_to_bf16),
                "symmetric": symmetric(w, bits),
                "clip": clip_search(w, bits, 2.4),
                "clip2": clip_search(w, bits, 2.0),
                "hqq": hqq(w, bits),
                "lloyd_max": lloyd_max(w, bits),
            }
            for method, value in grouped.items():
                tensors[f"{name}.{method}.{bits}"] = value.reshape(w.shape).astype(np.float32)
                tensors[f"figures.{name}.{method}.{bits}"] = figures(w, value.reshape(w.shape), bits)
    for n in (64, 1536, 5120):
        for bits in (2, 3, 4, 6):
            tensors[f"centroids.{n}.{bits}"] = centroids(n, bits).astype(np.float32)
    save_file(tensors, pathlib.Path(sys.argv[1]) / "weight_methods.safetensors")


if __name__ == "__main__":
    main()
