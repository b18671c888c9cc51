"""Writes vbench_scores.safetensors: clips, small random networks, and what VBench's own functions make of them.

    pip install --no-deps vbench==0.1.5 torchvision==0.28.0 opencv-python-headless imageio omegaconf antlr4-python3-runtime==4.9.3 decord tqdm pyyaml
    python vbench_scores.py ../../engines/src/test/resources/golden

The networks stand in for DINO, CLIP, LAION's head, MUSIQ and AMT-S: what is held against VBench is everything around them. Each is a convolution,
ReLU, the mean over the picture, and where scores are wanted a linear layer; the one in AMT-S's place is the mean of both frames and a
convolution of them. VBench runs on its own code but for two things: clips are handed over as frames instead of being read from an mp4 file, as floats as its
load_video makes them, and modules that only load the real networks (clip, pyiqa) are empty.

With --amt FILE it also writes AMT-S itself as VBench builds it, with random weights, as ONNX, and prints its score of every clip: what a user's
export of the real weights looks like.
"""

from __future__ import annotations

import sys
import tempfile
import types
from pathlib import Path

import cv2
import numpy as np
import torch
from safetensors.torch import save_file

for absent, name in (("clip", None), ("pyiqa", None), ("pyiqa.archs", None), ("pyiqa.archs.musiq_arch", "MUSIQ")):
    sys.modules[absent] = types.ModuleType(absent)
    if name:
        setattr(sys.modules[absent], name, None)

import vbench.aesthetic_quality
import vbench.background_consistency
import vbench.imaging_quality
import vbench.motion_smoothness
import vbench.subject_consistency
import vbench.temporal_flickering

# Frames, rows, columns: as decoded; wide with a longer side above 512; high, an even number of frames.
CLIPS = ((7, 40, 52), (3, 20, 523), (6, 45, 33))


def clip(seed: int, frames: int, height: int, width: int) -> np.ndarray:
    rng = np.random.default_rng(seed)
    t, y, x, c = np.meshgrid(*(np.arange(n) for n in (frames, height, width, 3)), indexing="ij")
    smooth = 127 + 60 * np.sin(1.1 * t + 2 * c) + 50 * np.sin(0.21 * x + 0.5 * t + c) * np.cos(0.17 * y - 0.3 * t)
    smooth += 15 * rng.standard_normal(t.shape)
    return smooth.clip(0, 255).astype(np.uint8)


