package dev.quantreel.nodes.values;

import dev.quantreel.engines.checkpoint.CheckpointFile;
import dev.quantreel.engines.checkpoint.CheckpointFiles;
import dev.quantreel.engines.checkpoint.CheckpointStamp;
import dev.quantreel.engines.lora.LoraCheckpoint;
import dev.quantreel.engines.lora.LoraFile;
import dev.quantreel.engines.tensor.Checkpoint;
import dev.quantreel.nodes.spi.NodeContext;
import java.io.IOException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.stream.Stream;

/// A checkpoint file as it was when a load node looked at it, and the LoRAs to merge into it. Holds no mapping: the
// file
/// is opened through the resource cache whenever it is needed, so that a value on a link survives the freeing of
// memory.
///
/// @param path where it lies
/// @param content digest of the file, see [Checkpoint#digest]
/// @param stamp size and time of modification
/// @param loras merged in this order
public record ModelFile(Path path, String content, String stamp, List<Lora> loras) {

    public ModelFile {
        loras = List.copyOf(loras);
    }

    /// A file as it is.
    public ModelFile(Path path, String content, String stamp) {
        this(path, content, stamp, List.of());
    }

    /// @param strength 1 as it was trained
    public record Lora(ModelFile file, double strength) {}

    /// What tells two states of a file, a set of shards or a folder apart without reading it.
    public static String stamp(Path path) throws IOException {
        return CheckpointStamp.of(path);
    }

    /// This model with one more LoRA.
    public ModelFile with(ModelFile lora, double strength) {
        return new ModelFile(
                path,
                content,
                stamp,
                Stream.concat(loras.stream(), Stream.of(new Lora(lora, strength)))
                        .toList());
    }

    /// Digest of what [#open] hands out: the file with its LoRAs.
    public String digest() {
        String digest = content;
        for (Lora lora : loras) {
            digest = LoraCheckpoint.digest(digest, lora.file().digest(), lora.strength());
        }
        return digest;
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
        if (!loras.isEmpty()) {
            return context.resources().get("file:" + digest(), SharedFile.Lease.class, () -> merged(context));
        }
        return context.resources().get("file:" + content, SharedFile.Lease.class, () -> {
            if (!stamp(path).equals(stamp)) {
                throw new IllegalStateException(path + " changed since it was loaded; run the workflow again");
            }
            return SharedFile.share(CheckpointFiles.open(path));
        });
    }

    private SharedFile.Lease merged(NodeContext context) throws Exception {
        List<SharedFile.Lease> leases = new ArrayList<>();
        try {
            leases.add(new ModelFile(path, content, stamp).open(context).again());
            CheckpointFile base = leases.getFirst().file();
            Checkpoint view = base;
            for (Lora lora : loras) {
                SharedFile.Lease lease = lora.file().open(context).again();
                leases.add(lease);
                view = LoraCheckpoint.of(view, LoraFile.of(lease.file()), lora.strength());
            }
            return SharedFile.share(CheckpointFiles.view(base, view, () -> leases.forEach(SharedFile.Lease::close)));
        } catch (Exception e) {
            leases.forEach(SharedFile.Lease::close);
            throw e;
        }
    }
}
