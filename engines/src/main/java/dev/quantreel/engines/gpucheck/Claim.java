package dev.quantreel.engines.gpucheck;

/// Something that is said of GPUs and holds, or not, on the one at hand. docs/gpu-checks.md has a line for each.
///
/// @param id short, unique within its item
/// @param text one sentence
public record Claim(String id, String text) {}
