"""Writes the table from which `quantreel synth --tiny` makes text encoders and VAEs.

The names are those of the golden files (which diffusers and transformers wrote), and of the same models in the layouts of
their authors; the widths are tiny. One section per file: `[folder/name ...] metadata`, then `name shape`, with `{0-2}` for
numbers.

    pip install -r requirements.txt
    python tiny_parts.py ../../engines/src/test/resources/golden ../../engines/src/main/resources/dev/quantreel/engines/synth
"""

from __future__ import annotations

import itertools
import json
import re
import sys
from pathlib import Path
from typing import Callable

from safetensors import safe_open

Shapes = dict[str, tuple[int, ...]]
NUMBER = re.compile(r"(?<=\.)\d+(?=\.)")


def wan(name: str) -> str:
    """Wan 2.1's own name of a tensor, from that of diffusers (convert_wan_to_diffusers.py, backwards)."""
    name = re.sub(
        r"^decoder\.up_blocks\.(\d+)\.resnets\.(\d+)", lambda m: f"decoder.upsamples.{4 * int(m[1]) + int(m[2])}", name
    )
    name = re.sub(r"^decoder\.up_blocks\.(\d+)\.upsamplers\.0", lambda m: f"decoder.upsamples.{4 * int(m[1]) + 3}", name)
    return wan_layers(name.replace("encoder.down_blocks", "encoder.downsamples"))


def wan22(name: str) -> str:
    """The same of Wan 2.2, whose blocks are nested."""
    name = re.sub(r"^decoder\.up_blocks\.(\d+)\.resnets\.(\d+)", r"decoder.upsamples.\1.upsamples.\2", name)
    name = re.sub(r"^decoder\.up_blocks\.(\d+)\.upsampler", r"decoder.upsamples.\1.upsamples.3", name)
    name = re.sub(r"^encoder\.down_blocks\.(\d+)\.resnets\.(\d+)", r"encoder.downsamples.\1.downsamples.\2", name)
    name = re.sub(r"^encoder\.down_blocks\.(\d+)\.downsampler", r"encoder.downsamples.\1.downsamples.2", name)
    return wan_layers(name)


def wan_layers(name: str) -> str:
    for pattern, own in (
        (r"^post_quant_conv", "conv2"),
        (r"^quant_conv", "conv1"),
        (r"\.mid_block\.resnets\.0", ".middle.0"),
        (r"\.mid_block\.attentions\.0", ".middle.1"),
        (r"\.mid_block\.resnets\.1", ".middle.2"),
        (r"\.norm_out", ".head.0"),
        (r"\.conv_out", ".head.2"),
        (r"\.norm1\.", ".residual.0."),
        (r"\.conv1\.", ".residual.2."),
        (r"\.norm2\.", ".residual.3."),
        (r"\.conv2\.", ".residual.6."),
        (r"\.conv_shortcut", ".shortcut"),
        (r"\.conv_in", ".conv1"),
    ):
        name = re.sub(pattern, own, name)
    return name


def latent_diffusion(name: str) -> str:
    """The name in the latent diffusion repository, which counts blocks from the last."""
    name = re.sub(r"up_blocks\.(\d+)\.", lambda m: f"up.{3 - int(m[1])}.", name)
    for theirs, own in (
        (".resnets.", ".block."),
        (".upsamplers.0.conv", ".upsample.conv"),
        ("mid_block.block.0", "mid.block_1"),
        ("mid_block.block.1", "mid.block_2"),
        ("mid_block.attentions.0.group_norm", "mid.attn_1.norm"),
        ("mid_block.attentions.0.to_out.0", "mid.attn_1.proj_out"),
        ("mid_block.attentions.0.to_", "mid.attn_1."),
        ("conv_shortcut", "nin_shortcut"),
        ("conv_norm_out", "norm_out"),
    ):
        name = name.replace(theirs, own)
    return name


def channels(names: dict[str, tuple[int, ...]]) -> Callable[[Shapes], Shapes]:
    """Gives a golden file the latent channels of the real model."""
    return lambda shapes: {**shapes, **{name: shape for name, shape in names.items() if name in shapes}}


