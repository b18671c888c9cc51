package dev.quantreel.engines.export;

import dev.quantreel.engines.tensor.ScratchFile;
import dev.quantreel.engines.tensor.Tensor;
import java.io.IOException;
import java.nio.file.Path;
import java.util.List;

/// Where weights wait that were laid out and are not written yet.
public final class LaidOut {

    private static final System.Logger LOG = System.getLogger(LaidOut.class.getName());

    /// Below, a weight stays in memory.
    private static final long SMALL_BYTES = 4 << 20;

    private LaidOut() {}

    /// The same weight in a temporary file, so that a large model never lies in memory whole; in memory where
    /// it is small, or the folder takes no file.
    ///
    /// @param folder on a disk with room for the model
    public static Tensor inFile(Tensor tensor, Path folder) {
        if (tensor.data().byteSize() < SMALL_BYTES) {
            return tensor;
        }
        try {
            return ScratchFile.of(List.of(tensor), folder).getFirst();
        } catch (IOException e) {
            LOG.log(
                    System.Logger.Level.WARNING,
                    () -> "weights stay in memory, " + folder + " takes none: " + e.getMessage());
            return tensor;
        }
    }
}
