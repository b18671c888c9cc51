"""Writes trained_estimation.safetensors: two quantized linears with Q-VDiT's estimators beside them, and the gradients.

Nothing here is shared with the Java code. x is rounded per token to 4 bits (symmetric, half to even) with a
straight-through estimator, multiplied by a weight, an estimator M_frame (x a) b is added, then GELU, then the same again;
the loss is the relative squared error plus gamma times the sum of the Kullback-Leibler divergences of the rows of frame
similarities (Q-VDiT, equations 13 to 15 and 19). Gradients by autograd in double precision.
Run: python trained_estimation.py OUT_FOLDER
"""

import pathlib
import sys

import torch
import torch.nn.functional as F
from safetensors.torch import save_file

TOKENS, FRAMES, INPUTS, MIDDLE, OUTPUTS, GAMMA = 24, 4, 16, 20, 12, 100.0


class Round(torch.autograd.Function):
    @staticmethod
    def forward(context, x):
        return x.round()

    @staticmethod
    def backward(context, gradient):
        return gradient


def rounded(x: torch.Tensor) -> torch.Tensor:
    scale = x.abs().amax(-1, keepdim=True) / 7
    return Round.apply(x / scale) * scale


def linear(x, weight, a, b, m):
    frames = torch.arange(TOKENS) * FRAMES // TOKENS
    return rounded(x) @ weight.T + (m[frames][:, None] * (x @ a)[:, None]) * b[None, :]


def similarity(tokens: torch.Tensor) -> torch.Tensor:
    frames = F.normalize(tokens.reshape(FRAMES, -1), dim=-1)
    return frames @ frames.T


def main(folder: str) -> None:
    generator = torch.Generator().manual_seed(53)

    def made(*shape, scale=1.0):
        return (scale * torch.randn(*shape, generator=generator, dtype=torch.float64)).float().double()

    x = made(TOKENS, INPUTS)
    weights = [made(MIDDLE, INPUTS, scale=0.3), made(OUTPUTS, MIDDLE, scale=0.3)]
    target = made(TOKENS, OUTPUTS)
    parameters = {}
    for i, (inputs, outputs) in enumerate(((INPUTS, MIDDLE), (MIDDLE, OUTPUTS))):
        parameters[f"{i}.alpha"] = made(inputs, scale=0.2)
        parameters[f"{i}.beta"] = made(outputs, scale=0.2)
        parameters[f"{i}.frames"] = 1 + made(FRAMES, scale=0.2)
    parameters = {name: value.float().double() for name, value in parameters.items()}
    leaves = {name: value.clone().requires_grad_() for name, value in parameters.items()}
    h = F.gelu(linear(x, weights[0], leaves["0.alpha"], leaves["0.beta"], leaves["0.frames"]))
    y = linear(h, weights[1], leaves["1.alpha"], leaves["1.beta"], leaves["1.frames"])
    error = (y - target).square().sum() / target.square().sum()
    p, log_q = similarity(target).softmax(-1), similarity(y).log_softmax(-1)
    temporal = F.kl_div(log_q, p, reduction="sum")
    (error + GAMMA * temporal).backward()
    tensors = {"x": x.float(), "weight.0": weights[0].float(), "weight.1": weights[1].float(), "target": target.float()}
    tensors |= {f"parameter.{name}": value.float() for name, value in parameters.items()}
    tensors |= {f"gradient.{name}": leaf.grad for name, leaf in leaves.items()}
    tensors |= {"error": error.detach().reshape(1), "temporal": temporal.detach().reshape(1)}
    path = pathlib.Path(folder) / "trained_estimation.safetensors"
    made_by = f"tools/reference/trained_estimation.py, torch {torch.__version__}"
    save_file({name: value.contiguous() for name, value in tensors.items()}, path, {"made_by": made_by})
    print(f"error {error.item():.9f}, temporal {temporal.item():.9f}")


if __name__ == "__main__":
    main(sys.argv[1])
