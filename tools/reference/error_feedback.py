"""Writes error_feedback.safetensors: seeded weights and inputs, and what GPTQ and the low-rank branch make of them.

Nothing here is shared with the Java code: GPTQ as its authors state it (Frantar et al. 2023), with the upper Cholesky
factor of the inverse Hessian and the update of all later columns; the branch by full singular value decompositions;
the smoothing factors as SmoothQuant's code has them. All in double precision, grids by row-wise MinMax.
Run: python error_feedback.py OUT_FOLDER
"""

import pathlib
import sys

import numpy as np
from safetensors.numpy import save_file

ROWS, COLUMNS, TOKENS, BITS, DAMPING = 24, 96, 160, 4, 0.01
RANK, TURNS = 4, 6


def grid(w):
    low, high = np.minimum(w.min(1), 0), np.maximum(w.max(1), 0)
    step = (high - low) / (2**BITS - 1)
    return step, np.clip(np.rint(-low / step), 0, 2**BITS - 1)


def nearest(column, step, zero):
    return step * (np.clip(np.rint(column / step) + zero, 0, 2**BITS - 1) - zero)


def gptq(w, hessian):
    """Rounded weights, on the MinMax grids of `w`."""
    step, zero = grid(w)
    order = np.argsort(-np.diag(hessian), kind="stable")
    w, h = w[:, order].copy(), hessian[np.ix_(order, order)].copy()
    h[np.diag_indices(COLUMNS)] += DAMPING * np.mean(np.diag(h))
    upper = np.linalg.cholesky(np.linalg.inv(h)).T  # H^-1 = upper^T upper
    rounded = np.zeros_like(w)
    for j in range(COLUMNS):
        rounded[:, j] = nearest(w[:, j], step, zero)
        error = (w[:, j] - rounded[:, j]) / upper[j, j]
        w[:, j:] -= np.outer(error, upper[j, j:])
    result = np.zeros_like(rounded)
    result[:, order] = rounded
    return result


def truncated(matrix):
    u, s, vt = np.linalg.svd(matrix, full_matrices=False)
    return (u[:, :RANK] * s[:RANK]) @ vt[:RANK]


def alternated(w, quantize, loss):
    """Losses of all turns."""
    branch, losses = truncated(w), []
    for _ in range(TURNS):
        quantized = quantize(w - branch)
        losses.append(loss(w - branch - quantized))
        branch = truncated(w - quantized)
    return losses


def main():
    rng = np.random.default_rng(20261121)
    mixing = rng.standard_normal((COLUMNS, COLUMNS)) / np.sqrt(COLUMNS)
    x = rng.standard_normal((TOKENS, COLUMNS)) @ mixing
    x[:, :3] *= 6
    x = x.astype(np.float32)
    w = (0.05 * rng.standard_t(6, (ROWS, COLUMNS))).astype(np.float32)
    w += (0.3 * np.outer(rng.standard_normal(ROWS), rng.standard_normal(COLUMNS)) / np.sqrt(COLUMNS)).astype(np.float32)
    hessian = x.astype(np.float64).T @ x.astype(np.float64)
    wide = w.astype(np.float64)
    step, zero = grid(wide)
    plain = nearest(wide, step[:, None], zero[:, None])

    def output_error(e):
        return np.sum((x @ e.T) ** 2)

    def minmax(m):
        s, z = grid(m)
        return nearest(m, s[:, None], z[:, None])

    rounded = gptq(wide, hessian)
    branch_free = alternated(wide, minmax, lambda e: np.sum(e**2))
    branch_gptq = alternated(wide, lambda m: gptq(m, hessian), output_error)
    alpha = 0.5
    smooth = np.maximum(np.abs(x).max(0), 1e-5) ** alpha / np.maximum(np.abs(w).max(0), 1e-5) ** (1 - alpha)
    tensors = {
        "weight": w,
        "inputs": x,
        "gptq": rounded,
        "output_errors": np.array([output_error(wide - plain), output_error(wide - rounded)]),
        "branch_losses": np.array(branch_free),
        "branch_gptq_losses": np.array(branch_gptq),
        "smoothing": smooth,
    }
    save_file(tensors, pathlib.Path(sys.argv[1]) / "error_feedback.safetensors")
    print("nearest, gptq:", tensors["output_errors"], "branch:", branch_free, branch_gptq)


if __name__ == "__main__":
    main()
