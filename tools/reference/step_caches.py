"""Writes step_caches.safetensors: what TeaCache, MagCache, EasyCache, the first-block cache and δ-GBS decide on seeded
curves, and polynomials fitted for TeaCache.

    pip install -r requirements.txt
    python step_caches.py ../../engines/src/test/resources/golden

Every rule is written down from its paper as a function of scalars; the tensors that caches watch are short vectors.
"""

from __future__ import annotations

import pathlib
import sys

import numpy as np
from safetensors.numpy import save_file

STEPS = 50
POLYNOMIALS = {
    "wan_1_3b": (2.39676752e03, -1.31110545e03, 2.01331979e02, -8.29855975e00, 1.37887774e-01),
    "wan_14b_ret": (-3.03318725e05, 4.90537029e04, -2.65530556e03, 5.87365115e01, -3.15583525e-01),
    "hunyuan": (7.33226126e02, -4.01131952e02, 6.75869174e01, -3.14987800e00, 9.61237896e-02),
}


def relative_l1(a: np.ndarray, b: np.ndarray) -> float:
    return float(np.abs(a - b).mean() / np.abs(b).mean())


def walk(seed: int, pace: float) -> np.ndarray:
    """A signal that moves fast at the ends of a generation and slowly in between, F32 [STEPS, 8]."""
    rng = np.random.default_rng(seed)
    x = 1 + rng.random(8)
    path = []
    for step in range(STEPS):
        path.append(x.copy())
        u = 2 * step / (STEPS - 1) - 1
        x = x + pace * (0.3 + 1.7 * u**4) * (0.5 + rng.random(8))
    return np.array(path, dtype=np.float32)


def teacache(signal, polynomial, threshold, retained=1, last=True):
    """1 where the step is computed."""
    computed, total, filled = [], 0.0, False
    for step in range(len(signal)):
        if step < retained or (last and step == len(signal) - 1):
            total, skip = 0.0, False
        else:
            total += float(np.polyval(polynomial, relative_l1(np.float64(signal[step]), np.float64(signal[step - 1]))))
            skip = total < threshold
            if not skip:
                total = 0.0
        skip = skip and filled
        filled = True
        computed.append(0 if skip else 1)
    return computed


def magcache(ratios, steps, threshold, longest, retention):
    index = np.round(np.arange(steps) * (len(ratios) - 1) / (steps - 1)).astype(int)
    curve = np.asarray(ratios, dtype=np.float64)[index]
    computed, product, error, run = [], 1.0, 0.0, 0
    for step in range(steps):
        skip = False
        if step >= max(1, int(steps * retention)):
            product *= curve[step]
            error += abs(1 - product)
            run += 1
            skip = error < threshold and run <= longest
        if not skip:
            product, error, run = 1.0, 0.0, 0
        computed.append(0 if skip else 1)
    return computed


def easycache(x, velocity, dt, threshold, retained):
    """Samples by Euler's method; returns decisions and the path of x."""
    computed, path = [], []
    previous = last_x = last_v = residual = rate = None
    error = 0.0
    for step in range(STEPS):
        skip = False
        if step < retained or step == STEPS - 1:
            error = 0.0
        elif rate is not None:
            error += rate * np.abs(x - previous).mean() / np.abs(last_v).mean()
            skip = error < threshold
            if not skip:
                error = 0.0
        previous = x
        if skip:
            v = x + residual
        else:
            v = velocity(x, step)
            if last_x is not None:
                rate = np.abs(v - last_v).mean() / np.abs(x - last_x).mean()
            last_x, last_v, residual = x, v, v - x
        computed.append(0 if skip else 1)
        path.append(x)
        x = x - dt * v
    return computed, np.array(path, dtype=np.float32)


def first_block(residuals, threshold, longest):
    computed, reference, run = [], None, 0
    for residual in np.float64(residuals):
        allowed = longest == 0 or run < longest
        skip = reference is not None and allowed and relative_l1(residual, reference) < threshold
        run = run + 1 if skip else 0
        if not skip:
            reference = residual
        computed.append(0 if skip else 1)
    return computed


