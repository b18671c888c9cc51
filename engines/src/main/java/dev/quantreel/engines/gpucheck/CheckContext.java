package dev.quantreel.engines.gpucheck;

import java.nio.file.Path;
import java.util.Optional;

/// What an item works with.
///
/// @param driver file name or path of the CUDA driver's library
/// @param models folder with the demo model
/// @param work folder for files of its own
/// @param small whether shapes are so small that a simulator ends within seconds; figures then mean nothing
/// @param torch the framework to compare with, where python3 is here
/// @param log where results go
public record CheckContext(
        String driver, Path models, Path work, boolean small, Optional<TorchBaseline> torch, CheckLog log) {}
