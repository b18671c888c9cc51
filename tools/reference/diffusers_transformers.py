"""Writes golden files of CogVideoX, Latte and LTX-Video that need a reference of their own.

cogvideox15_diffusers.safetensors: two blocks of a CogVideoX 1.5 transformer (two latent frames per token) with random
weights, one forward pass; laid out like the other transformer files: w.KEY, in.NAME, out.NAME, config in the metadata.
cogvideox_i2v_diffusers.safetensors, cogvideox15_i2v_diffusers.safetensors: likewise the image-to-video models, with
learned positions or with the offset. ltx_i2v_diffusers.safetensors: likewise LTX-Video with a timestep per token, 0 in the first latent frame.
positions.safetensors: position tables of diffusers at sizes other than the trained one: stretched.GRID.cos and .sin
(CogVideoX 5B), added.GRID (CogVideoX 2B, width 32), space.GRID and time.GRID (Latte, width 32), ltx.GRID.cos and .sin
(width 64) and causal.GRID.cos and .sin, the same with causal time; GRID being frames x rows x columns of patches.

Run: python diffusers_transformers.py OUT_FOLDER
"""

import json
import pathlib
import sys

import torch
from diffusers import CogVideoXTransformer3DModel, LTXVideoTransformer3DModel
from diffusers.models.embeddings import (
    get_1d_sincos_pos_embed_from_grid,
    get_2d_sincos_pos_embed,
    get_3d_rotary_pos_embed,
    get_3d_sincos_pos_embed,
)
from diffusers.models.transformers.transformer_ltx import LTXVideoRotaryPosEmbed
from diffusers.pipelines.cogvideo.pipeline_cogvideox import get_resize_crop_region_for_grid
from diffusers.pipelines.ltx.pipeline_ltx_condition import LTXConditionPipeline
from safetensors.torch import save_file

CONFIG = dict(
    num_attention_heads=2,
    attention_head_dim=16,
    in_channels=4,
    out_channels=4,
    time_embed_dim=32,
    text_embed_dim=24,
    num_layers=2,
    sample_width=300,
    sample_height=300,
    sample_frames=81,
    patch_size=2,
    patch_size_t=2,
    patch_bias=False,
    max_text_seq_length=5,
    use_rotary_positional_embeddings=True,
)
TRAINED = (30, 45)
GRIDS = [(2, 3, 5), (1, 6, 4), (3, 1, 2)]


def transformer() -> dict:
    torch.manual_seed(15)
    model = CogVideoXTransformer3DModel(**CONFIG).eval()
    for parameter in model.parameters():
        torch.nn.init.normal_(parameter, std=0.25)
    x = torch.randn(1, 4, 4, 4, 6)
    context = torch.randn(1, 5, 24)
    timestep = torch.tensor([500])
    rope = get_3d_rotary_pos_embed(16, None, (2, 3), 2, grid_type="slice", max_size=(150, 150))
    with torch.no_grad():
        y = model(x, context, timestep, image_rotary_emb=rope).sample
    tensors = {f"w.{name}": value for name, value in model.state_dict().items()}
    tensors |= {"in.x": x, "in.context": context, "in.t": timestep, "out.y": y}
    return tensors


def cogvideox_i2v(name: str, seed: int, rope, frames: int, **more) -> tuple:
    config = CONFIG | dict(in_channels=8) | more
    torch.manual_seed(seed)
    model = CogVideoXTransformer3DModel(**config).eval()
    for parameter in model.parameters():
        torch.nn.init.normal_(parameter, std=0.25)
    if config.get("use_learned_positional_embeddings"):
        torch.nn.init.normal_(model.patch_embed.pos_embedding, std=0.5)
    tensors = {key: value.half().float() for key, value in model.state_dict().items()}
    model.load_state_dict(tensors)
    x, image = torch.randn(1, frames, 4, 4, 6), torch.randn(1, frames, 4, 4, 6)
    context = torch.randn(1, 5, 24)
    timestep = torch.tensor([500])
    offset = torch.full((1,), 2.0) if "ofs_embed_dim" in config else None
    with torch.no_grad():
        y = model(torch.cat([x, image], dim=2), context, timestep, ofs=offset, image_rotary_emb=rope).sample
    stored = {f"w.{key}": value.half().contiguous() for key, value in tensors.items()}
    stored |= {"in.x": x, "in.context": context, "in.t": timestep, "out.y": y,
               "in.image_channels": image.transpose(1, 2).contiguous()}
    return stored, f"{name}.safetensors", {"config": json.dumps(config)}


