package dev.quantreel.nodes.values;

import dev.quantreel.engines.checkpoint.CheckpointFiles;
import dev.quantreel.nodes.spi.NodeContext;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;

/// A checkpoint file as it was when a load node looked at it. Holds no mapping: the file is opened through the
/// resource cache whenever it is needed, so that a value on a link survives the freeing of memory.
///
/// @param path where it lies
/// @param digest of its content, see [dev.quantreel.engines.tensor.Checkpoint#digest]
/// @param stamp size and time of modification
public record ModelFile(Path path, String digest, String stamp) {

    /// What tells two states of a file apart without reading it.
    public static String stamp(Path path) throws IOException {
        return Files.size(path) + " bytes, modified " + Files.getLastModifiedTime(path);
    }

    /// File name without folder.
    public String name() {
        return String.valueOf(path.getFileName());
    }

    /// The open file; the lease is the resource cache's, take one more of it to keep the file open.
    ///
    /// @throws IllegalStateException when it was replaced since it was loaded
    /// @throws Exception when it cannot be opened
    public SharedFile.Lease open(NodeContext context) throws Exception {
        return context.resources().get("file:" + digest, SharedFile.Lease.class, () -> {
            if (!stamp(path).equals(stamp)) {
                throw new IllegalStateException(path + " changed since it was loaded; run the workflow again");
            }
            return SharedFile.share(CheckpointFiles.open(path));
        });
    }
}
