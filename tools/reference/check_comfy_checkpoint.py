"""Checks a `comfy_quant` file against the checkpoint it was made from, without any code of this project.

Every quantized layer is decoded by the published formula (W = rotate(q * scale), ConvRot's regular Hadamard matrix) in
float64 and compared with the source: same tensors, same shapes, error within what the bits allow; every other tensor must
be equal. Optionally the weights that Quantreel itself decodes are compared with the formula too:

    quantreel convert SOURCE.safetensors --format convrot_w4a4 --out QUANTIZED.safetensors
    quantreel convert QUANTIZED.safetensors --format fp32 --out DECODED.safetensors
    python tools/reference/check_comfy_checkpoint.py SOURCE.safetensors QUANTIZED.safetensors [DECODED.safetensors]

With torch and comfy-kitchen (ComfyUI's own kernels; made with 0.2.40) installed, its decoder is compared as well.
"""

import json
import sys

import numpy as np
from safetensors import safe_open

H4 = np.array([[1, 1, 1, -1], [1, 1, -1, 1], [1, -1, 1, 1], [-1, 1, 1, 1]], dtype=np.float64)
# Relative error of the best uniform grid on a Gaussian: 0.11 for 15 levels, 0.007 for 255 (range of the largest weight).
LIMITS = {"convrot_w4a4": 0.20, "int8_tensorwise": 0.03}


def numbers(raw, name):
    """A float tensor as float64; safetensors' numpy binding has no bf16."""
    info = raw.header[name]
    begin, end = info["data_offsets"]
    data = raw.buffer[begin:end]
    kind = info["dtype"]
    if kind == "BF16":
        values = (np.frombuffer(data, np.uint16).astype(np.uint32) << 16).view(np.float32)
    else:
        values = np.frombuffer(data, {"F32": np.float32, "F16": np.float16, "F64": np.float64, "I8": np.int8,
                                      "U8": np.uint8}[kind])
    return values.reshape(info["shape"]).astype(np.float64)


class Raw:
    """Header and bytes of a safetensors file."""

    def __init__(self, path):
        with safe_open(path, "np") as checked:  # the reference reader must accept the file as well
            names = set(checked.keys())
        file = np.memmap(path, np.uint8, "r")
        length = int(file[:8].view(np.uint64)[0])
        self.header = json.loads(bytes(file[8:8 + length]))
        self.metadata = self.header.pop("__metadata__", {})
        self.buffer = file[8 + length:]
        assert names == set(self.header), "the reference reader sees other tensors"

    def text(self, name):
        begin, end = self.header[name]["data_offsets"]
        return bytes(self.buffer[begin:end]).decode()


def hadamard(size):
    matrix = H4
    while len(matrix) < size:
        matrix = np.kron(matrix, H4)
    assert len(matrix) == size, f"{size} is no power of 4"
    return matrix / np.sqrt(size)


def decode(raw, layer):
    config = json.loads(raw.text(f"{layer}.comfy_quant"))
    codes = numbers(raw, f"{layer}.weight")
    assert raw.header[f"{layer}.weight"]["dtype"] == "I8", layer
    if config["format"] == "convrot_w4a4":
        packed = codes.astype(np.int64) & 0xFF
        nibbles = np.stack([packed & 0xF, packed >> 4], axis=-1).reshape(len(packed), -1)
        codes = np.where(nibbles > 7, nibbles - 16, nibbles).astype(np.float64)
        assert abs(codes).max() <= 7, layer
    scale = numbers(raw, f"{layer}.weight_scale").reshape(-1, 1)
    weights = codes * scale
    if config["format"] == "convrot_w4a4" or config.get("convrot"):
        group = config["convrot_groupsize"]
        rows, columns = weights.shape
        weights = (weights.reshape(rows, columns // group, group) @ hadamard(group)).reshape(rows, columns)
    return config["format"], weights


def kitchen(quantized, layers):
    """What ComfyUI's own library makes of the layers."""
    try:
        import torch
        from comfy_kitchen.backends.eager.convrot_w4a4 import dequantize_convrot_w4a4_weight
        from comfy_kitchen.tensor import TensorWiseINT8Layout
    except ImportError:
        print("comfy-kitchen is not installed; its decoder was not compared")
        return
    worst = 0.0
    for layer in layers:
        config = json.loads(quantized.text(f"{layer}.comfy_quant"))
        codes = torch.from_numpy(numbers(quantized, f"{layer}.weight").astype(np.int8))
        scale = torch.from_numpy(numbers(quantized, f"{layer}.weight_scale").astype(np.float32))
        group = config.get("convrot_groupsize", 256)
        if config["format"] == "convrot_w4a4":
            theirs = dequantize_convrot_w4a4_weight(codes, scale, convrot_groupsize=group)
        else:
            theirs = TensorWiseINT8Layout.dequantize(codes, TensorWiseINT8Layout.Params(
                scale=scale, orig_dtype=torch.float32, orig_shape=tuple(codes.shape),
                convrot=config.get("convrot", False), convrot_groupsize=group))
        weights = decode(quantized, layer)[1]
        worst = max(worst, abs(theirs.numpy() - weights).max() / abs(weights).max())
    print(f"comfy-kitchen against the formula: {worst:.2e} of the largest weight")
    assert worst < 1e-5, "ComfyUI would decode other weights"


def main(source_path, quantized_path, decoded_path=None):
    source, quantized = Raw(source_path), Raw(quantized_path)
    decoded = Raw(decoded_path) if decoded_path else None
    layers = [name[:-len(".comfy_quant")] for name in quantized.header if name.endswith(".comfy_quant")]
    helpers = {f"{layer}.{part}" for layer in layers for part in ("weight_scale", "comfy_quant")}
    assert set(quantized.header) - helpers == set(source.header), "not the tensors of the source"
    listed = json.loads(quantized.metadata["_quantization_metadata"])["layers"]
    assert set(listed) == set(layers), "metadata lists other layers"
    worst, worst_decoded, total, energy = (0, ""), 0.0, 0.0, 0.0
    for layer in layers:
        kind, weights = decode(quantized, layer)
        expected = numbers(source, f"{layer}.weight")
        error = np.linalg.norm(weights - expected) / np.linalg.norm(expected)
        assert error < LIMITS[kind], f"{layer}: relative error {error:.4f}"
        worst = max(worst, (error, layer))
        total += ((weights - expected) ** 2).sum()
        energy += (expected ** 2).sum()
        if decoded:
            own = numbers(decoded, f"{layer}.weight")
            worst_decoded = max(worst_decoded, abs(own - weights).max() / abs(weights).max())
    kept = 0
    for name in set(source.header) - {f"{layer}.weight" for layer in layers}:
        same = source.header[name]["dtype"] == quantized.header[name]["dtype"] and np.array_equal(
            numbers(source, name), numbers(quantized, name))
        assert same, f"{name} is not kept as it was"
        kept += 1
    print(f"{len(layers)} layers: relative error {np.sqrt(total / energy):.5f}, worst {worst[0]:.5f} ({worst[1]})")
    print(f"{kept} tensors equal to the source")
    if decoded:
        print(f"own decoder against the formula: {worst_decoded:.2e} of the largest weight")
        assert worst_decoded < 1e-5, "the decoder differs from the formula"
    kitchen(quantized, layers)


if __name__ == "__main__":
    main(*sys.argv[1:])
