"""Writes video_metrics.safetensors: two small clips and what the metrics say about them, computed the plain way.

Nothing here is shared with the Java code: SSIM takes every window by itself, weights are a full 11 x 11 kernel.
Run: python video_metrics.py OUT_FOLDER
"""

import pathlib
import sys

import numpy as np
from safetensors.numpy import save_file
from scipy.signal import correlate2d

FRAMES, HEIGHT, WIDTH = 5, 18, 23


def clips() -> tuple[np.ndarray, np.ndarray]:
    rng = np.random.default_rng(2026)
    t, y, x, c = np.meshgrid(*(np.arange(n) for n in (FRAMES, HEIGHT, WIDTH, 3)), indexing="ij")
    reference = 0.5 + 0.4 * np.sin(0.35 * x + 0.2 * t + c) * np.cos(0.25 * y - 0.1 * t)
    reference[:, 4:9, 5:11] = 0.9
    test = reference + 0.06 * rng.standard_normal(reference.shape) * (1 + 0.3 * t) - 0.02
    test[2] = np.roll(test[2], 1, axis=1)
    test[0, 0, 0] = (-0.5, 1.5, 0.5)  # out of range: to be clamped
    return reference.astype(np.float32), test.astype(np.float32)


def psnr(mse: float) -> float:
    return 100.0 if mse < 1e-10 else float(20 * np.log10(1 / np.sqrt(mse)))


def ssim(a: np.ndarray, b: np.ndarray) -> float:
    """Mean over channels and windows of one frame."""
    g = np.exp(-((np.arange(11) - 5) ** 2) / (2 * 1.5**2))
    kernel = np.outer(g, g) / np.outer(g, g).sum()
    values = []
    for c in range(3):
        for i in range(a.shape[0] - 10):
            for j in range(a.shape[1] - 10):
                p, q = a[i : i + 11, j : j + 11, c], b[i : i + 11, j : j + 11, c]
                mp, mq = (kernel * p).sum(), (kernel * q).sum()
                vp, vq = (kernel * (p - mp) ** 2).sum(), (kernel * (q - mq) ** 2).sum()
                cov = (kernel * (p - mp) * (q - mq)).sum()
                c1, c2 = 0.01**2, 0.03**2
                values.append((2 * mp * mq + c1) * (2 * cov + c2) / ((mp**2 + mq**2 + c1) * (vp + vq + c2)))
    return float(np.mean(values))


def eight_bits(clip: np.ndarray) -> np.ndarray:
    """As encoders round: 255 times the value in single precision, halves up."""
    return np.floor((clip.astype(np.float32) * np.float32(255)).astype(np.float64) + 0.5).astype(np.int64)


