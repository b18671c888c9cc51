package dev.quantreel.server.config;

import java.nio.file.Path;

/// A further model folder, beyond those of the base folder.
///
/// @param kind ComfyUI's name of the folder: `diffusion_models`, `vae`, ...
/// @param path where it lies
/// @param preferred whether it is searched before the base folder (`is_default`)
public record ExtraFolder(String kind, Path path, boolean preferred) {}
