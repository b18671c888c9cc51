"""Writes activation_methods.safetensors: rotations and activation quantizers, computed independently of the Java code.

Rotations by dense matrices (Kronecker products), codebooks by Lloyd's iteration on a fine mesh, everything in double
precision. With --table it prints the output SQNR of W4 linears instead, on Gaussian tokens with outliers, 1536 x 1536
to 768, the columns of the methods' table: plain / 8 outlier channels / and massive tokens / and offset / all.
Run: python activation_methods.py OUT_FOLDER | python activation_methods.py --table
"""

import pathlib
import sys

import numpy as np

H4 = np.array([[1, 1, 1, -1], [1, 1, -1, 1], [1, -1, 1, 1], [-1, 1, 1, 1]], dtype=np.float64)
H2 = np.array([[1, 1], [1, -1]], dtype=np.float64)


def power(matrix, order):
    result = np.ones((1, 1))
    while len(result) < order:
        result = np.kron(result, matrix)
    return result / np.sqrt(len(result))


def blocks(x, matrix):
    """Every run of len(matrix) channels times the matrix."""
    return (x.reshape(len(x), -1, len(matrix)) @ matrix.T).reshape(x.shape)


def codebook(channels, bits):
    """Lloyd-Max values of sqrt(channels) times a coordinate of a random unit vector."""
    y = np.linspace(0, min(np.sqrt(channels), 9.0), 400_001)
    density = np.clip(1 - y * y / channels, 0, None) ** ((channels - 3) / 2)
    mass = np.concatenate([[0], np.cumsum((density[1:] + density[:-1]) / 2)])
    moment = np.concatenate([[0], np.cumsum(((density * y)[1:] + (density * y)[:-1]) / 2)])
    count = 2 ** (bits - 1)
    values = (2 + 0.3 * bits) * (np.arange(count) + 0.5) / count
    for _ in range(100_000):
        edges = np.concatenate([[0], (values[1:] + values[:-1]) / 2, [y[-1]]])
        new = np.diff(np.interp(edges, y, moment)) / np.diff(np.interp(edges, y, mass))
        if np.abs(new - values).max() < 1e-10:
            break
        values = new
    return np.concatenate([-values[::-1], values])


def nearest(x, values):
    return values[np.searchsorted((values[1:] + values[:-1]) / 2, x)]


def centroids(x, bits, surrogate=None):
    """The token divided by its norm, every coordinate to the nearest value of the codebook."""
    values = codebook(x.shape[1], bits)
    rms = np.sqrt(np.mean(x * x, -1, keepdims=True))
    code = nearest(x / np.where(rms > 0, rms, 1), values)
    if surrogate is not None:
        unit = values[-1] / surrogate
        code = unit * np.rint(values / unit)[np.searchsorted(values, code)]
    return rms * code


def symmetric(x, scale, largest):
    scale = np.where(scale > 0, scale, 1.0)
    return scale * np.clip(np.rint(x / scale), -largest, largest)


def token(x, bits, clip=1.0):
    largest = 2 ** (bits - 1) - 1
    return symmetric(x, clip * np.abs(x).max(-1, keepdims=True) / largest, largest)


def token_asymmetric(x, bits):
    levels = 2**bits - 1
    low, high = np.minimum(x.min(-1, keepdims=True), 0), np.maximum(x.max(-1, keepdims=True), 0)
    step = (high - low) / levels
    zero = np.clip(np.rint(-low / step), 0, levels)
    return step * (np.clip(np.rint(x / step) + zero, 0, levels) - zero)


def dual_scale(x, bits, clip):
    """Positive and negative values by scales of their own, multiples of a common one."""
    largest = 2 ** (bits - 1) - 1
    count = 127 // largest
    high = clip * np.maximum(x.max(-1, keepdims=True), 0) / largest
    low = clip * np.maximum(-x.min(-1, keepdims=True), 0) / largest
    unit = np.maximum(high, low) / count
    safe = np.where(unit > 0, unit, 1)
    above, below = (safe * np.clip(np.ceil(np.round(s / safe, 9)), 1, count) for s in (high, low))
    return symmetric(x, np.where(x > 0, above, below), largest)


def unsigned(x, bits, size):
    """Blocks of values that are not negative, codes 0 to 2^bits - 1."""
    levels = 2**bits - 1
    tiles = x.reshape(len(x), -1, size)
    step = np.maximum(tiles.max(-1, keepdims=True), 0) / levels
    step = np.where(step > 0, step, 1)
    return (step * np.clip(np.rint(tiles / step), 0, levels)).reshape(x.shape)


SHIFT = 0.171875


def gelu(x):
    return 0.5 * x * (1 + np.tanh(np.sqrt(2 / np.pi) * (x + 0.044715 * x**3)))


def block(x, bits, size, clip=1.0):
    largest = 2 ** (bits - 1) - 1
    tiles = x.reshape(len(x), -1, size)
    return symmetric(tiles, clip * np.abs(tiles).max(-1, keepdims=True) / largest, largest).reshape(x.shape)


def channel(x, bits):
    largest = 2 ** (bits - 1) - 1
    return symmetric(x, np.abs(x).max(0, keepdims=True) / largest, largest)


