"""Writes the golden files of T5, ByT5 and Qwen2.5's language model: tiny random models run by Hugging Face's classes.

    pip install -r requirements.txt
    python text_encoders_golden.py ../../engines/src/test/resources/golden

Every weight that a class uses is set through a state dict, see umt5_golden.py. The tokens of ByT5 come from Hugging
Face's own byte tokenizer.
"""

from __future__ import annotations

import json
import sys
from pathlib import Path

import torch
from safetensors.torch import save_file
from transformers import ByT5Tokenizer, Qwen2_5_VLTextConfig, Qwen2_5_VLTextModel, T5Config, T5EncoderModel

T5 = {
    "vocab_size": 64, "d_model": 48, "d_kv": 12, "d_ff": 64, "num_layers": 3, "num_heads": 4,
    "feed_forward_proj": "gated-gelu", "dropout_rate": 0.0,
    "relative_attention_num_buckets": 32, "relative_attention_max_distance": 128,
}
BYT5 = T5 | {"vocab_size": 384, "d_model": 32, "d_kv": 8, "num_layers": 2}
QWEN = {
    "vocab_size": 64, "hidden_size": 48, "intermediate_size": 80, "num_hidden_layers": 4, "num_attention_heads": 4,
    "num_key_value_heads": 2, "rms_norm_eps": 1e-6, "rope_theta": 1e6, "max_position_embeddings": 64,
}
T5_IDS = [5, 9, 33, 2, 60, 17, 8, 8, 41, 63, 3, 20, 11, 50, 29, 7, 7, 44, 12, 1, 0, 0]
T5_REAL = 20
GLYPHS = 'Text "OPEN 24h". Text "café 开". '
QWEN_IDS = [5, 9, 33, 2, 60, 17, 8, 8, 41, 63, 3]


def random_weights(model: torch.nn.Module, seed: int) -> dict[str, torch.Tensor]:
    generator = torch.Generator().manual_seed(seed)
    weights = {}
    for name, value in model.state_dict().items():
        noise = torch.randn(value.shape, generator=generator)
        if "norm" in name:
            weights[name] = 1 + 0.1 * noise
        elif name.endswith("bias") or "attention_bias" in name:
            weights[name] = 0.5 * noise
        elif "embed" in name or name == "shared.weight":
            weights[name] = noise
        else:
            weights[name] = noise / value.shape[1] ** 0.5
    if "shared.weight" in weights:
        weights["encoder.embed_tokens.weight"] = weights["shared.weight"]
    return weights


def save(path: Path, weights: dict[str, torch.Tensor], values: dict[str, torch.Tensor], config: dict) -> None:
    stored = {"w." + name: value for name, value in weights.items() if name != "encoder.embed_tokens.weight"}
    tensors = stored | {name: value.contiguous() for name, value in values.items()}
    save_file(tensors, path, metadata={"config": json.dumps(config)})


def t5(path: Path, config: dict, ids: list[int], real: int, seed: int, extra: dict[str, torch.Tensor]) -> None:
    model = T5EncoderModel(T5Config(**config)).eval()
    weights = random_weights(model, seed)
    model.load_state_dict(weights)
    tokens = torch.tensor([ids])
    mask = (torch.arange(len(ids)) < real).long()[None]
    with torch.no_grad():
        out = model(input_ids=tokens, attention_mask=mask).last_hidden_state
    save(path, weights, {"in.ids": tokens, "in.mask": mask, "out.y": out} | extra, config)


def qwen(path: Path) -> None:
    config = Qwen2_5_VLTextConfig(
        **{key: value for key, value in QWEN.items() if key != "rope_theta"},
        rope_parameters={"rope_type": "default", "rope_theta": QWEN["rope_theta"], "mrope_section": [2, 2, 2]},
        use_sliding_window=False)
    model = Qwen2_5_VLTextModel(config).eval()
    weights = random_weights(model, 20261123)
    model.load_state_dict(weights)
    tokens = torch.tensor([QWEN_IDS])
    with torch.no_grad():
        hidden = model(input_ids=tokens, output_hidden_states=True).hidden_states[-3]
    on_disk = {"model." + name: value for name, value in weights.items()}
    save(path, on_disk, {"in.ids": tokens, "out.hidden_m3": hidden}, QWEN)


def main() -> None:
    folder = Path(sys.argv[1])
    t5(folder / "t5_encoder.safetensors", T5, T5_IDS, T5_REAL, 20261121, {})
    glyphs = ByT5Tokenizer()(GLYPHS).input_ids
    text = torch.tensor(list(GLYPHS.encode()), dtype=torch.uint8)
    t5(folder / "byt5_encoder.safetensors", BYT5, glyphs + [0, 0], len(glyphs), 20261122, {"in.text": text})
    qwen(folder / "qwen25.safetensors")


if __name__ == "__main__":
    main()
