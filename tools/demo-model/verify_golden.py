"""Checks the three modules against golden files made by the original classes (maximum absolute difference 1e-4)."""

from __future__ import annotations

import argparse
import json
import pathlib

import torch
from safetensors import safe_open

from taehv import Decoder
from umt5 import UMT5Encoder
from wan import WanModel


def load(path: pathlib.Path) -> tuple[dict, dict, dict]:
    with safe_open(path, "pt") as file:
        tensors = {key: file.get_tensor(key) for key in file.keys()}
        config = json.loads(file.metadata()["config"])
    weights = {key[2:]: value for key, value in tensors.items() if key.startswith("w.")}
    return config, weights, tensors


def wan(path: pathlib.Path) -> float:
    config, weights, tensors = load(path)
    model = WanModel(
        config["dim"], config["ffn_dim"], config["num_heads"], config["num_layers"], config["in_dim"], config["text_dim"]
    )
    model.load_state_dict(weights)
    return (model(tensors["in.x"], tensors["in.t"], tensors["in.context"]) - tensors["out.y"]).abs().max().item()


def umt5(path: pathlib.Path) -> float:
    config, weights, tensors = load(path)
    model = UMT5Encoder(
        config["vocab_size"], config["d_model"], config["num_heads"], config["d_kv"], config["d_ff"], config["num_layers"]
    )
    model.load_state_dict(weights)
    real = tensors["in.mask"].bool()[..., None]
    return ((model(tensors["in.ids"]) - tensors["out.y"]) * real).abs().max().item()


def taehv(path: pathlib.Path) -> float:
    config, weights, tensors = load(path)
    model = Decoder(tuple(config["n_f"]), config["latent"])
    model.load_state_dict(weights)
    z = tensors["in.z_ntchw"].permute(0, 2, 1, 3, 4)
    return max(
        (model.raw(z) - tensors["out.raw_ntchw"]).abs().max().item(), (model(z) - tensors["out.y_ntchw"]).abs().max().item()
    )


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--golden", type=pathlib.Path, required=True, help="folder of the golden files")
    folder = parser.parse_args().golden
    torch.set_grad_enabled(False)
    checks = {"wan_t2v_comfy": wan, "umt5_encoder": umt5, "taehv_narrow_dec": taehv}
    errors = {n: check(folder / f"{n}.safetensors") for n, check in checks.items() if (folder / f"{n}.safetensors").exists()}
    if not errors:
        raise SystemExit(f"{folder} holds none of {', '.join(f'{name}.safetensors' for name in checks)}")
    for name, error in errors.items():
        print(f"{name}: max abs difference {error:.2e}")
    if max(errors.values()) > 1e-4:
        raise SystemExit("golden files differ by more than 1e-4")


if __name__ == "__main__":
    main()
