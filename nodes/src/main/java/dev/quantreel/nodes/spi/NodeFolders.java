package dev.quantreel.nodes.spi;

import java.nio.file.Path;
import java.util.List;

/// The folders of a server: where models, inputs and results lie. Thread-safe.
public interface NodeFolders {

    /// Where results are saved.
    Path output();

    /// Where users put files.
    Path input();

    /// Where previews go; emptied at start.
    Path temp();

    /// Where results that can be computed again are kept between runs, such as digests of checkpoints and encoded
    /// prompts.
    default Path cache() {
        return output().resolveSibling("cache");
    }

    /// File names in a model folder (`diffusion_models`, `text_encoders`, `vae`, ...), or in `input`; sorted, with `/`.
    List<String> files(String folder);

    /// The path of a file that [#files] lists.
    ///
    /// @throws NodeInputException when there is none; the message names the folders searched and the files that
    /// exist
    Path resolve(String port, String folder, String name);
}
