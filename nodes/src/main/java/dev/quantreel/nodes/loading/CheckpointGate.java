package dev.quantreel.nodes.loading;

import dev.quantreel.engines.checkpoint.CheckpointCensus;
import dev.quantreel.engines.checkpoint.CheckpointFile;
import dev.quantreel.engines.checkpoint.CheckpointFiles;
import dev.quantreel.engines.checkpoint.CheckpointScan;
import dev.quantreel.engines.tensor.CheckpointException;
import dev.quantreel.engines.tensor.UnsupportedCheckpointException;
import dev.quantreel.nodes.spi.NodeContext;
import dev.quantreel.nodes.spi.NodeFolders;
import dev.quantreel.nodes.spi.NodeInputException;
import dev.quantreel.nodes.spi.NodeInputs;
import dev.quantreel.nodes.values.ModelFile;
import java.io.IOException;
import java.nio.file.Path;
import java.util.concurrent.atomic.AtomicLong;

/// Looks at a checkpoint before anything is built on it, and names the port in every complaint.
///
/// @param port the input that chose the file
/// @param folder model folder it lies in
record CheckpointGate(String port, String folder) {

    /// Reads what a node wants to know about an open checkpoint.
    interface Inspection<T> {
        T inspect(CheckpointFile file, ModelFile identity) throws Exception;
    }

    /// Opens the file, checks that all its weights are finite, and inspects it.
    ///
    /// @throws NodeInputException when the file is missing, truncated, a pickle, of another family or has NaN
    /// weights
    <T> T inspect(String name, NodeContext context, Inspection<T> inspection) throws Exception {
        Path path = context.folders().resolve(port, folder, name);
        try (CheckpointFile file = CheckpointFiles.open(path)) {
            context.status("checking " + name + " (" + file.names().size() + " tensors)");
            CheckpointCensus census = census(name, file, context);
            census.damage().ifPresent(found -> {
                throw new NodeInputException(
                        port,
                        "is '" + name + "', which has " + found
                                + "; accepted are finite weights only: the file is damaged or was converted badly");
            });
            return inspection.inspect(file, new ModelFile(path, census.digest(), ModelFile.stamp(path)));
        } catch (CheckpointException | UnsupportedCheckpointException e) {
            throw new NodeInputException(port, "is '" + name + "'; " + e.getMessage(), e);
        }
    }

    private static CheckpointCensus census(String name, CheckpointFile file, NodeContext context) {
        long total = CheckpointScan.bytes(file);
        AtomicLong read = new AtomicLong();
        return CheckpointCensus.of(
                file,
                context.folders().cache(),
                bytes -> {
                    long done = read.addAndGet(bytes);
                    context.status("checking %s: %.2f of %.2f GB".formatted(name, done / 1e9, total / 1e9));
                    context.progress(done, total);
                },
                context.cancellation());
    }

    /// Size and time of the chosen file: another file under the same name is another result.
    String fingerprint(NodeInputs constants, NodeFolders folders) throws IOException {
        String name = constants.string(port).orElse("");
        return ModelFile.stamp(folders.resolve(port, folder, name));
    }
}
