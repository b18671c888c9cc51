"""Writes the golden files of the VAEs: tiny random models run by diffusers' own classes.

    pip install -r requirements.txt
    python vae_golden.py ../../engines/src/test/resources/golden

Tensors `w.KEY`, `in.z` (a latent of the VAE itself), `in.x` (pictures in [-1, 1]) and `out.NAME`. Weights are rounded
to half precision and stored so; all arithmetic is fp32.
"""

from __future__ import annotations

import json
import sys
from pathlib import Path

import torch
from diffusers import (
    AutoencoderKL,
    AutoencoderKLCogVideoX,
    AutoencoderKLHunyuanVideo,
    AutoencoderKLHunyuanVideo15,
    AutoencoderKLLTXVideo,
    AutoencoderKLWan,
)
from safetensors.torch import save_file

FOLDER = Path(sys.argv[1])


def randomized(model: torch.nn.Module, seed: int) -> torch.nn.Module:
    """Random weights that keep activations near 1, rounded to what the file will hold."""
    generator = torch.Generator().manual_seed(seed)
    state = {}
    for name, value in model.state_dict().items():
        noise = torch.randn(value.shape, generator=generator)
        if name in ("latents_std",):
            fresh = 0.5 + noise.abs()
        elif name.endswith("timestep_scale_multiplier"):
            fresh = value
        elif value.dim() <= 1 and name.endswith("weight") or name.endswith("gamma"):
            fresh = 1 + 0.2 * noise
        elif value.dim() <= 1 or name.endswith("bias"):
            fresh = 0.1 * noise
        else:
            fan_in = value[0].numel()
            # Pictures stay within [-1, 1], where clamping before or after tiles are blended is the same.
            fresh = (0.15 if "conv_out" in name else 1.0) * noise / fan_in**0.5
        state[name] = fresh.half().float()
    model.load_state_dict(state)
    return model.eval()


def write(name: str, model: torch.nn.Module, config: dict, tensors: dict, keep=lambda key: True, extra=None) -> None:
    stored = {"w." + key: value.half().contiguous() for key, value in model.state_dict().items() if keep(key)}
    stored |= {key: value.float().contiguous() for key, value in tensors.items()}
    stored |= {key: value.contiguous() for key, value in (extra or {}).items()}
    path = FOLDER / f"{name}.safetensors"
    save_file(stored, path, metadata={"config": json.dumps(config)})
    print(path.name, path.stat().st_size, {key: tuple(value.shape) for key, value in tensors.items()},
          float(tensors[next(key for key in tensors if key.startswith("out."))].abs().mean()))


def noise(seed: int, *shape: int) -> torch.Tensor:
    return torch.randn(shape, generator=torch.Generator().manual_seed(seed))


