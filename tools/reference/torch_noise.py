"""Writes torch_noise.safetensors: `torch.randn` on the CPU for seeds and shapes that reach every branch of its sampler.

Fewer than 16 values, exactly 16, a last block that is not full, more than one twist of the generator, seeds of more than 32
bits. Run: python torch_noise.py OUT_FOLDER
"""

import pathlib
import sys

import torch
from safetensors.torch import save_file

CASES = [
    (0, (1,)),
    (0, (7,)),
    (42, (15,)),
    (42, (16,)),
    (42, (17,)),
    (1234567890, (3, 5, 7)),
    (2**32 + 5, (20,)),
    (2**64 - 1, (16,)),
    (7, (1, 16, 3, 8, 8)),
]


def main(folder: str) -> None:
    tensors = {}
    for seed, shape in CASES:
        generator = torch.Generator("cpu").manual_seed(seed)
        noise = torch.randn(shape, generator=generator, dtype=torch.float32)
        tensors[f"seed.{seed}.{'x'.join(map(str, shape))}"] = noise
    path = pathlib.Path(folder) / "torch_noise.safetensors"
    save_file(tensors, path, {"made_by": f"tools/reference/torch_noise.py, torch {torch.__version__}"})
    print(path, len(tensors), "cases")


if __name__ == "__main__":
    main(sys.argv[1])
