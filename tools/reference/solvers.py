"""Paths of samplers beyond those of schedulers.safetensors, on its model v = 0.3 x + 0.1 sin(t / 100).

    pip install -r requirements.txt && pip install --no-deps k-diffusion==0.1.1.post1 torchdiffeq torchsde
    python solvers.py ../../engines/src/test/resources/golden

UniPC of order 3 is diffusers' scheduler, in both forms of B(h); DPM++ 2M in the variance-exploding form is k-diffusion's
function, which ComfyUI's `dpmpp_2m` is.
"""

from __future__ import annotations

import importlib.util
import sys
import types
from pathlib import Path

import numpy as np
import scipy.stats
import torch
from diffusers import UniPCMultistepScheduler
from safetensors.torch import load_file, save_file

torch.set_num_threads(1)
STEPS = 10
SHIFT = 5.0


def velocity(x: torch.Tensor, t: float) -> torch.Tensor:
    return 0.3 * x + 0.1 * torch.sin(torch.tensor(float(t) / 100))


def unipc(kind: str, x: torch.Tensor) -> dict[str, torch.Tensor]:
    scheduler = UniPCMultistepScheduler(
        solver_order=3, solver_type=kind, prediction_type="flow_prediction", use_flow_sigmas=True, flow_shift=SHIFT
    )
    scheduler.set_timesteps(STEPS)
    path = []
    # The last step of bh1 is infinity times zero in diffusers.
    for t in scheduler.timesteps[: STEPS - 1 if kind == "bh1" else STEPS]:
        x = scheduler.step(velocity(x, t), t, x, return_dict=False)[0]
        path.append(x)
    return {
        "sigmas": scheduler.sigmas.float(),
        "timesteps": scheduler.timesteps.float(),
        "x": torch.stack(path),
    }


def k_diffusion() -> types.ModuleType:
    """The module of the samplers alone; the package's front imports trainers and image libraries."""
    folder = Path(importlib.util.find_spec("k_diffusion").submodule_search_locations[0])
    package = types.ModuleType("kd")
    package.__path__ = [str(folder)]
    utils = types.ModuleType("kd.utils")
    utils.append_dims = lambda x, n: x[(...,) + (None,) * (n - x.ndim)]
    sys.modules |= {"kd": package, "kd.utils": utils}
    package.utils = utils
    spec = importlib.util.spec_from_file_location("kd.sampling", folder / "sampling.py")
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def dpmpp_2m(x: torch.Tensor) -> dict[str, torch.Tensor]:
    linear = torch.linspace(1, 0, STEPS + 1, dtype=torch.float64)
    sigmas = SHIFT * linear / (1 + (SHIFT - 1) * linear)
    seen = []

    def denoised(latent: torch.Tensor, sigma: torch.Tensor) -> torch.Tensor:
        seen.append(latent)
        return latent - sigma[0] * velocity(latent, 1000 * sigma[0])

    last = k_diffusion().sample_dpmpp_2m(denoised, x, sigmas, disable=True)
    return {
        "sigmas": sigmas.float(),
        "timesteps": 1000 * sigmas[:-1].float(),
        "x": torch.stack([*seen[1:], last]).float(),
    }


def beta_sigmas(shift: float, steps: int) -> torch.Tensor:
    """ComfyUI's beta schedule: quantiles by SciPy, looked up in a table of 1000 shifted levels."""
    quantiles = scipy.stats.beta.ppf(1 - np.linspace(0, 1, steps, endpoint=False), 0.6, 0.6)
    base = (np.rint(quantiles * 999) + 1) / 1000
    return torch.tensor([*(shift * base / (1 + (shift - 1) * base)), 0]).float()


if __name__ == "__main__":
    folder = Path(sys.argv[1])
    start = load_file(folder / "schedulers.safetensors")["x0"]
    cases = {"unipc3bh1": unipc("bh1", start), "unipc3bh2": unipc("bh2", start), "kdiffusion": dpmpp_2m(start)}
    tensors = {f"{name}_shift5_n{STEPS}.{key}": value for name, case in cases.items() for key, value in case.items()}
    for shift, steps in ((1, 10), (8, 20), (5, 50)):
        tensors[f"beta_shift{shift}_n{steps}.sigmas"] = beta_sigmas(shift, steps)
    save_file(tensors | {"x0": start}, folder / "solvers.safetensors", metadata={"model": "v = 0.3*x + 0.1*sin(t/100)"})
