"""Writes ddim.safetensors: noise levels and paths of the samplers of diffusers for models that are no flow models, and
the resolution-dependent levels of LTX-Video.

Per case NAME: NAME.timesteps, NAME.alphas_cumprod (at the timesteps), NAME.x (the latent after each step); all start
from x0 and follow the model 0.3 * x + 0.1 * sin(t / 100). ltx.TOKENS.nSTEPS.sigmas for LTX-Video.

Run: python ddim_golden.py OUT_FOLDER
"""

import pathlib
import sys

import torch
from diffusers import CogVideoXDDIMScheduler, DDIMScheduler, FlowMatchEulerDiscreteScheduler
from diffusers.pipelines.ltx.pipeline_ltx import calculate_shift
from safetensors.torch import save_file

STEPS = (4, 10, 50)
SHAPE = (1, 2, 3, 3, 4)


def cogvideox(shift: float) -> CogVideoXDDIMScheduler:
    return CogVideoXDDIMScheduler(
        beta_start=0.00085,
        beta_end=0.012,
        beta_schedule="scaled_linear",
        clip_sample=False,
        set_alpha_to_one=True,
        prediction_type="v_prediction",
        rescale_betas_zero_snr=True,
        snr_shift_scale=shift,
        timestep_spacing="trailing",
    )


def latte() -> DDIMScheduler:
    return DDIMScheduler(
        beta_start=0.0001,
        beta_end=0.02,
        beta_schedule="linear",
        clip_sample=False,
        set_alpha_to_one=True,
        prediction_type="epsilon",
        timestep_spacing="leading",
    )


CASES = {"cogvideox_shift3": lambda: cogvideox(3.0), "cogvideox_shift1": lambda: cogvideox(1.0), "latte": latte}


def path(scheduler, steps: int, noise: torch.Tensor) -> dict:
    scheduler.set_timesteps(steps)
    x, latents = noise, []
    for timestep in scheduler.timesteps:
        output = 0.3 * x + 0.1 * torch.sin(timestep / 100)
        x = scheduler.step(output, timestep, x, return_dict=False)[0]
        latents.append(x.float())
    alphas = scheduler.alphas_cumprod[scheduler.timesteps]
    return {"timesteps": scheduler.timesteps.float(), "alphas_cumprod": alphas.double(), "x": torch.stack(latents)}


def ltx(tokens: int, steps: int) -> torch.Tensor:
    scheduler = FlowMatchEulerDiscreteScheduler(
        use_dynamic_shifting=True,
        base_image_seq_len=1024,
        max_image_seq_len=4096,
        base_shift=0.95,
        max_shift=2.05,
        shift_terminal=0.1,
    )
    mu = calculate_shift(tokens, 1024, 4096, 0.95, 2.05)
    scheduler.set_timesteps(sigmas=torch.linspace(1.0, 1 / steps, steps).tolist(), mu=mu)
    return scheduler.sigmas.float()


def main(folder: str) -> None:
    torch.set_num_threads(1)
    noise = torch.randn(SHAPE, generator=torch.Generator().manual_seed(3))
    tensors = {"x0": noise}
    for name, create in CASES.items():
        for steps in STEPS:
            for part, value in path(create(), steps, noise).items():
                tensors[f"{name}.n{steps}.{part}"] = value
    for tokens, steps in ((384, 8), (1024, 20), (4096, 30)):
        tensors[f"ltx.{tokens}.n{steps}.sigmas"] = ltx(tokens, steps)
    save_file(tensors, pathlib.Path(folder) / "ddim.safetensors")


if __name__ == "__main__":
    main(sys.argv[1])