def ms_ssim(a: np.ndarray, b: np.ndarray) -> float:
    """One frame: every window at once by SciPy's correlation, five scales."""
    g = np.exp(-((np.arange(11) - 5) ** 2) / (2 * 1.5**2))
    kernel = np.outer(g, g) / np.outer(g, g).sum()
    values = []
    for c in range(3):
        p, q, product = a[..., c], b[..., c], 1.0
        for scale, power in enumerate((0.0448, 0.2856, 0.3001, 0.2363, 0.1333)):
            mp, mq, pp, qq, pq = (correlate2d(x, kernel, "valid") for x in (p, q, p * p, q * q, p * q))
            structure = (2 * (pq - mp * mq) + 0.03**2) / (pp - mp**2 + qq - mq**2 + 0.03**2)
            luminance = (2 * mp * mq + 0.01**2) / (mp**2 + mq**2 + 0.01**2)
            product *= max((structure * luminance if scale == 4 else structure).mean(), 0) ** power
            p, q = (x[: x.shape[0] // 2 * 2, : x.shape[1] // 2 * 2].reshape(x.shape[0] // 2, 2, -1, 2).mean((1, 3)) for x in (p, q))
        values.append(product)
    return float(np.mean(values))


def large() -> tuple[np.ndarray, np.ndarray]:
    """Too large to be stored: the test makes the same by the same formula."""
    y, x, c = np.meshgrid(np.arange(181), np.arange(197), np.arange(3), indexing="ij")
    a = 0.5 + 0.3 * np.sin(0.31 * x + c) * np.cos(0.23 * y) + 0.15 * np.sin(1.9 * x + 1.3 * y)
    b = a + 0.1 * np.sin(2.7 * x - 0.9 * y + c) + 0.05 * np.cos(0.05 * y)
    return (z.astype(np.float32).astype(np.float64).clip(0, 1) for z in (a, b))


def flicker(clip: np.ndarray) -> float:
    bytes8 = eight_bits(clip)
    return float((255 - np.mean([np.abs(bytes8[i] - bytes8[i - 1]).mean() for i in range(1, len(clip))])) / 255)


def maintenance(reference: np.ndarray, test: np.ndarray) -> float:
    def rows(clip: np.ndarray) -> np.ndarray:
        flat = clip.reshape(len(clip), -1)
        unit = flat / np.linalg.norm(flat, axis=1, keepdims=True)
        e = np.exp(unit @ unit.T)
        return e / e.sum(axis=1, keepdims=True)

    p, q = rows(reference), rows(test)
    return float((p * np.log(p / q)).sum(axis=1).mean())


def high_frequency(clip: np.ndarray) -> float:
    k = np.outer([1, 2, 1], [1, 2, 1]) / 16
    removed = variance = 0.0
    for frame in clip:
        for c in range(3):
            plane = frame[:, :, c]
            windows = np.lib.stride_tricks.sliding_window_view(plane, (3, 3))
            inner = plane[1:-1, 1:-1]
            removed += ((inner - (windows * k).sum(axis=(2, 3))) ** 2).mean()
            variance += inner.var()
    return float(removed / variance)


def gmsd(a: np.ndarray, b: np.ndarray) -> float:
    """One frame: luma, mean of 2 x 2, Prewitt, standard deviation of the similarity map."""

    def magnitude(frame: np.ndarray) -> np.ndarray:
        luma = frame @ np.array([0.299, 0.587, 0.114])
        h, w = luma.shape[0] // 2, luma.shape[1] // 2
        small = luma[: 2 * h, : 2 * w].reshape(h, 2, w, 2).mean(axis=(1, 3))
        windows = np.lib.stride_tricks.sliding_window_view(small, (3, 3))
        across = np.array([[1, 0, -1]] * 3) / 3
        return np.sqrt((windows * across).sum((2, 3)) ** 2 + (windows * across.T).sum((2, 3)) ** 2)

    p, q = magnitude(a), magnitude(b)
    constant = 170 / 255**2
    return float(np.std((2 * p * q + constant) / (p**2 + q**2 + constant), ddof=1))


def colours(a: np.ndarray, b: np.ndarray) -> float:
    distances = []
    for c in range(3):
        p, q = (
            np.histogram(eight_bits(clip[..., c]), bins=32, range=(0, 256))[0] / clip[..., c].size
            for clip in (a, b))
        distances.append(0.5 * np.abs(p - q).sum())
    return float(np.mean(distances))


def lab_distance(a: np.ndarray, b: np.ndarray) -> float:
    """CIE 1976 over sRGB pixels, the matrix of IEC 61966-2-1 and the white of D65."""
    matrix = np.array([[0.4124564, 0.3575761, 0.1804375], [0.2126729, 0.7151522, 0.0721750], [0.0193339, 0.1191920, 0.9503041]])

    def lab(clip: np.ndarray) -> np.ndarray:
        linear = np.where(clip <= 0.04045, clip / 12.92, ((clip + 0.055) / 1.055) ** 2.4)
        t = linear @ matrix.T / np.array([0.95047, 1.0, 1.08883])
        f = np.where(t > (6 / 29) ** 3, np.cbrt(t), t / (3 * (6 / 29) ** 2) + 4 / 29)
        return np.stack([116 * f[..., 1] - 16, 500 * (f[..., 0] - f[..., 1]), 200 * (f[..., 1] - f[..., 2])], axis=-1)

    return float(np.linalg.norm(lab(a) - lab(b), axis=-1).mean())


def consistency(clip: np.ndarray) -> tuple[float, float]:
    n, h, w = clip.shape[0], clip.shape[1] // 8, clip.shape[2] // 8
    cells = clip[:, : 8 * h, : 8 * w].reshape(n, h, 8, w, 8, 3).mean(axis=(2, 4)).reshape(n, -1)
    unit = cells / np.linalg.norm(cells, axis=1, keepdims=True)
    return float(np.mean([unit[0] @ u for u in unit[1:]])), float(np.mean([p @ q for p, q in zip(unit, unit[1:])]))


def block_motion(clip: np.ndarray) -> tuple[float, float]:
    """Every place for every block, sorted by what decides: difference, length, row, column."""
    rgb = eight_bits(clip)
    luma = 299 * rgb[..., 0] + 587 * rgb[..., 1] + 114 * rgb[..., 2]
    lengths, squares = [], []
    for before, frame in zip(luma, luma[1:]):
        for y in range(0, frame.shape[0] - 7, 8):
            for x in range(0, frame.shape[1] - 7, 8):
                block = frame[y : y + 8, x : x + 8]
                places = []
                for dy in range(-7, 8):
                    for dx in range(-7, 8):
                        if 0 <= y + dy <= frame.shape[0] - 8 and 0 <= x + dx <= frame.shape[1] - 8:
                            match = before[y + dy : y + dy + 8, x + dx : x + dx + 8]
                            places.append((np.abs(block - match).sum(), dy * dy + dx * dx, dy, dx))
                _, length, dy, dx = min(places)
                match = before[y + dy : y + dy + 8, x + dx : x + dx + 8]
                lengths.append(np.sqrt(length))
                squares.append((((block - match) / 255000) ** 2).mean())
    return float(np.mean(lengths)), float(np.mean(squares))


def spectrum_slope(clip: np.ndarray) -> float:
    side = 1 << (min(clip.shape[1:3]).bit_length() - 1)
    top, left = (clip.shape[1] - side) // 2, (clip.shape[2] - side) // 2
    window = 0.5 - 0.5 * np.cos(2 * np.pi * np.arange(side) / side)
    k = np.fft.fftfreq(side, 1 / side)
    ring = np.rint(np.hypot(k[:, None], k[None, :])).astype(int)
    power = np.zeros(side // 2 + 1)
    for frame in clip:
        luma = frame[top : top + side, left : left + side] @ np.array([0.299, 0.587, 0.114])
        spectrum = np.abs(np.fft.fft2((luma - luma.mean()) * np.outer(window, window))) ** 2
        power += [spectrum[ring == i].mean() for i in range(side // 2 + 1)]
    return float(np.polyfit(np.log10(np.arange(1, side // 2 + 1)), np.log10(power[1:]), 1)[0])


def main(folder: str) -> None:
    reference, test = clips()
    a, b = np.clip(reference.astype(np.float64), 0, 1), np.clip(test.astype(np.float64), 0, 1)
    mses = [((p - q) ** 2).mean() for p, q in zip(a, b)]
    expected = {
        "psnr_of_frames": np.mean([psnr(m) for m in mses]),
        "psnr_of_clip": psnr(np.mean((a - b) ** 2)),
        "ssim": np.mean([ssim(p, q) for p, q in zip(a, b)]),
        "frame_difference_psnr": np.mean([psnr(m) for m in ((np.diff(a, axis=0) - np.diff(b, axis=0)) ** 2).mean((1, 2, 3))]),
        "reference_flicker": flicker(a),
        "test_flicker": flicker(b),
        "maintenance_divergence": maintenance(a, b),
        "reference_high_frequency": high_frequency(a),
        "test_high_frequency": high_frequency(b),
        "gradient_deviation": np.mean([gmsd(p, q) for p, q in zip(a, b)]),
        "colour_distance": colours(a, b),
        "lab_distance": lab_distance(a, b),
    }
    for name, clip in (("reference", a), ("test", b)):
        expected[f"{name}_first"], expected[f"{name}_adjacent"] = consistency(clip)
        expected[f"{name}_motion"], expected[f"{name}_warping"] = block_motion(clip)
        expected[f"{name}_slope"] = spectrum_slope(clip)
    latent = np.random.default_rng(7).normal(0.3, 1.7, (1, 4, 3, 5, 6)).astype(np.float32)
    latent.flat[[5, 77, 200]] = (np.nan, np.inf, -np.inf)
    finite = latent[np.isfinite(latent)].astype(np.float64)
    expected |= {"latent_mean": finite.mean(), "latent_std": finite.std()}
    expected["ms_ssim"] = ms_ssim(*large())
    tensors = {"reference": reference, "test": test, "latent": latent}
    tensors |= {f"expected.{key}": np.array(float(value)) for key, value in expected.items()}
    path = pathlib.Path(folder) / "video_metrics.safetensors"
    save_file(tensors, path, {"made_by": f"tools/reference/video_metrics.py, numpy {np.__version__}"})
    for key, value in expected.items():
        print(f"{key:26s} {value:.10f}")


if __name__ == "__main__":
    main(sys.argv[1])
