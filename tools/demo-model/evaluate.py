"""Samples captions, judges the clips, prints the table of the README and writes a contact sheet.

Rows: the judge's ceiling on drawn clips, the decoder's round trip, then the model on every held-out caption (64) and on
as many captions whose combination was in training.
"""

from __future__ import annotations

import argparse
import pathlib
import time

import numpy as np
import torch

import data
import judge
import latents
import weights
from sample import CFG, SHIFT, STEPS, contact_sheet, decode, noise_for, sample


def row(name: str, videos: np.ndarray, specs: list[data.Spec], seconds: float | None = None) -> None:
    r = judge.rates(videos, specs)
    cells = " | ".join(f"{r[key]:.3f}" for key in (*judge.ATTRIBUTES, "all"))
    cost = "" if seconds is None else f"{seconds / len(specs):.2f}"
    print(f"| {name} | {len(specs)} | {cells} | {cost} |", flush=True)


def main() -> None:
    root = pathlib.Path(__file__).resolve().parents[2]
    parser = argparse.ArgumentParser(description=__doc__)
    source = parser.add_mutually_exclusive_group()
    source.add_argument("--models", type=pathlib.Path, default=root / "workflows/demo-models")
    source.add_argument("--run", type=pathlib.Path, help="judge the averaged weights of a training folder instead")
    parser.add_argument("--steps", type=int, default=STEPS)
    parser.add_argument("--cfg", type=float, nargs="+", default=[CFG])
    parser.add_argument("--shift", type=float, default=SHIFT)
    parser.add_argument("--seeds", type=int, default=1, help="noises per caption")
    parser.add_argument("--threads", type=int, default=2)
    parser.add_argument("--limit", type=int, default=64, help="captions of each kind")
    parser.add_argument("--sheet", type=pathlib.Path, help="PNG of the first held-out and seen captions")
    args = parser.parse_args()
    torch.set_num_threads(args.threads)
    models = weights.from_run(args.run)[0] if args.run else weights.load(args.models)
    rng = np.random.default_rng(17)
    seen = [data.TRAIN_SPECS[i] for i in rng.permutation(len(data.TRAIN_SPECS))[: args.limit]]
    held_out = [data.HELD_OUT_SPECS[i] for i in rng.permutation(len(data.HELD_OUT_SPECS))[: args.limit]]
    print(f"| clips ({args.steps} steps, shift {args.shift:g}) | n | " + " | ".join((*judge.ATTRIBUTES, "all")) + " | CPU-s per clip |")
    print("|" + "---|" * 9)
    both = held_out + seen
    longer = data.render(both, data.start_positions(both, rng), list(range(-latents.TEMPORAL, data.FRAMES)))
    drawn = longer[:, latents.TEMPORAL :]
    row("drawn (the judge's ceiling)", (drawn * 255).round().to(torch.uint8).permute(0, 1, 3, 4, 2).numpy(), both)
    encoder = latents.Encoder.load((args.run or pathlib.Path(__file__).parent) / latents.FILE)
    z = encoder.encode(longer[:, :: latents.TEMPORAL])
    decoded = decode(models.vae, z)
    row("drawn, encoded and decoded", decoded, both)
    error = decoded / 255.0 - drawn.permute(0, 1, 3, 4, 2).numpy()
    sheet: list[np.ndarray] = []
    for cfg in args.cfg:
        for name, specs in (("held-out captions", held_out), ("seen captions", seen)):
            wanted, seeds = specs * args.seeds, range(len(specs) * args.seeds)
            begin, videos = time.process_time(), []
            for i in range(0, len(wanted), 16):
                captions = [s.caption() for s in wanted[i : i + 16]]
                noise = noise_for(list(seeds[i : i + 16]))
                videos.append(decode(models.vae, sample(models.dit, models.text, captions, noise, args.steps, cfg, args.shift)))
            clips = np.concatenate(videos)
            row(f"{name}, cfg {cfg:g}", clips, wanted, time.process_time() - begin)
            if cfg == args.cfg[-1]:
                sheet.append(clips[:12])
    print(f"\nround trip: {-10 * np.log10((error**2).mean()):.1f} dB")
    if args.sheet:
        contact_sheet(np.concatenate(sheet), args.sheet)
        for i, spec in enumerate(held_out[:12] + seen[:12]):
            print(f"{i // 3 + 1}.{i % 3 + 1} {spec.caption()}")


if __name__ == "__main__":
    main()
