"""Trains the diffusion transformer and the text encoder together; resumable, scheduled by wall-clock minutes.

Stage 1 learns stills (the first latent frame: 16 tokens), stage 2 whole clips (64 tokens).
"""

from __future__ import annotations

import argparse
import pathlib
import time

import numpy as np
import torch
import torch.nn.functional as F

import data
import latents
from muon import Muon
from umt5 import UMT5Encoder, tokenize
from wan import WanModel


def arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--out", type=pathlib.Path, required=True, help="folder for checkpoints and the log")
    parser.add_argument("--clips", type=int, default=40_000, help="clips rendered and encoded beforehand")
    parser.add_argument("--still-minutes", type=float, default=20)
    parser.add_argument("--clip-minutes", type=float, default=60)
    parser.add_argument("--batch", type=int, default=64, help="clips per step; stills take four times as many")
    parser.add_argument("--lr", type=float, default=1e-3, help="AdamW, everything but the hidden matrices")
    parser.add_argument("--muon-lr", type=float, default=0.01, help="Muon, hidden matrices; 0 = AdamW for all")
    parser.add_argument("--layers", type=int, default=4)
    parser.add_argument("--device", default="cpu")
    parser.add_argument("--threads", type=int, default=2)
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--no-compile", action="store_true")
    parser.add_argument("--fp32", action="store_true", help="no bfloat16 autocast")
    return parser.parse_args()


class Dataset:
    """Latents [n, 16, t, 8, 8] in float16 and token ids [n, 16] of random training captions."""

    def __init__(self, clips: int, encoder: latents.Encoder, seed: int, device: str):
        rng = np.random.default_rng(seed)
        z, ids = [], []
        for begin in range(0, clips, 500):
            specs = data.random_specs(min(500, clips - begin), rng)
            frames = data.render(specs, data.start_positions(specs, rng), latents.KEY_FRAMES)
            z.append(encoder.encode(frames).half())
            ids += [tokenize(spec.caption()) for spec in specs]
        self.latents = torch.cat(z).to(device)
        self.ids = torch.tensor(ids).to(device)

    def batch(self, count: int, frames: int) -> tuple[torch.Tensor, torch.Tensor]:
        index = torch.randint(0, len(self.latents), (count,), device=self.latents.device)
        ids = self.ids[index]
        empty = torch.tensor(tokenize(""), device=ids.device)
        dropped = torch.rand(count, 1, device=ids.device) < 0.1  # for classifier-free guidance
        return self.latents[index, :, :frames].float(), torch.where(dropped, empty, ids)


def rate(progress: float) -> float:
    """Learning-rate factor over a stage: constant, then linear to 2 % in the last 25 %."""
    return 1.0 if progress < 0.75 else max(0.02, 1 - 0.98 * (progress - 0.75) / 0.25)


