"""Muon: momentum whose matrix updates are orthogonalised by five Newton-Schulz steps (Jordan et al., 2024)."""

from __future__ import annotations

import torch


def orthogonalise(x: torch.Tensor, steps: int = 5) -> torch.Tensor:
    """Moves the singular values of each matrix of [n, rows, columns], rows <= columns, close to 1; in bfloat16."""
    a, b, c = 3.4445, -4.7750, 2.0315
    x = x.bfloat16()
    x = x / (x.flatten(1).norm(dim=1)[:, None, None] + 1e-7)
    for _ in range(steps):
        gram = x @ x.transpose(1, 2)
        x = a * x + (b * gram + c * gram @ gram) @ x
    return x


class Muon(torch.optim.Optimizer):
    """For the hidden matrices only; matrices of equal shape are orthogonalised together."""

    def __init__(self, params, lr: float, momentum: float = 0.95):
        super().__init__(params, {"lr": lr, "momentum": momentum})

    @torch.no_grad()
    def step(self) -> None:  # type: ignore[override]
        for group in self.param_groups:
            by_shape: dict[tuple[int, ...], list[torch.Tensor]] = {}
            for p in group["params"]:
                by_shape.setdefault(tuple(p.shape), []).append(p)
            for (rows, columns), params in by_shape.items():
                updates = []
                for p in params:
                    state = self.state[p]
                    buffer = state.setdefault("momentum", torch.zeros_like(p))
                    buffer.lerp_(p.grad, 1 - group["momentum"])
                    updates.append(p.grad.lerp(buffer, group["momentum"]))
                stack = torch.stack(updates)
                tall = rows > columns
                result = orthogonalise(stack.transpose(1, 2) if tall else stack)
                result = result.transpose(1, 2) if tall else result
                scale = max(1.0, rows / columns) ** 0.5
                for p, update in zip(params, result):
                    p.add_(update, alpha=-group["lr"] * scale)
