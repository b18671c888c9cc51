"""Writes error_estimation.safetensors: the rank-one estimate of an error, per frame, in closed form.

Nothing here is shared with the Java code, which iterates: with the factors M of the frames given, Z = diag(M) X, the
minimum of |E - Z alpha beta'|^2 + lambda |alpha|^2 over alpha and unit beta has beta = leading eigenvector of
E'Z (Z'Z + lambda)^-1 Z'E and alpha = (Z'Z + lambda)^-1 Z'E beta. M itself as Q-VDiT reads it off the activation
(equations 8, 9): softmax over the frames of 1 - cos(X_i, Q(X)_i), over the frame's share of |X|.
Run: python error_estimation.py OUT_FOLDER
"""

import pathlib
import sys

import numpy as np
from safetensors.numpy import save_file

FRAMES, PER_FRAME, CHANNELS, OUTPUTS, DAMPING = 3, 40, 24, 17, 0.01


def main(folder: str) -> None:
    rng = np.random.default_rng(9)
    tokens = FRAMES * PER_FRAME
    frame = np.arange(tokens) * FRAMES // tokens
    x = rng.standard_normal((tokens, CHANNELS)) * np.exp(rng.standard_normal(CHANNELS)) + 0.5 * rng.standard_normal(CHANNELS)
    x *= np.array([0.6, 1.0, 1.7])[frame][:, None]
    x = x.astype(np.float32).astype(np.float64)
    step = np.abs(x).max(axis=1, keepdims=True) / 7
    rounded = (step * np.rint(x / step)).astype(np.float32).astype(np.float64)
    w = rng.standard_normal((OUTPUTS, CHANNELS)) / np.sqrt(CHANNELS)
    errors = (x @ w.T - rounded @ (w + 0.1 * rng.standard_normal(w.shape)).T).astype(np.float32).astype(np.float64)

    cosines = [np.sum(x[frame == i] * rounded[frame == i]) / np.linalg.norm(x[frame == i]) / np.linalg.norm(rounded[frame == i]) for i in range(FRAMES)]
    eta = np.exp(1 - np.array(cosines))
    eta /= eta.sum()
    omega = np.array([np.abs(x[frame == i]).sum() for i in range(FRAMES)]) / np.abs(x).sum()
    m = eta / omega

    z = m[frame][:, None] * x
    gram = z.T @ z
    gram += DAMPING * np.trace(gram) / CHANNELS * np.eye(CHANNELS)
    cross = z.T @ errors
    values, vectors = np.linalg.eigh(cross.T @ np.linalg.solve(gram, cross))
    beta = vectors[:, -1]
    alpha = np.linalg.solve(gram, cross @ beta)
    estimate = np.outer(z @ alpha, beta)
    tensors = {
        "x": x.astype(np.float32),
        "rounded": rounded.astype(np.float32),
        "errors": errors.astype(np.float32),
        "expected.frames": m,
        "expected.estimate": estimate,
        "expected.share": np.array(np.sum((errors - estimate) ** 2) / np.sum(errors**2)),
    }
    path = pathlib.Path(folder) / "error_estimation.safetensors"
    save_file(tensors, path, {"made_by": f"tools/reference/error_estimation.py, numpy {np.__version__}"})
    print(f"M {m}, share of the error that is left {tensors['expected.share']:.6f}")


if __name__ == "__main__":
    main(sys.argv[1])