class Trainer:
    def __init__(self, args: argparse.Namespace):
        self.args = args
        self.dit = WanModel(num_layers=args.layers).to(args.device)
        self.text = UMT5Encoder().to(args.device)
        self.params = [*self.dit.parameters(), *self.text.parameters()]
        hidden = [p for p in self.dit.blocks.parameters() if p.ndim == 2] if args.muon_lr > 0 else []
        hidden_ids = {id(p) for p in hidden}
        rest = [p for p in self.params if id(p) not in hidden_ids]
        self.optimizers = [torch.optim.AdamW(rest, lr=args.lr, betas=(0.9, 0.98), weight_decay=0.0)]
        if hidden:
            self.optimizers.append(Muon(hidden, lr=args.muon_lr))
        self.base = [args.lr, args.muon_lr]
        self.ema = [p.detach().clone() for p in self.params]
        self.step = 0
        self.elapsed = 0.0
        self.cpu_seconds = 0.0
        self.loss = self.loss_of if args.no_compile else torch.compile(self.loss_of)

    def loss_of(self, x0: torch.Tensor, ids: torch.Tensor, noise: torch.Tensor, sigma: torch.Tensor) -> torch.Tensor:
        s = sigma[:, None, None, None, None]
        with torch.autocast(x0.device.type, torch.bfloat16, enabled=not self.args.fp32):
            v = self.dit((1 - s) * x0 + s * noise, 1000 * sigma, self.text(ids))
        return F.mse_loss(v.float(), noise - x0)

    def train_step(self, x0: torch.Tensor, ids: torch.Tensor, factor: float) -> torch.Tensor:
        for optimizer, base in zip(self.optimizers, self.base):
            for group in optimizer.param_groups:
                group["lr"] = base * factor
        sigma = torch.sigmoid(0.8 + 1.2 * torch.randn(len(x0), device=x0.device))
        loss = self.loss(x0, ids, torch.randn_like(x0), sigma)
        for p in self.params:
            p.grad = None
        loss.backward()
        torch.nn.utils.clip_grad_norm_(self.params, 1.0)
        for optimizer in self.optimizers:
            optimizer.step()
        self.step += 1
        decay = min(0.999, 1 - 1 / (self.step * 0.15 + 10))
        torch._foreach_lerp_(self.ema, [p.detach() for p in self.params], 1 - decay)
        return loss.detach()

    def state(self) -> dict:
        names = [f"dit.{n}" for n, _ in self.dit.named_parameters()] + [f"text.{n}" for n, _ in self.text.named_parameters()]
        return {
            "ema": dict(zip(names, self.ema)),
            "params": dict(zip(names, [p.detach() for p in self.params])),
            "optimizers": [o.state_dict() for o in self.optimizers],
            "step": self.step,
            "elapsed": self.elapsed,
            "cpu_seconds": self.cpu_seconds,
        }

    def restore(self, state: dict) -> None:
        with torch.no_grad():
            for p, e, saved, averaged in zip(self.params, self.ema, state["params"].values(), state["ema"].values()):
                p.copy_(saved)
                e.copy_(averaged)
        for optimizer, saved in zip(self.optimizers, state["optimizers"]):
            optimizer.load_state_dict(saved)
        self.step, self.elapsed, self.cpu_seconds = state["step"], state["elapsed"], state["cpu_seconds"]


def main() -> None:
    args = arguments()
    args.out.mkdir(parents=True, exist_ok=True)
    torch.set_num_threads(args.threads)
    torch.manual_seed(args.seed)
    encoder = latents.Encoder.of(args.out)
    trainer = Trainer(args)
    path = args.out / "dit.pt"
    if path.exists():
        trainer.restore(torch.load(path))
        torch.manual_seed(args.seed + trainer.step)
    dataset = Dataset(args.clips, encoder, args.seed + 1, args.device)
    log = (args.out / "train_dit.log").open("a")
    print(f"# {vars(args)}", file=log, flush=True)
    still, total = args.still_minutes * 60, (args.still_minutes + args.clip_minutes) * 60
    last, cpu, saved, losses = time.monotonic(), time.process_time(), trainer.elapsed, []
    while trainer.elapsed < total:
        is_still = trainer.elapsed < still
        progress = trainer.elapsed / still if is_still else (trainer.elapsed - still) / (total - still)
        # Stage 1 hands over at full rate: only stage 2 decays. The first 100 steps warm up.
        factor = min(1.0, (trainer.step + 1) / 100) * (1.0 if is_still else rate(progress))
        x0, ids = dataset.batch(args.batch * (4 if is_still else 1), 1 if is_still else latents.LATENT_FRAMES)
        losses.append(trainer.train_step(x0, ids, factor))
        now, now_cpu = time.monotonic(), time.process_time()
        trainer.elapsed += now - last
        trainer.cpu_seconds += now_cpu - cpu
        last, cpu = now, now_cpu
        if trainer.step % 50 == 0:
            mean = torch.stack(losses).mean().item()
            losses.clear()
            print(
                f"step {trainer.step} stage {1 if is_still else 2} loss {mean:.4f} lr {factor:.3f}"
                f" wall {trainer.elapsed:.0f} s cpu {trainer.cpu_seconds:.0f} s",
                file=log,
                flush=True,
            )
        if trainer.elapsed - saved > 120 or trainer.elapsed >= total:
            saved = trainer.elapsed
            temporary = path.with_suffix(".tmp")
            torch.save(trainer.state(), temporary)
            temporary.replace(path)


if __name__ == "__main__":
    main()
