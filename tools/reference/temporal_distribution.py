"""Writes temporal_distribution.safetensors: two small latents and how the frames of each relate to one another.

Nothing here is shared with the Java code: cosines and softmax by PyTorch, the divergence by its kl_div in double
precision, and the gradient of the divergence with respect to the test latent by autograd, for the training loss.
Run: python temporal_distribution.py OUT_FOLDER
"""

import pathlib
import sys

import torch
import torch.nn.functional as F
from safetensors.torch import save_file

SHAPE = (1, 4, 5, 6, 7)  # batch, channels, frames, height, width


def rows(latent: torch.Tensor) -> torch.Tensor:
    frames = latent[0].permute(1, 0, 2, 3).flatten(1)
    return F.cosine_similarity(frames[:, None], frames[None, :], dim=-1)


def main(folder: str) -> None:
    generator = torch.Generator().manual_seed(35)
    base = torch.randn(1, 4, 1, 6, 7, generator=generator, dtype=torch.float64)
    reference = base + 0.7 * torch.randn(SHAPE, generator=generator, dtype=torch.float64).cumsum(2)
    test = reference + 0.4 * torch.randn(SHAPE, generator=generator, dtype=torch.float64)
    reference, test = reference.float().double(), test.float().double().requires_grad_()
    p, q = rows(reference).softmax(-1), rows(test).log_softmax(-1)
    divergence = F.kl_div(q, p, reduction="sum") / len(p)
    divergence.backward()
    tensors = {
        "reference": reference.float(),
        "test": test.detach().float(),
        "expected.rows": p,
        "expected.divergence": divergence.detach(),
        "expected.gradient": test.grad,
    }
    path = pathlib.Path(folder) / "temporal_distribution.safetensors"
    save_file({k: v.contiguous() for k, v in tensors.items()}, path, {"made_by": f"tools/reference/temporal_distribution.py, torch {torch.__version__}"})
    print(f"divergence {divergence.item():.12f}")


if __name__ == "__main__":
    main(sys.argv[1])
