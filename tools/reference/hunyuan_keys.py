"""Writes the tensors that diffusers' HunyuanVideo transformers have at their real sizes.

One pattern per line: name and shape, with `{0-19}` for the numbers of blocks. No weights are made.

    pip install -r requirements.txt
    python hunyuan_keys.py ../../engines/src/test/resources/keys
"""

from __future__ import annotations

import re
import sys
from pathlib import Path

import torch
from diffusers import HunyuanVideo15Transformer3DModel, HunyuanVideoTransformer3DModel

MODELS = {
    "hunyuan-video-diffusers": HunyuanVideoTransformer3DModel,
    "hunyuan-video-15-diffusers": HunyuanVideo15Transformer3DModel,
}
BLOCK = re.compile(r"^(.*?blocks\.)(\d+)(\..*)$")


def patterns(model: torch.nn.Module) -> list[str]:
    counts: dict[str, int] = {}
    for name, value in model.state_dict().items():
        shape = "x".join(map(str, value.shape))
        block = BLOCK.match(name)
        key = f"{block[1]}{{}}{block[3]} {shape}" if block else f"{name} {shape}"
        counts[key] = counts.get(key, 0) + 1
    return [key.replace("{}", f"{{0-{count - 1}}}") for key, count in counts.items()]


def main() -> None:
    folder = Path(sys.argv[1])
    with torch.device("meta"):
        for name, model in MODELS.items():
            (folder / f"{name}.txt").write_text("\n".join(patterns(model())) + "\n")


if __name__ == "__main__":
    main()
