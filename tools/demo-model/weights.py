"""Reads and writes the three shipped files (bfloat16, ComfyUI's folder names) and the training checkpoints."""

from __future__ import annotations

import dataclasses
import json
import pathlib

import torch
from safetensors import safe_open
from safetensors.torch import save_file

import data
import latents
from sample import CFG, SHIFT, STEPS
from taehv import TRIM, Decoder
from umt5 import TEXT_LENGTH, UMT5Encoder, tokenizer_json
from wan import WanModel

DIT = "diffusion_models/quantreel_demo_dit_bf16.safetensors"
TEXT = "text_encoders/quantreel_demo_umt5_bf16.safetensors"
VAE = "vae/quantreel_demo_taehv_bf16.safetensors"

COMMON = {
    "format": "pt",
    "license": "Apache-2.0",
    "author": "the Quantreel authors",
    "source": "trained from scratch on synthetic clips, see tools/demo-model",
}


@dataclasses.dataclass
class Models:
    """The three networks in float32, ready to run."""

    dit: WanModel
    text: UMT5Encoder
    vae: Decoder


def dit_config(dit: WanModel) -> dict:
    """Field names of diffusers, followed by Wan's own for the same values."""
    ffn_dim = dit.blocks[0].ffn[0].out_features
    text_dim = dit.text_embedding[0].in_features
    return {
        "_class_name": "WanTransformer3DModel",
        "patch_size": [1, 2, 2],
        "num_attention_heads": dit.heads,
        "attention_head_dim": dit.dim // dit.heads,
        "in_channels": dit.channels,
        "out_channels": dit.channels,
        "text_dim": text_dim,
        "freq_dim": dit.freq_dim,
        "ffn_dim": ffn_dim,
        "num_layers": len(dit.blocks),
        "cross_attn_norm": True,
        "qk_norm": "rms_norm_across_heads",
        "eps": 1e-6,
        "dim": dit.dim,
        "num_heads": dit.heads,
        "in_dim": dit.channels,
        "out_dim": dit.channels,
        "text_len": TEXT_LENGTH,
    }


def sampling() -> dict:
    """The settings the figures were measured with."""
    return {
        "sampler": "euler",
        "steps": STEPS,
        "cfg": CFG,
        "shift": SHIFT,
        "width": data.SIZE_PIXELS,
        "height": data.SIZE_PIXELS,
        "frames": data.FRAMES,
        "latent_frames": latents.LATENT_FRAMES,
        "fps": 8,
        "caption": "a {size} {colour} {shape} moving {direction} on a {background} background",
        "sizes": list(data.SIZES),
        "colours": list(data.COLOURS),
        "shapes": list(data.SHAPES),
        "directions": list(data.DIRECTIONS),
        "backgrounds": list(data.BACKGROUNDS),
    }


def text_config(text: UMT5Encoder) -> dict:
    block = text.encoder["block"][0]["layer"]
    return {
        "_class_name": "UMT5EncoderModel",
        "vocab_size": text.shared.num_embeddings,
        "d_model": text.shared.embedding_dim,
        "d_kv": text.kv_dim,
        "d_ff": block[1]["DenseReluDense"]["wi_0"].out_features,
        "num_layers": len(text.encoder["block"]),
        "num_heads": text.heads,
        "feed_forward_proj": "gated-gelu",
        "relative_attention_num_buckets": 32,
        "relative_attention_max_distance": 128,
        "layer_norm_epsilon": 1e-6,
        "text_len": TEXT_LENGTH,
        "pad_token_id": 0,
        "eos_token_id": 1,
    }


def vae_config(vae: Decoder) -> dict:
    convolutions = [vae.decoder[i] for i in (1, 8, 14, 20)]
    return {
        "n_f": [c.out_channels for c in convolutions],
        "latent": convolutions[0].in_channels,
        "time_up": [1, 2, 2],
        "trim": TRIM,
    }


def save(models: Models, folder: pathlib.Path, note: dict[str, str]) -> None:
    """Writes the three files below `folder`; `note` becomes metadata of each."""

    def write(name: str, tensors: dict[str, torch.Tensor], metadata: dict[str, str]) -> None:
        path = folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        save_file(tensors, path, COMMON | metadata | note)

    def rounded(module: torch.nn.Module) -> dict[str, torch.Tensor]:
        return {key: value.to(torch.bfloat16).contiguous() for key, value in module.state_dict().items()}

    write(DIT, rounded(models.dit), {"config": json.dumps(dit_config(models.dit)), "sampling": json.dumps(sampling())})
    tokenizer = json.dumps(tokenizer_json(), separators=(",", ":")).encode()
    words = {"tokenizer_json": torch.frombuffer(bytearray(tokenizer), dtype=torch.uint8)}
    write(TEXT, rounded(models.text) | words, {"config": json.dumps(text_config(models.text))})
    write(VAE, rounded(models.vae), {"config": json.dumps(vae_config(models.vae))})


def load(folder: pathlib.Path) -> Models:
    """Reads the three files; the rounded weights run in float32."""

    def read(name: str) -> tuple[dict, dict[str, torch.Tensor]]:
        with safe_open(folder / name, "pt") as file:
            config = json.loads(file.metadata()["config"])
            return config, {key: file.get_tensor(key).float() for key in file.keys() if key != "tokenizer_json"}

    c, weights = read(DIT)
    dit = WanModel(c["dim"], c["ffn_dim"], c["num_heads"], c["num_layers"], c["in_dim"], c["text_dim"], c["freq_dim"])
    dit.load_state_dict(weights)
    c, weights = read(TEXT)
    text = UMT5Encoder(c["vocab_size"], c["d_model"], c["num_heads"], c["d_kv"], c["d_ff"], c["num_layers"])
    text.load_state_dict(weights)
    c, weights = read(VAE)
    vae = Decoder(tuple(c["n_f"]), c["latent"])
    vae.load_state_dict(weights)
    return Models(dit.eval(), text.eval(), vae.eval())


def from_run(run: pathlib.Path) -> tuple[Models, dict[str, str]]:
    """The averaged weights of a training folder, and what to note about them."""
    dit_state, vae_state = torch.load(run / "dit.pt"), torch.load(run / "vae.pt")

    def part(prefix: str) -> dict[str, torch.Tensor]:
        return {key[len(prefix) :]: value for key, value in dit_state["ema"].items() if key.startswith(prefix)}

    weights = part("dit.")
    layers = 1 + max(int(key.split(".")[1]) for key in weights if key.startswith("blocks."))
    models = Models(WanModel(num_layers=layers), UMT5Encoder(), Decoder())
    models.dit.load_state_dict(weights)
    models.text.load_state_dict(part("text."))
    models.vae.load_state_dict(vae_state["ema"])
    note = {
        "dit_steps": str(dit_state["step"]),
        "dit_cpu_seconds": f"{dit_state['cpu_seconds']:.0f}",
        "vae_steps": str(vae_state["step"]),
        "vae_cpu_seconds": f"{vae_state['cpu_seconds']:.0f}",
    }
    return models, note
