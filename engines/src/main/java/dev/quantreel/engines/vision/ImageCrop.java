package dev.quantreel.engines.vision;

/// How a picture becomes square.
public enum ImageCrop {
    /// The shorter side is scaled, the middle is kept: what CLIP was trained with.
    CENTER,
    /// The whole picture is squeezed: what Wan's own code does.
    NONE
}