HUNYUAN = {"decoder.conv_in.conv.weight": (8, 16, 3, 3, 3), "post_quant_conv.weight": (16, 16, 1, 1, 1), "post_quant_conv.bias": (16,)}
LTX = {"decoder.conv_in.conv.weight": (12, 128, 3, 3, 3), "latents_mean": (128,), "latents_std": (128,)}
CLIP = {"text_model.embeddings.position_embedding.weight": (77, 48)}


def renamed(name: Callable[[str], str]) -> Callable[[Shapes], Shapes]:
    return lambda shapes: {name(key): shape for key, shape in shapes.items()}


def same(shapes: Shapes) -> Shapes:
    return shapes


PARTS: list[tuple[str, str, Callable[[Shapes], Shapes]]] = [
    ("text_encoders/umt5_xxl_fp16", "umt5_encoder", same),
    ("text_encoders/t5xxl_fp16", "t5_encoder", same),
    ("text_encoders/clip_l", "clip_l", channels(CLIP)),
    ("text_encoders/llava_llama3_fp16", "llama", same),
    ("text_encoders/qwen_2.5_vl_7b", "qwen25", same),
    ("text_encoders/byt5_small_glyphxl_fp16", "byt5_encoder", same),
    ("clip_vision/clip_vision_h", "clip_vision", same),
    ("vae/wan_2.1_vae", "wan21_vae_diffusers", renamed(wan)),
    ("vae/wan_2.1_vae_diffusers", "wan21_vae_diffusers", same),
    ("vae/wan2.2_vae", "wan22_vae_diffusers", renamed(wan22)),
    ("vae/wan2.2_vae_diffusers", "wan22_vae_diffusers", same),
    ("vae/hunyuan_video_vae_bf16", "hunyuan_vae_dec", channels(HUNYUAN)),
    ("vae/ltx_video_vae_diffusers", "ltx_vae_diffusers", channels(LTX)),
    ("vae/vae-ft-mse-840000-ema-pruned", "sd_vae_diffusers", renamed(latent_diffusion)),
    ("vae/sd_vae_ft_mse_diffusers", "sd_vae_diffusers", same),
    # Of 16 channels the file name alone tells whose latents it decodes.
    ("vae_approx/taew2_1 vae_approx/taehv vae_approx/taecvx", "taehv_narrow_dec", same),
    ("vae_approx/taew2_2", "taehv_wan22", same),
    ("vae_approx/taehv1_5", "taehv_hunyuan15", same),
]
CONFIG = ("num_attention_heads", "num_key_value_heads", "norm_num_groups", "hidden_act")


def patterns(shapes: Shapes) -> list[str]:
    """Lines; tensors that differ by numbers alone share one where every combination of the numbers is there."""
    groups: dict[tuple[str, tuple[int, ...]], list[tuple[int, ...]]] = {}
    for name, shape in shapes.items():
        numbers = tuple(map(int, NUMBER.findall(name)))
        groups.setdefault((NUMBER.sub("#", name), shape), []).append(numbers)
    lines = []
    for (template, shape), numbers in groups.items():
        columns = list(zip(*numbers))
        ranges = [range(min(column), max(column) + 1) for column in columns]
        whole = set(itertools.product(*ranges)) == set(numbers)
        for choice in [ranges] if whole else [[range(n, n + 1) for n in one] for one in numbers]:
            words = iter(str(r[0]) if len(r) == 1 else f"{{{r[0]}-{r[-1]}}}" for r in choice)
            lines.append(f"{re.sub('#', lambda _: next(words), template)} {'x'.join(map(str, shape))}")
    return lines


def main() -> None:
    golden, target = Path(sys.argv[1]), Path(sys.argv[2])
    lines = ["# Made by tools/reference/tiny_parts.py: the tensors of tiny text encoders and VAEs."]
    for files, source, change in PARTS:
        with safe_open(golden / f"{source}.safetensors", "np") as stored:
            shapes = {k[2:]: tuple(stored.get_slice(k).get_shape()) for k in stored.keys() if k.startswith("w.")}
            config = json.loads((stored.metadata() or {}).get("config", "{}"))
        kept = {name: config[name] for name in CONFIG if name in config}
        lines.append(f"[{files}] {json.dumps(kept)}")
        lines.extend(patterns(change(shapes)))
    (target / "tiny-parts.txt").write_text("\n".join(lines) + "\n")


if __name__ == "__main__":
    main()