def smooth(seed: int, frames: int, height: int, width: int) -> torch.Tensor:
    """Pictures: a random field enlarged."""
    field = noise(seed, 1, 3, frames, height // 4, width // 4)
    return torch.nn.functional.interpolate(field, size=(frames, height, width), mode="trilinear").clamp(-1, 1)


def decoder_only(key: str) -> bool:
    return not key.startswith(("encoder.", "quant_conv."))


def wan() -> None:
    config = dict(base_dim=4, z_dim=16, dim_mult=[1, 2, 4, 4], num_res_blocks=2,
                  temperal_downsample=[False, True, True])
    model = randomized(AutoencoderKLWan(**config), 1)
    z = noise(2, 1, 16, 3, 3, 4)
    # Smooth pictures: a random field enlarged.
    x = torch.nn.functional.interpolate(noise(3, 1, 3, 9, 6, 8), size=(9, 24, 32), mode="trilinear").clamp(-1, 1)
    out = {"in.z": z, "in.x": x, "out.y": model.decode(z).sample,
           "out.mean": model.encode(x).latent_dist.mean}
    write("wan21_vae_diffusers", model, config, out)


def wan22() -> None:
    config = dict(base_dim=4, decoder_base_dim=4, z_dim=48, dim_mult=[1, 2, 4, 4], num_res_blocks=2,
                  temperal_downsample=[False, True, True], is_residual=True, in_channels=12, out_channels=12,
                  patch_size=2, scale_factor_spatial=16)
    model = randomized(AutoencoderKLWan(**config), 4)
    z = noise(5, 1, 48, 3, 2, 3)
    x = torch.nn.functional.interpolate(noise(14, 1, 3, 9, 8, 12), size=(9, 32, 48), mode="trilinear").clamp(-1, 1)
    write("wan22_vae_diffusers", model, config,
          {"in.z": z, "in.x": x, "out.y": model.decode(z).sample, "out.mean": model.encode(x).latent_dist.mean})


def hunyuan() -> None:
    config = dict(block_out_channels=(4, 4, 8, 8), norm_num_groups=2, latent_channels=4, layers_per_block=1)
    model = randomized(AutoencoderKLHunyuanVideo(**config), 6)
    z = noise(7, 1, 4, 8, 3, 4)
    model.enable_tiling(tile_sample_min_height=4096, tile_sample_min_width=4096)
    # Eight latent frames: three runs along time, blended.
    write("hunyuan_vae_windows", model, config, {"in.z": z, "out.y": model.decode(z).sample}, decoder_only)


def hunyuan_encoder() -> None:
    config = dict(block_out_channels=(4, 4, 4, 8), norm_num_groups=2, latent_channels=4, layers_per_block=1)
    model = randomized(AutoencoderKLHunyuanVideo(**config), 15)
    z = noise(16, 1, 4, 2, 2, 3)
    # Seven latent frames: two runs along time, blended.
    x = smooth(17, 25, 16, 24)
    model.enable_tiling(tile_sample_min_height=4096, tile_sample_min_width=4096)
    write("hunyuan_vae_encoder", model, config,
          {"in.z": z, "in.x": x, "out.y": model.decode(z).sample, "out.mean": model.encode(x).latent_dist.mean,
           "out.mean1": model.encode(x[:, :, :1]).latent_dist.mean})


def hunyuan15() -> None:
    config = dict(block_out_channels=(4, 4, 4, 8, 8), latent_channels=2, layers_per_block=1)
    model = randomized(AutoencoderKLHunyuanVideo15(**config), 18)
    z = noise(19, 1, 2, 3, 1, 2)
    x = smooth(20, 9, 16, 32)
    write("hunyuan15_vae_diffusers", model, config,
          {"in.z": z, "in.x": x, "out.y": model.decode(z).sample, "out.mean": model.encode(x).latent_dist.mean,
           "out.mean1": model.encode(x[:, :, :1]).latent_dist.mean})


def ltx(name: str, seed: int, cells: tuple[int, int, int], **more) -> None:
    config = dict(latent_channels=16, block_out_channels=(8, 8, 16, 16), layers_per_block=(1, 1, 1, 1, 1),
                  decoder_block_out_channels=(4, 4, 8, 16), decoder_layers_per_block=(1, 1, 1, 1, 1),
                  patch_size=4, encoder_causal=True, decoder_causal=False)
    config |= more
    model = randomized(AutoencoderKLLTXVideo(**config), seed)
    z = noise(seed + 1, 1, config["latent_channels"], *cells)
    temb = torch.tensor([0.0]) if config.get("timestep_conditioning") else None
    write(name, model, config, {"in.z": z, "out.y": model.decode(z, temb).sample}, decoder_only)


def ltx_encoder(name: str, seed: int, pictures: int, **more) -> None:
    config = dict(latent_channels=8, block_out_channels=(4, 4, 8, 8), layers_per_block=(1, 1, 1, 1, 1),
                  decoder_block_out_channels=(4, 4, 4, 4), decoder_layers_per_block=(1, 1, 1, 1, 1),
                  patch_size=4, encoder_causal=True, decoder_causal=False)
    config |= more
    model = randomized(AutoencoderKLLTXVideo(**config), seed)
    x = smooth(seed + 1, pictures, 32, 32).half().float()
    z = noise(seed + 2, 1, 8, 1, 1, 1)
    out = {"in.z": z, "out.y": model.decode(z).sample, "out.mean": model.encode(x).latent_dist.mean,
           "out.mean1": model.encode(x[:, :, :1]).latent_dist.mean}
    write(name, model, config, out, extra={"in.x": x.half()})


def cogvideox_encoder() -> None:
    config = dict(block_out_channels=(4, 4, 8, 8), norm_num_groups=2, latent_channels=4, layers_per_block=1,
                  scaling_factor=0.7)
    model = randomized(AutoencoderKLCogVideoX(**config), 27)
    # Six latent frames: a run of four, then one of two.
    x = smooth(28, 21, 16, 24).half().float()
    out = {name: model.encode(pictures).latent_dist.mean
           for name, pictures in (("out.mean", x), ("out.mean5", x[:, :, :17]), ("out.mean1", x[:, :, :1]))}
    write("cogvideox_vae_encoder", model, config, out, extra={"in.x": x.half()},
          keep=lambda key: key.startswith("encoder.") or ".mid_block.resnets.0.norm1.conv_y" in key)


def stable_diffusion() -> None:
    config = dict(block_out_channels=(4, 4, 8, 8), norm_num_groups=2, latent_channels=4, layers_per_block=1,
                  down_block_types=("DownEncoderBlock2D",) * 4, up_block_types=("UpDecoderBlock2D",) * 4)
    model = randomized(AutoencoderKL(**config), 12)
    z = noise(13, 3, 4, 4, 5)
    pictures = model.decode(z).sample
    tensors = {"in.z": z.permute(1, 0, 2, 3)[None], "out.y": pictures.permute(1, 0, 2, 3)[None]}
    write("sd_vae_diffusers", model, config | {"scaling_factor": 0.18215}, tensors, decoder_only)


def main() -> None:
    torch.set_num_threads(1)
    with torch.no_grad():
        wan()
        wan22()
        hunyuan()
        hunyuan_encoder()
        hunyuan15()
        ltx("ltx_vae_diffusers", 8, (3, 1, 2), decoder_block_out_channels=(4, 8, 12, 12))
        ltx("ltx_vae_timestep", 10, (2, 1, 1), latent_channels=4, decoder_block_out_channels=(8, 16, 32),
            decoder_layers_per_block=(1, 1, 1, 1), decoder_spatio_temporal_scaling=(True, True, True),
            decoder_inject_noise=(False, False, False, False),
            upsample_residual=(True, True, True), upsample_factor=(2, 2, 2), timestep_conditioning=True)
        ltx_encoder("ltx_vae_encoder", 21, 17)
        ltx_encoder("ltx095_vae_encoder", 24, 17, block_out_channels=(4, 4, 8, 8, 8),
                    down_block_types=("LTXVideo095DownBlock3D",) * 4, layers_per_block=(1, 1, 1, 1, 1),
                    spatio_temporal_scaling=(True, True, True, True),
                    downsample_type=("spatial", "temporal", "spatiotemporal", "spatiotemporal"))
        cogvideox_encoder()
        stable_diffusion()


if __name__ == "__main__":
    main()
