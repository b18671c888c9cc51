"""Trains the TAEHV-layout decoder by regression from the fixed encoder's latents to the rendered clips; resumable.

Loss: mean absolute difference of pixels plus the one of their neighbour differences, over the 4 t - 3 frames kept.
Latents are disturbed with noise of random strength, so that the decoder draws clean shapes from imperfect latents. The
first part of the run decodes pairs of latent frames, the last part whole clips.
"""

from __future__ import annotations

import argparse
import pathlib
import time

import numpy as np
import torch

import data
import latents
from taehv import TRIM, Decoder


def arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--out", type=pathlib.Path, required=True, help="folder for the checkpoint and the log")
    parser.add_argument("--minutes", type=float, default=30, help="wall-clock minutes of the whole schedule")
    parser.add_argument("--batch", type=int, default=6, help="clips per step (twice as many pairs)")
    parser.add_argument("--lr", type=float, default=2e-3)
    parser.add_argument("--noise", type=float, default=0.25, help="largest standard deviation added to a latent")
    parser.add_argument("--device", default="cpu")
    parser.add_argument("--threads", type=int, default=2)
    parser.add_argument("--seed", type=int, default=0)
    return parser.parse_args()


# Small triangles and rings, the hardest to draw, come three times as often.
SPECS = data.ALL_SPECS + 2 * [s for s in data.ALL_SPECS if s.size == "small" and s.shape in ("triangle", "ring")]


def example(
    encoder: latents.Encoder, rng: np.random.Generator, count: int, frames: int
) -> tuple[torch.Tensor, torch.Tensor]:
    """Clean latents [n, 16, frames, 8, 8] and clips [n, 4 frames - 3, 3, 64, 64], from a random latent frame on."""
    specs = data.random_specs(count, rng, SPECS)
    starts = data.start_positions(specs, rng)
    first = latents.TEMPORAL * int(rng.integers(0, latents.LATENT_FRAMES - frames + 1))
    begin, end = first - latents.TEMPORAL, first + latents.TEMPORAL * (frames - 1)
    clip = data.render(specs, starts, list(range(begin, end + 1)))
    return encoder.encode(clip[:, :: latents.TEMPORAL]), clip[:, latents.TEMPORAL :]


def loss_of(model: Decoder, z: torch.Tensor, clip: torch.Tensor) -> torch.Tensor:
    difference = model.raw(z)[:, TRIM:].float() - clip
    across = difference.diff(dim=-1).abs().mean() + difference.diff(dim=-2).abs().mean()
    return difference.abs().mean() + 0.5 * across


def main() -> None:
    args = arguments()
    args.out.mkdir(parents=True, exist_ok=True)
    torch.set_num_threads(args.threads)
    torch.manual_seed(args.seed)
    encoder = latents.Encoder.of(args.out)
    model = Decoder().to(args.device).to(memory_format=torch.channels_last)
    params = list(model.parameters())
    optimizer = torch.optim.AdamW(params, lr=args.lr, betas=(0.9, 0.98), weight_decay=0.0)
    ema = [p.detach().clone() for p in params]
    path, step, elapsed, cpu_seconds, losses = args.out / "vae.pt", 0, 0.0, 0.0, []
    if path.exists():
        state = torch.load(path)
        model.load_state_dict(state["params"])
        optimizer.load_state_dict(state["optimizer"])
        ema, step, elapsed, cpu_seconds = state["average"], state["step"], state["elapsed"], state["cpu_seconds"]
        torch.manual_seed(args.seed + step)
    rng = np.random.default_rng(args.seed + 7 + step)
    log = (args.out / "train_vae.log").open("a")
    print(f"# {vars(args)}", file=log, flush=True)
    last, cpu, saved, total = time.monotonic(), time.process_time(), elapsed, args.minutes * 60
    while elapsed < total:
        progress = elapsed / total
        factor = min(1.0, (step + 1) / 50, max(0.02, (1 - progress) / 0.5))
        for group in optimizer.param_groups:
            group["lr"] = args.lr * factor
        is_pair = progress < 0.75
        z, clip = example(encoder, rng, args.batch * (2 if is_pair else 1), 2 if is_pair else latents.LATENT_FRAMES)
        strength = args.noise * torch.rand(len(z), 1, 1, 1, 1) ** 2
        z, clip = (z + strength * torch.randn_like(z)).to(args.device), clip.to(args.device)
        with torch.autocast(args.device, torch.bfloat16):
            loss = loss_of(model, z, clip)
        optimizer.zero_grad()
        loss.backward()
        torch.nn.utils.clip_grad_norm_(params, 1.0)
        optimizer.step()
        step += 1
        torch._foreach_lerp_(ema, [p.detach() for p in params], 1 - min(0.998, 1 - 1 / (step * 0.2 + 10)))
        losses.append(loss.item())
        now, now_cpu = time.monotonic(), time.process_time()
        elapsed, cpu_seconds, last, cpu = elapsed + now - last, cpu_seconds + now_cpu - cpu, now, now_cpu
        if step % 50 == 0:
            print(
                f"step {step} loss {sum(losses) / len(losses):.5f} lr {factor:.3f} wall {elapsed:.0f} s cpu {cpu_seconds:.0f} s",
                file=log,
                flush=True,
            )
            losses.clear()
        if elapsed - saved > 60 or elapsed >= total:
            saved = elapsed
            names = [name for name, _ in model.named_parameters()]
            state = {"params": model.state_dict(), "ema": dict(zip(names, ema)), "average": ema}
            state |= {"optimizer": optimizer.state_dict(), "step": step, "elapsed": elapsed, "cpu_seconds": cpu_seconds}
            torch.save(state, path.with_suffix(".tmp"))
            path.with_suffix(".tmp").replace(path)


if __name__ == "__main__":
    main()
