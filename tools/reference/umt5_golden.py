"""Writes the golden file of the UMT5 encoder: a tiny random model run by Hugging Face's own class.

    pip install -r requirements.txt
    python umt5_golden.py ../../engines/src/test/resources/golden/umt5_encoder.safetensors

The embedding that the class uses is the tensor that is saved: transformers 5 gives `shared` and `encoder.embed_tokens`
random values of their own unless the weights are set through a state dict, as here.
"""

from __future__ import annotations

import json
import sys

import torch
from safetensors.torch import save_file
from transformers import UMT5Config, UMT5EncoderModel

CONFIG = {
    "vocab_size": 64,
    "d_model": 48,
    "d_kv": 12,
    "d_ff": 64,
    "num_layers": 3,
    "num_heads": 4,
    "feed_forward_proj": "gated-gelu",
    "dropout_rate": 0.0,
    "relative_attention_num_buckets": 32,
    "relative_attention_max_distance": 128,
}
IDS = [5, 9, 33, 2, 60, 17, 8, 8, 41, 63, 3, 20, 11, 50, 29, 7, 7, 44, 12, 1, 0, 0]
REAL = 20


def random_weights(model: UMT5EncoderModel) -> dict[str, torch.Tensor]:
    generator = torch.Generator().manual_seed(20261121)
    weights = {}
    for name, value in model.state_dict().items():
        if name == "encoder.embed_tokens.weight":
            continue
        noise = torch.randn(value.shape, generator=generator)
        if name.endswith("layer_norm.weight"):
            weights[name] = 1 + 0.1 * noise
        elif name.endswith("bias.weight"):
            weights[name] = 0.5 * noise
        elif name == "shared.weight":
            weights[name] = noise
        else:
            weights[name] = noise / value.shape[1] ** 0.5
    return weights


def main() -> None:
    model = UMT5EncoderModel(UMT5Config(**CONFIG)).eval()
    weights = random_weights(model)
    model.load_state_dict({**weights, "encoder.embed_tokens.weight": weights["shared.weight"]})
    ids = torch.tensor([IDS])
    mask = (torch.arange(len(IDS)) < REAL).long()[None]
    with torch.no_grad():
        out = model(input_ids=ids, attention_mask=mask).last_hidden_state
    tensors = {"w." + name: value for name, value in weights.items()}
    tensors |= {"in.ids": ids, "in.mask": mask, "out.y": out.contiguous()}
    save_file(tensors, sys.argv[1], metadata={"config": json.dumps(CONFIG)})


if __name__ == "__main__":
    main()
