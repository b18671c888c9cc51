package dev.quantreel.engines.vbench;

import java.util.List;

/// A dimension of VBench that needs a network. Inputs are F32 `[1, 3, height, width]`, RGB, outputs F32; any names
/// will do.
public enum VBenchDimension {

    /// DINO features of every frame beside those of the frame before and of the first: `vbench/subject_consistency`.
    SUBJECT_CONSISTENCY("subject consistency", "dino_vitb16.onnx"),

    /// The same with CLIP features: `vbench/background_consistency`.
    BACKGROUND_CONSISTENCY("background consistency", "clip_vit_b_32_visual.onnx"),

    /// LAION's linear head on CLIP features, over 10: `vbench/aesthetic_quality`.
    AESTHETIC_QUALITY("aesthetic quality", "clip_vit_l_14_visual.onnx", "laion_aesthetic_head.onnx"),

    /// MUSIQ trained on SPAQ, over 100: `vbench/imaging_quality`.
    IMAGING_QUALITY("imaging quality", "musiq_spaq.onnx"),

    /// Every second frame beside what AMT-S makes of its neighbours: `vbench/motion_smoothness`, without the
    /// shrinking by which VBench saves graphics memory on pictures above 1024 x 512.
    MOTION_SMOOTHNESS("motion smoothness", "amt_s.onnx");

    private static final int NEIGHBOURS = 3;

    private final String label;
    private final List<String> files;

    VBenchDimension(String label, String... files) {
        this.label = label;
        this.files = List.of(files);
    }

    /// Frames that a clip must have to be measured.
    public int leastFrames() {
        return this == MOTION_SMOOTHNESS ? NEIGHBOURS : 1;
    }

    /// As VBench names it.
    public String label() {
        return label;
    }

    /// Files that it is computed by:
    ///
    /// | file | input | output |
    /// |---|---|---|
    /// | `dino_vitb16.onnx` | shorter side 224, bilinear, ImageNet's mean and deviation | features `[1, n]` |
    /// | `clip_vit_b_32_visual.onnx` | 224 x 224: shorter side bicubic, middle, CLIP's norm | features `[1, n]` |
    /// | `clip_vit_l_14_visual.onnx` | the same | features `[1, n]` |
    /// | `laion_aesthetic_head.onnx` | features of unit length `[1, n]` | score of 0 to 10 `[1, 1]` |
    /// | `musiq_spaq.onnx` | longer side at most 512, bilinear, values of 0 to 1 | score of 0 to 100 `[1, 1]` |
    /// | `amt_s.onnx` | two frames, before and after, values of 0 to 1, sides multiples of 16 | the frame halfway |
    public List<String> files() {
        return files;
    }
}