class Features(torch.nn.Module):
    """In the places of DINO and of CLIP's pictures."""

    def __init__(self, kernel: int, out: int):
        super().__init__()
        self.conv = torch.nn.Conv2d(3, out, kernel, kernel // 2)

    def forward(self, x):
        return torch.relu(self.conv(x)).mean((2, 3))

    encode_image = forward


class Score(Features):
    """In the place of MUSIQ."""

    def __init__(self):
        super().__init__(8, 6)
        self.linear = torch.nn.Linear(6, 1)

    def forward(self, x):
        return self.linear(super().forward(x))


class Halfway(torch.nn.Module):
    """In the place of AMT-S, with its call."""

    def __init__(self):
        super().__init__()
        self.conv = torch.nn.Conv2d(6, 3, 3, padding=1)

    def forward(self, img0, img1, embt, scale_factor=1.0, eval=False):
        assert scale_factor == 1.0 and eval and embt.item() == 0.5
        pair = torch.cat([img0, img1], 1)
        return {"imgt_pred": ((img0 + img1) / 2 + self.conv(pair)).clamp(0, 1)}


def randomized(model: torch.nn.Module, seed: int, scale: float = 1.0) -> torch.nn.Module:
    generator = torch.Generator().manual_seed(seed)
    state = {}
    for name, value in model.state_dict().items():
        fan_in = value[0].numel() if value.dim() > 1 else 100
        state[name] = scale * torch.randn(value.shape, generator=generator) / fan_in**0.5
    model.load_state_dict(state)
    return model.eval()


def motion(model: torch.nn.Module, frames: np.ndarray) -> float:
    smoothness = vbench.motion_smoothness.MotionSmoothness.__new__(vbench.motion_smoothness.MotionSmoothness)
    smoothness.device, smoothness.model, smoothness.niters = "cpu", model, 1
    smoothness.initialization()
    with tempfile.TemporaryDirectory() as folder:
        for i, frame in enumerate(frames):
            cv2.imwrite(f"{folder}/{i:04d}.png", cv2.cvtColor(frame, cv2.COLOR_RGB2BGR))
        return float(smoothness.motion_score(folder))


def scores(networks: dict[str, torch.nn.Module], frames: np.ndarray) -> dict[str, float]:
    for module in (vbench.subject_consistency, vbench.background_consistency, vbench.aesthetic_quality, vbench.imaging_quality):
        module.load_video = lambda path: torch.Tensor(frames).permute(0, 3, 1, 2)
    vbench.temporal_flickering.get_frames = lambda path: list(frames)
    videos, device = ["clip.mp4"], "cpu"
    return {
        "subject_consistency": vbench.subject_consistency.subject_consistency(networks["dino"], videos, device, False)[0],
        "background_consistency":
            vbench.background_consistency.background_consistency(networks["clip"], None, videos, device, False)[0],
        "aesthetic_quality":
            vbench.aesthetic_quality.laion_aesthetic(networks["head"], networks["large"], videos, device)[0],
        "imaging_quality": vbench.imaging_quality.technical_quality(networks["musiq"], videos, device)[0],
        "motion_smoothness": motion(networks["amt"], frames),
        "temporal_flickering": vbench.temporal_flickering.cal_score("clip.mp4"),
    }


def amt(file: Path) -> torch.nn.Module:
    """AMT-S of the package with random weights, exported with the time and the call fixed."""
    from omegaconf import OmegaConf

    folder = Path(vbench.motion_smoothness.__file__).parent / "third_party" / "amt"
    torch.manual_seed(5)
    model = vbench.motion_smoothness.build_from_cfg(OmegaConf.load(folder / "cfgs" / "AMT-S.yaml").network).eval()

    class Fixed(torch.nn.Module):
        def __init__(self):
            super().__init__()
            self.model = model

        def forward(self, img0, img1):
            return self.model(img0, img1, torch.full((1, 1, 1, 1), 0.5), eval=True)["imgt_pred"]

    size = {2: "height", 3: "width"}
    torch.onnx.export(Fixed(), (torch.rand(1, 3, 64, 96), torch.rand(1, 3, 64, 96)), str(file), dynamo=False, opset_version=17,
                      input_names=["img0", "img1"], output_names=["imgt_pred"],
                      dynamic_axes={"img0": size, "img1": size, "imgt_pred": size})
    return model


def main() -> None:
    torch.set_num_threads(1)
    networks = {
        "dino": randomized(Features(16, 8), 1),
        "clip": randomized(Features(32, 8), 2),
        "large": randomized(Features(14, 6), 3),
        "head": randomized(torch.nn.Linear(6, 1), 4, 5),
        "musiq": randomized(Score(), 5, 20),
        "amt": randomized(Halfway(), 6, 0.2),
    }
    stored = {f"w.{name}.{key}": value for name, network in networks.items() for key, value in network.state_dict().items()}
    clips = [clip(i, *shape) for i, shape in enumerate(CLIPS)]
    with torch.no_grad():
        for i, frames in enumerate(clips):
            stored[f"clip{i}"] = torch.from_numpy(frames)
            for name, value in scores(networks, frames).items():
                stored[f"expected{i}.{name}"] = torch.tensor(value, dtype=torch.float64)
                print(i, name, value)
        if "--amt" in sys.argv:
            model = amt(Path(sys.argv[sys.argv.index("--amt") + 1]))
            for i in (0, 2):
                frames = np.kron(clips[i], np.ones((1, 3, 3, 1), np.uint8))
                print("AMT-S", frames.shape, motion(model, frames))
    save_file(stored, Path(sys.argv[1]) / "vbench_scores.safetensors",
              {"made_by": f"tools/reference/vbench_scores.py, vbench 0.1.5, torch {torch.__version__}"})


if __name__ == "__main__":
    main()
