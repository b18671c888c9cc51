"""Blocks of every GGUF type that is read, with the values that the `gguf` package (MIT, of llama.cpp) unpacks them to.

Writes golden/gguf_blocks.gguf and golden/gguf_blocks.safetensors. Blocks are random bytes with sane scales, so that
every bit of every field matters.

    python tools/reference/gguf_blocks.py engines/src/test/resources/golden
"""

import sys
from pathlib import Path

import gguf
import numpy as np
from safetensors.numpy import save_file

TYPES = ["F32", "F16", "BF16", "Q4_0", "Q4_1", "Q5_0", "Q5_1", "Q8_0", "Q2_K", "Q3_K", "Q4_K", "Q5_K", "Q6_K"]
# Where the F16 scales lie in a block.
HALVES = {
    "Q4_0": [0], "Q4_1": [0, 2], "Q5_0": [0], "Q5_1": [0, 2], "Q8_0": [0],
    "Q2_K": [80, 82], "Q3_K": [108], "Q4_K": [0, 2], "Q5_K": [0, 2], "Q6_K": [208],
}
ROWS, COLUMNS = 3, 512


def blocks(name, random):
    kind = gguf.GGMLQuantizationType[name]
    size, count = gguf.GGML_QUANT_SIZES[kind]
    data = random.integers(0, 256, (ROWS, COLUMNS // size, count), dtype=np.uint8)
    for offset in HALVES[name]:
        scales = random.uniform(-0.02, 0.02, data.shape[:2]).astype(np.float16)
        data[..., offset:offset + 2] = scales[..., None].view(np.uint8)
    return data.reshape(ROWS, -1), kind


def main(folder):
    random = np.random.default_rng(20)
    writer = gguf.GGUFWriter(folder / "gguf_blocks.gguf", "wan")
    writer.add_string("general.name", "every type that is read")
    writer.add_array("comfy.gguf.orig_shape.patch_embedding.weight", [2, 16, 1, 2, 4])
    expected = {}
    for name in TYPES:
        key = f"blocks.0.{name.lower()}.weight"
        if name in HALVES:
            data, kind = blocks(name, random)
            writer.add_tensor(key, data, raw_dtype=kind)
            expected[key] = gguf.quants.dequantize(data, kind).astype(np.float32)
            continue
        values = random.standard_normal((ROWS, COLUMNS)).astype(np.float32)
        kind = gguf.GGMLQuantizationType[name]
        data = gguf.quants.quantize(values, kind)
        writer.add_tensor(key, data, raw_dtype=kind)
        expected[key] = gguf.quants.dequantize(data, kind).astype(np.float32)
    flat = random.standard_normal((2, 16 * 2 * 4)).astype(np.float32)
    writer.add_tensor("patch_embedding.weight", flat)
    expected["patch_embedding.weight"] = flat.reshape(2, 16, 1, 2, 4)
    writer.write_header_to_file()
    writer.write_kv_data_to_file()
    writer.write_tensors_to_file()
    writer.close()
    save_file(expected, folder / "gguf_blocks.safetensors")


if __name__ == "__main__":
    main(Path(sys.argv[1]))