def delta_gbs(changes, delta, low=4, high=8, first=1, last=0):
    """Bits of each step; changes[i] is that of step i + 1."""
    bits, drift, known = [], 0.0, False
    steps = len(changes) + 1
    for step in range(steps):
        forced = step < first or step >= steps - last
        if known and not forced and drift < delta:
            bits.append(low)
        else:
            bits.append(high)
            drift = 0.0
        if step > 0:
            drift += float(changes[step - 1])
            known = True
    return bits


def main(folder: pathlib.Path) -> None:
    tensors: dict[str, np.ndarray] = {}

    def put(name, values):
        tensors[name] = np.asarray(values, dtype=np.float32)

    signal = walk(1, 0.05)
    put("in.signal", signal)
    put("out.teacache.identity", teacache(signal, (1, 0), 0.1))
    put("out.teacache.wan_1_3b", teacache(signal, POLYNOMIALS["wan_1_3b"], 0.3))
    put("out.teacache.wan_14b_ret", teacache(signal, POLYNOMIALS["wan_14b_ret"], 0.2, retained=5, last=False))
    put("out.teacache.hunyuan", teacache(signal, POLYNOMIALS["hunyuan"], 0.15))

    rng = np.random.default_rng(2)
    ratios = np.concatenate([[1.0], 1 - 0.2 * (np.arange(1, STEPS) / STEPS) ** 6 + 0.005 * rng.standard_normal(STEPS - 1)])
    ratios = ratios.astype(np.float32)
    put("in.ratios", ratios)
    for steps, threshold, longest, retention in ((50, 0.12, 2, 0.2), (50, 0.24, 6, 0.2), (20, 0.12, 4, 0.1), (7, 0.06, 3, 0.2)):
        put(f"out.magcache.{steps}.{longest}", magcache(ratios, steps, threshold, longest, retention))

    x = rng.standard_normal(64)
    put("in.latent", x)
    x = tensors["in.latent"].astype(np.float64)
    for threshold, retained in ((0.05, 10), (0.2, 5)):
        computed, path = easycache(
            x, lambda x, step: 0.3 * x + 0.5 * np.sin(step / 12) * x[::-1], 1 / STEPS, threshold, retained)
        put(f"out.easycache.{retained}", computed)
        put(f"out.easycache.{retained}.path", path)

    residuals = walk(3, 0.02)
    put("in.residuals", residuals)
    put("out.first_block.0", first_block(residuals, 0.06, 0))
    put("out.first_block.2", first_block(residuals, 0.12, 2))

    u = np.abs(2 * np.arange(1, STEPS) / STEPS - 1)
    changes = (0.03 + 0.12 * u**4).astype(np.float32)
    put("in.changes", changes)
    for delta in (0.02, 0.1, 0.3):
        put(f"out.delta_gbs.{delta}", delta_gbs(changes, delta))
    put("out.delta_gbs.forced", delta_gbs(changes, 0.2, first=3, last=4))

    put("in.fit.signal", [relative_l1(np.float64(signal[i]), np.float64(signal[i - 1])) for i in range(1, STEPS)])
    put("in.fit.output", changes)
    for degree in (1, 2, 3, 4):
        scale = float(tensors["in.fit.signal"].max())
        scaled = np.polyfit(tensors["in.fit.signal"].astype(np.float64) / scale, changes.astype(np.float64), degree)
        put(f"out.fit.{degree}", np.polyval(scaled, tensors["in.fit.signal"].astype(np.float64) / scale))

    for name, values in tensors.items():
        if name.startswith("out.") and values.ndim == 1 and not name.startswith("out.fit"):
            print(name, "".join(str(int(v)) for v in values))
    save_file(tensors, folder / "step_caches.safetensors")


if __name__ == "__main__":
    main(pathlib.Path(sys.argv[1]))