def channel_token(x, bits, statistic):
    s = np.abs(x).max(0) if statistic == "absmax" else np.sqrt(np.mean(x * x, 0))
    return s * token(x / s, bits)


def row_normalised(x, bits, span):
    largest = 2 ** (bits - 1) - 1
    return symmetric(x, np.sqrt(np.mean(x * x, -1, keepdims=True)) * span / largest, largest)


# Weights


def min_max(w, bits=4):
    levels = 2**bits - 1
    low, high = np.minimum(w.min(1, keepdims=True), 0), np.maximum(w.max(1, keepdims=True), 0)
    return on_grid(w, low, high, levels)


def on_grid(w, low, high, levels):
    step = (high - low) / levels
    zero = np.clip(np.rint(-low / step), 0, levels)
    return step * (np.clip(np.rint(w / step) + zero, 0, levels) - zero)


def bounded(w, bits=4):
    """Best pair of bounds by row: both ends together, then each end around the best."""
    levels = 2**bits - 1
    low, high = np.minimum(w.min(1, keepdims=True), 0), np.maximum(w.max(1, keepdims=True), 0)
    best, error = min_max(w, bits), np.full((len(w), 1), np.inf)
    share = np.ones((len(w), 2))

    def offer(a, b):
        nonlocal best, error
        candidate = on_grid(w, a * low, b * high, levels)
        e = np.sum((w - candidate) ** 2, 1, keepdims=True)
        better = e < error
        best, error = np.where(better, candidate, best), np.where(better, e, error)
        share[better[:, 0]] = np.concatenate([a + 0 * e, b + 0 * e], 1)[better[:, 0]]

    for p in np.arange(1, 0.19, -0.01):
        offer(np.full((len(w), 1), p), np.full((len(w), 1), p))
    centre = share.copy()
    for i in range(-3, 4):
        for j in range(-3, 4):
            offer(centre[:, :1] + 0.01 * i, centre[:, 1:] + 0.01 * j)
    return best


def lloyd_max_rows(w, bits=4):
    return centroids(w, bits)


# The table

TOKENS, CHANNELS, OUTPUTS = 1536, 1536, 768
COLUMNS = ("plain", "outliers", "massive", "offset", "all")


