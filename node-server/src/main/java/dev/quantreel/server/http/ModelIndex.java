package dev.quantreel.server.http;

import java.nio.file.Path;
import java.util.List;

/// The model folders, as the model browser sees them.
public interface ModelIndex {

    /// Names of the folders: `diffusion_models`, `vae`, ...
    List<String> folders();

    /// Where a folder's files lie; empty when there is no folder of this name.
    List<Path> roots(String folder);
}
