"""Writes the shipped weights and the fixtures of the Java tests from a training folder."""

from __future__ import annotations

import argparse
import dataclasses
import json
import pathlib

import numpy as np
import torch
from safetensors.torch import save_file

import data
import judge
import latents
import weights
from sample import CFG, SHIFT, STEPS, decode, noise_for, sample
from umt5 import tokenize

GOLDEN_CAPTIONS = (
    "a large red circle moving right on a navy background",
    "a small cyan triangle moving down on a gray background",
)


def golden(models: weights.Models, path: pathlib.Path, note: dict[str, str]) -> None:
    """One worked example in float32 from the bfloat16 weights; see the metadata for what each tensor is."""
    captions = list(GOLDEN_CAPTIONS)
    ids = torch.tensor([tokenize(c) for c in captions])
    empty = torch.tensor([tokenize("")])
    noise = noise_for([1, 2])
    with torch.no_grad():
        text, empty_text = models.text(ids), models.text(empty)
        t = torch.full((len(captions),), 1000.0)
        conditional = models.dit(noise, t, text)
        unconditional = models.dit(noise, t, empty_text.expand(len(captions), -1, -1))
        final = sample(models.dit, models.text, captions, noise)
        frames = decode(models.vae, final[:1])
    tensors = {
        "ids": ids,
        "empty_ids": empty,
        "text": text,
        "empty_text": empty_text,
        "noise": noise,
        "velocity_conditional": conditional,
        "velocity_unconditional": unconditional,
        "final_latent": final,
        "frames": torch.from_numpy(frames),
    }
    metadata = {
        "captions": json.dumps(captions),
        "sampling": json.dumps({"sampler": "euler", "steps": STEPS, "cfg": CFG, "shift": SHIFT}),
        "layout": "latents [prompt, channel, frame, height, width]; frames u8 [1, frame, height, width, rgb] of prompt 0;"
        " velocities at step 0 (t = 1000, sigma = 1) before guidance; float32 arithmetic on the shipped bfloat16 weights",
    }
    path.parent.mkdir(parents=True, exist_ok=True)
    save_file({key: value.contiguous() for key, value in tensors.items()}, path, metadata | note)


def judge_cases(models: weights.Models, path: pathlib.Path) -> None:
    """Clips of four frames with the verdict of `judge.py`: drawn, degenerate and sampled ones."""
    rng = np.random.default_rng(21)
    specs = [data.ALL_SPECS[i] for i in (5, 330, 470, 700, 1000)]
    drawn = data.render(specs, data.start_positions(specs, rng), [0, 4, 8, 12])
    cases = list((drawn * 255).round().to(torch.uint8).permute(0, 1, 3, 4, 2).numpy())
    empty = np.full((4, 64, 64, 3), (13, 20, 77), np.uint8)
    noisy = np.clip(cases[1].astype(np.int64) + rng.integers(-60, 61, cases[1].shape), 0, 255).astype(np.uint8)
    still = np.repeat(cases[2][:1], 4, 0)
    cases += [empty, noisy, still]
    expected: list[data.Spec | None] = [*specs, None, specs[1], specs[2]]
    sampled = [data.HELD_OUT_SPECS[i] for i in (3, 40)]
    with torch.no_grad():
        z = sample(models.dit, models.text, [s.caption() for s in sampled], noise_for([3, 4]))
    cases += list(decode(models.vae, z)[:, ::4])
    expected += sampled
    kinds = ["drawn"] * 5 + ["no object", "noise added", "no motion"] + ["sampled"] * 2
    metadata = {
        f"case_{i}": json.dumps(
            {
                "kind": kind,
                "expected": None if spec is None else dataclasses.asdict(spec),
                "verdict": dataclasses.asdict(judge.judge(clip)),
            }
        )
        for i, (kind, spec, clip) in enumerate(zip(kinds, expected, cases))
    }
    metadata["layout"] = "case_N: u8 [frame, height, width, rgb]; metadata case_N: expected attributes and the verdict"
    path.parent.mkdir(parents=True, exist_ok=True)
    save_file({f"case_{i}": torch.from_numpy(np.ascontiguousarray(clip)) for i, clip in enumerate(cases)}, path, metadata)


def main() -> None:
    root = pathlib.Path(__file__).resolve().parents[2]
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--run", type=pathlib.Path, required=True, help="folder with dit.pt and vae.pt")
    parser.add_argument("--models", type=pathlib.Path, default=root / "workflows/demo-models")
    parser.add_argument("--golden", type=pathlib.Path, default=root / "engines/src/test/resources/demo/demo_golden.safetensors")
    parser.add_argument("--cases", type=pathlib.Path, default=pathlib.Path(__file__).parent / "fixtures/judge_cases.safetensors")
    args = parser.parse_args()
    models, note = weights.from_run(args.run)
    weights.save(models, args.models, note)
    latents.Encoder.load(args.run / latents.FILE).save(pathlib.Path(__file__).parent / latents.FILE)
    models = weights.load(args.models)
    golden(models, args.golden, note)
    judge_cases(models, args.cases)
    files = [*(args.models / name for name in (weights.DIT, weights.TEXT, weights.VAE)), args.golden, args.cases]
    for path in files:
        print(f"{path.stat().st_size / 1e6:7.3f} MB  {path.name}")
    print(f"{sum(path.stat().st_size for path in files[:3]) / 1e6:7.3f} MB  the three weight files together")


if __name__ == "__main__":
    main()