def data(kind, rng):
    x = rng.standard_normal((TOKENS, CHANNELS))
    strong = rng.permutation(CHANNELS)[:8]
    if kind in ("offset", "all"):
        x += rng.uniform(0.5, 1.5, CHANNELS)
    if kind != "plain":
        x[:, strong] *= 20
    if kind in ("massive", "all"):
        for i in rng.permutation(TOKENS)[: TOKENS // 128]:
            x[i, strong[:3]] = 300
    return x


def weights(rng):
    w = rng.standard_normal((OUTPUTS, CHANNELS)) * np.exp(0.3 * rng.standard_normal((OUTPUTS, 1)))
    return 0.04 * np.where(rng.random(w.shape) < 0.003, 4 * w, w)


def table():
    rng = np.random.default_rng(2026)
    w = weights(rng)
    inputs = {kind: data(kind, rng) for kind in COLUMNS}
    signs = rng.choice([-1.0, 1.0], CHANNELS)
    order = rng.permutation(CHANNELS)
    h256, h512 = power(H2, 256), power(H2, 512)
    turns = {
        "none": lambda v: v,
        "signs": lambda v: blocks(v * signs, h256),
        "no signs": lambda v: blocks(v, h256),
        "permuted": lambda v: blocks(v[:, order] * signs, h512),
        "regular": lambda v: blocks(v, power(H4, 256)),
    }
    clips = {4: 0.7, 6: 0.95, 8: 1.0}
    spans = {4: 2.24, 6: 3.5, 8: 5.0}
    block_clips = {4: 0.9, 6: 1.0, 8: 1.0}
    rows = [
        ("MinMax W, asymmetric per token", "none", min_max, token_asymmetric, False),
        ("rotated, MinMax W, per token", "signs", min_max, token, False),
        ("rotated, BGR W, per token", "signs", bounded, token, False),
        ("rotated, BGR W, per token, clipped", "signs", bounded, lambda x, b: token(x, b, clips[b]), False),
        ("rotated without signs, BGR W, per token", "no signs", bounded, token, False),
        ("rotated without signs, BGR W, per token, mean split", "no signs", bounded, token, True),
        ("rotated, BGR W, per token, mean split", "signs", bounded, token, True),
        ("regular Hadamard (ConvRot), BGR W, per token", "regular", bounded, token, False),
        ("permuted blocks (RPBH), BGR W, per token", "permuted", bounded, token, False),
        ("ARQ channel (literal)", "signs", bounded, channel, False),
        ("ARQ channel + token", "signs", bounded, lambda x, b: channel_token(x, b, "absmax"), False),
        ("ARQ channel rms + token", "signs", bounded, lambda x, b: channel_token(x, b, "rms"), False),
        ("ARQ block 128", "signs", bounded, lambda x, b: block(x, b, 128), False),
        ("ARQ block 64", "signs", bounded, lambda x, b: block(x, b, 64), False),
        ("ARQ block 64, clipped", "signs", bounded, lambda x, b: block(x, b, 64, block_clips[b]), False),
        ("ARQ block 32", "signs", bounded, lambda x, b: block(x, b, 32), False),
        ("ARQ row-normalised (RNS)", "signs", bounded, lambda x, b: row_normalised(x, b, spans[b]), False),
        ("RPBH, BGR W, centroids", "permuted", bounded, lambda x, b: centroids(x, b, 127), False),
        ("OrbitQuant: RPBH, Lloyd-Max W, centroids", "permuted", lloyd_max_rows, centroids, False),
    ]
    print("| method | A4 | A6 | A8 |\n|---|---|---|---|")
    for name, turn, weigh, quantize, split in rows:
        wh = weigh(turns[turn](w))
        cells = []
        for bits in (4, 6, 8):
            values = []
            for kind in COLUMNS:
                x = inputs[kind]
                mean = x.mean(1, keepdims=True) if split else 0.0
                y = quantize(turns[turn](x - mean), bits) @ wh.T + mean * w.sum(1)
                exact = x @ w.T
                values.append(10 * np.log10(np.sum(exact**2) / np.sum((exact - y) ** 2)))
            cells.append("/".join(f"{v:.1f}" for v in values))
        print(f"| {name} | {' | '.join(cells)} |", flush=True)
    print(f"| online SmoothQuant 0.5, BGR W | {' | '.join(smoothed(inputs, w, bits) for bits in (4, 6, 8))} |")


def smoothed(inputs, w, bits):
    """SmoothQuant with factors from the very input: every call quantizes the weights anew."""
    values = []
    for x in inputs.values():
        s = np.sqrt(np.abs(x).max(0) / np.abs(w).max(0))
        y = token(x / s, bits) @ bounded(w * s).T
        exact = x @ w.T
        values.append(10 * np.log10(np.sum(exact**2) / np.sum((exact - y) ** 2)))
    return "/".join(f"{v:.1f}" for v in values)


def golden(folder):
    from safetensors.numpy import save_file

    rng = np.random.default_rng(2027)
    tensors = {}
    x = rng.standard_normal((6, 256))
    x[:, :4] *= 6
    x[2] = np.where(x[2] > 0, 4 * x[2], -0.17 * np.abs(x[2]))
    x[4] = 0
    x[5] += 3
    x = x.astype(np.float32)
    tensors["x"] = x
    x = x.astype(np.float64)
    for order in (4, 16, 64, 256):
        tensors[f"regular.{order}"] = blocks(x, power(H4, order))
    for bits in (2, 3, 4, 6, 8):
        for channels in (64, 256, 3072):
            tensors[f"codebook.{channels}.{bits}"] = codebook(channels, bits)
    for bits, clip in ((4, 0.9), (6, 1.0), (8, 1.0)):
        tensors[f"centroids.{bits}"] = centroids(x, bits, 127)
        tensors[f"centroids_exact.{bits}"] = centroids(x, bits)
        tensors[f"dual_scale.{bits}"] = dual_scale(x, bits, clip)
    w = rng.standard_normal((5, 256)).astype(np.float32)
    tensors["w"] = w
    mean = x.mean(1, keepdims=True)
    sums = w.astype(np.float64).sum(1)
    tensors["row_sums"] = sums
    tensors["mean_split"] = token(x - mean, 4) @ w.astype(np.float64).T + mean * sums
    g = gelu(rng.standard_normal((6, 256)) * np.array([[0.2], [0.5], [1], [2], [4], [8]])).astype(np.float32)
    divisors = np.exp(0.5 * rng.standard_normal(256)).astype(np.float32)
    tensors["gelu"], tensors["divisors"] = g, divisors
    d, wide = divisors.astype(np.float64), w.astype(np.float64)
    for bits in (4, 6, 8):
        # SVDQuant: shifted above zero, smoothed, rounded without a sign, the shift taken off behind the product.
        rounded = unsigned((g.astype(np.float64) + SHIFT) / d, bits, 64)
        tensors[f"unsigned.{bits}"] = rounded
        tensors[f"unsigned_product.{bits}"] = rounded @ (wide * d).T - SHIFT * wide.sum(1)
    rows, largest = np.delete(x, 4, axis=0), np.maximum(np.abs(wide).max(0), 1e-5)
    for alpha in (0.1, 0.5):
        # SmoothQuant with factors of the very input: activations by token, weights by row, both asymmetric.
        s = np.maximum(np.maximum(np.abs(rows).max(0), 1e-5) ** alpha / largest ** (1 - alpha), 1e-5)
        tensors[f"by_input_factors.{alpha}"] = s
        tensors[f"by_input.{alpha}"] = token_asymmetric(rows / s, 6) @ min_max(wide * s).T
    save_file(
        {k: np.ascontiguousarray(v, dtype=np.float32) for k, v in tensors.items()},
        pathlib.Path(folder) / "activation_methods.safetensors",
    )


if __name__ == "__main__":
    if sys.argv[1] == "--table":
        table()
    else:
        golden(sys.argv[1])
