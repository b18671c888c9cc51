"""Values of torchvision's resizing of float tensors without antialiasing, as VBench prepares frames (its load_video makes floats of bytes).

Usage: python tools/reference/vbench_resize.py > engines/src/test/resources/golden/vbench_resize.txt
torch 2.13; torchvision's resize of floats is this interpolation.
"""

import torch

g = torch.arange(5 * 7 * 3, dtype=torch.float32)
x = ((g * 37 + (g * g) * 11) % 256).reshape(5, 7, 3).permute(2, 0, 1)[None]
for mode, size in (("bilinear", (3, 4)), ("bicubic", (3, 4)), ("bilinear", (8, 11)), ("bicubic", (8, 11))):
    y = torch.nn.functional.interpolate(x, size=size, mode=mode, align_corners=False, antialias=False)
    print(mode.upper(), *size, *(f"{value:.4f}" for value in y[0].permute(1, 2, 0).reshape(-1).tolist()))