def cogvideox_i2v_files() -> list:
    small = get_3d_rotary_pos_embed(16, ((0, 0), (2, 3)), (2, 3), 3)
    joined = get_3d_rotary_pos_embed(16, None, (2, 3), 2, grid_type="slice", max_size=(150, 150))
    return [
        cogvideox_i2v("cogvideox_i2v_diffusers", 17, small, 3, sample_width=6, sample_height=4, sample_frames=9,
                      patch_size_t=None, patch_bias=True, use_learned_positional_embeddings=True),
        cogvideox_i2v("cogvideox15_i2v_diffusers", 18, joined, 4, ofs_embed_dim=32),
    ]


LTX = dict(
    in_channels=8,
    out_channels=8,
    num_attention_heads=2,
    attention_head_dim=12,
    cross_attention_dim=24,
    num_layers=2,
    caption_channels=24,
)


def ltx_i2v() -> dict:
    torch.manual_seed(16)
    model = LTXVideoTransformer3DModel(**LTX).eval()
    for name, parameter in model.named_parameters():
        torch.nn.init.normal_(parameter, std=0.1 if "scale_shift_table" in name else 0.15)
        parameter.data = parameter.data.half().float()
    x = torch.randn(1, 12, 8)
    context = torch.randn(1, 5, 24)
    mask = torch.ones(1, 5, dtype=torch.int64)
    timesteps = torch.tensor([[0.0] * 6 + [700.0] * 6])
    with torch.no_grad():
        y = model(x, context, timesteps, mask, num_frames=2, height=2, width=3,
                  rope_interpolation_scale=(8 / 25, 32, 32)).sample
    tensors = {f"w.{name}": value.half() for name, value in model.state_dict().items()}
    return tensors | {"in.x": x, "in.context": context, "in.context_mask": mask, "in.t": timesteps, "out.y": y}


def causal(frames: int, rows: int, columns: int) -> torch.Tensor:
    ids = LTXConditionPipeline._prepare_video_ids(1, frames, rows, columns, 1, 1)
    coordinates = LTXConditionPipeline._scale_video_ids(ids, scale_factor=32, scale_factor_t=8).float()
    coordinates[:, 0] = coordinates[:, 0] / 25
    return coordinates


def ltx_rope(frames: int, rows: int, columns: int, coordinates) -> tuple:
    scale = (8 / 25, 32, 32)
    rope = LTXVideoRotaryPosEmbed(dim=64)
    return rope(torch.zeros(1), frames, rows, columns, rope_interpolation_scale=scale, video_coords=coordinates)


def positions() -> dict:
    tensors = {}
    for frames, rows, columns in GRIDS:
        name = f"{frames}x{rows}x{columns}"
        crop = get_resize_crop_region_for_grid((rows, columns), TRAINED[1], TRAINED[0])
        cos, sin = get_3d_rotary_pos_embed(16, crop, (rows, columns), frames)
        tensors[f"stretched.{name}.cos"] = cos[:, ::2].contiguous()
        tensors[f"stretched.{name}.sin"] = sin[:, ::2].contiguous()
        table = get_3d_sincos_pos_embed(32, (columns, rows), frames, 1.875, 1.0, output_type="pt")
        tensors[f"added.{name}"] = table.flatten(0, 1).float()
        space = get_2d_sincos_pos_embed(32, (rows, columns), base_size=32, interpolation_scale=1, output_type="pt")
        time = get_1d_sincos_pos_embed_from_grid(32, torch.arange(0, frames), output_type="pt")
        for kind, coordinates in (("ltx", None), ("causal", causal(frames, rows, columns))):
            cos, sin = ltx_rope(frames, rows, columns, coordinates)
            tensors[f"{kind}.{name}.cos"] = cos[0, :, ::2].contiguous()
            tensors[f"{kind}.{name}.sin"] = sin[0, :, ::2].contiguous()
        tensors[f"space.{name}"] = space.float()
        tensors[f"time.{name}"] = time.float()
    return tensors


def main(folder: str) -> None:
    torch.set_num_threads(1)
    out = pathlib.Path(folder)
    save_file(transformer(), out / "cogvideox15_diffusers.safetensors", {"config": json.dumps(CONFIG)})
    for tensors, name, metadata in cogvideox_i2v_files():
        save_file(tensors, out / name, metadata)
    save_file(ltx_i2v(), out / "ltx_i2v_diffusers.safetensors",
              {"config": json.dumps(LTX | dict(num_frames=2, height=2, width=3))})
    save_file(positions(), out / "positions.safetensors")


if __name__ == "__main__":
    main(sys.argv[1])
