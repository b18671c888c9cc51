"""The grid search of BGR in NumPy and PyTorch, to put beside engines/benchmarks' QuantizationTable, which runs it.

    python grid_search.py ROWS.f32 ROWS COLUMNS BITS REPETITIONS

What methods of this kind do: every row's bounds are shrunk together in 100 steps, the grid of the least squared error is
refined by coordinate descent (step by least squares, then zero point, then codes; at most 50 rounds, tolerance 1e-4).
All rows at once, single precision, one thread. Prints for each library the smallest and the median CPU-seconds of a
search of all rows, then the squared error of every row.
"""

import statistics
import sys
import time

import numpy as np
import torch


class NumPy:
    name = "NumPy"

    def __init__(self, rows):
        self.rows = rows

    def search(self, levels):
        w = self.rows
        low = np.minimum(w.min(1, keepdims=True), 0)
        high = np.maximum(w.max(1, keepdims=True), 0)
        best = np.full((len(w), 1), np.inf, np.float32)
        step = np.ones_like(best)
        zero = np.zeros_like(best)
        for i in range(100, 0, -1):
            s = np.maximum((high - low) * np.float32(i / 100) / levels, 1e-30)
            z = np.clip(np.rint(-low * np.float32(i / 100) / s), 0, levels)
            error = ((w - s * np.clip(np.rint(w / s), -z, levels - z)) ** 2).sum(1, keepdims=True)
            better = error < best
            best, step, zero = np.where(better, error, best), np.where(better, s, step), np.where(better, z, zero)
        before = best
        active = np.ones_like(best, dtype=bool)
        for _ in range(50):
            q = np.clip(np.rint(w / step), -zero, levels - zero)
            square = (q * q).sum(1, keepdims=True)
            step = np.where(square > 0, (q * w).sum(1, keepdims=True) / np.maximum(square, 1), step)
            zero = np.clip(np.rint((q + zero - w / step).mean(1, keepdims=True)), 0, levels)
            error = ((w - step * np.clip(np.rint(w / step), -zero, levels - zero)) ** 2).sum(1, keepdims=True)
            best = np.where(active, np.minimum(best, error), best)
            active &= before - error >= 1e-4 * before
            if not active.any():
                break
            before = error
        return best[:, 0]


class PyTorch:
    name = "PyTorch"

    def __init__(self, rows):
        self.rows = torch.from_numpy(rows)

    def search(self, levels):
        w = self.rows
        low = w.amin(1, keepdim=True).clamp(max=0)
        high = w.amax(1, keepdim=True).clamp(min=0)
        best = torch.full((len(w), 1), torch.inf)
        step = torch.ones_like(best)
        zero = torch.zeros_like(best)
        for i in range(100, 0, -1):
            s = ((high - low) * (i / 100) / levels).clamp(min=1e-30)
            z = (-low * (i / 100) / s).round().clamp(0, levels)
            q = (w / s).round_().clamp_(-z, levels - z)
            error = torch.addcmul(w, q, s, value=-1).square_().sum(1, keepdim=True)
            better = error < best
            best, step, zero = error.where(better, best), s.where(better, step), z.where(better, zero)
        before = best
        active = torch.ones_like(best, dtype=torch.bool)
        for _ in range(50):
            q = (w / step).round_().clamp_(-zero, levels - zero)
            square = (q * q).sum(1, keepdim=True)
            step = ((q * w).sum(1, keepdim=True) / square.clamp(min=1)).where(square > 0, step)
            zero = (q + zero - w / step).mean(1, keepdim=True).round().clamp(0, levels)
            q = (w / step).round_().clamp_(-zero, levels - zero)
            error = torch.addcmul(w, q, step, value=-1).square_().sum(1, keepdim=True)
            best = torch.minimum(best, error).where(active, best)
            active &= before - error >= 1e-4 * before
            if not active.any():
                break
            before = error
        return best[:, 0].numpy()


def main():
    path, rows, columns, bits, repetitions = sys.argv[1], *map(int, sys.argv[2:6])
    torch.set_num_threads(1)
    data = np.fromfile(path, dtype="<f4").reshape(rows, columns)
    for library in (NumPy, PyTorch):
        searcher = library(data)
        times = []
        for _ in range(repetitions):
            start = time.process_time()
            errors = searcher.search((1 << bits) - 1)
            times.append(time.process_time() - start)
        print(library.name, min(times), statistics.median(times), *errors.tolist())


if __name__ == "__main__":
    main()
