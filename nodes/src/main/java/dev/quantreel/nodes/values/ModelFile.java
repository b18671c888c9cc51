package dev.quantreel.nodes.values;

import dev.quantreel.engines.checkpoint.CheckpointFile;
import dev.quantreel.engines.checkpoint.CheckpointFiles;
import dev.quantreel.engines.checkpoint.CheckpointStamp;
import dev.quantreel.engines.lora.LoraCheckpoint;
import dev.quantreel.engines.lora.LoraFile;
import dev.quantreel.engines.lora.LoraForm;
import dev.quantreel.engines.lowrank.LowRankBranches;
import dev.quantreel.engines.tensor.Checkpoint;
import dev.quantreel.nodes.spi.NodeContext;
import java.io.IOException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.stream.Stream;

/// A checkpoint file as it was when a load node looked at it, and the LoRAs to merge into it. Holds no mapping: the
/// file is opened through the resource cache whenever it is needed, so that a value on a link survives the freeing of
/// memory.
///
/// @param path where it lies
/// @param content digest of the file, see [Checkpoint#digest]
/// @param stamp size and time of modification
/// @param loras in the order they were added
/// @param estimate what runs beside its linears to make up for their quantization
public record ModelFile(Path path, String content, String stamp, List<Lora> loras, Optional<ErrorEstimate> estimate) {

    public ModelFile {
        loras = List.copyOf(loras);
    }

    /// A file as it is.
    public ModelFile(Path path, String content, String stamp) {
        this(path, content, stamp, List.of(), Optional.empty());
    }

    /// @param strength 1 as it was trained
    /// @param form merged into the weights, or beside them
    public record Lora(ModelFile file, double strength, LoraForm form) {}

    /// What tells two states of a file, a set of shards or a folder apart without reading it.
    public static String stamp(Path path) throws IOException {
        return CheckpointStamp.of(path);
    }

    /// This model with one more LoRA.
    public ModelFile with(Lora lora) {
        return with(Stream.concat(loras.stream(), Stream.of(lora)));
    }

    private ModelFile with(Stream<Lora> changed) {
        return new ModelFile(path, content, stamp, changed.toList(), estimate);
    }

    /// This model with an estimate of the error of its quantization; replaces an earlier one.
    public ModelFile with(ErrorEstimate newEstimate) {
        return new ModelFile(path, content, stamp, loras, Optional.of(newEstimate));
    }

    /// This model as it was before its quantization was estimated.
    public ModelFile withoutEstimate() {
        return new ModelFile(path, content, stamp, loras, Optional.empty());
    }

    /// What is quantized: this model without what goes beside its weights.
    public ModelFile withoutBranches() {
        return withoutEstimate().with(loras.stream().filter(lora -> lora.form() == LoraForm.MERGED));
    }

    /// This model with all its LoRAs merged, for files that hold weights alone.
    public ModelFile merged() {
        return withoutEstimate()
                .with(loras.stream().map(lora -> new Lora(lora.file(), lora.strength(), LoraForm.MERGED)));
    }

    /// Digest of what [#open] hands out: the file with its LoRAs.
    public String digest() {
        String digest = content;
        for (Lora lora : loras) {
            digest = LoraCheckpoint.digest(digest, lora.file().digest(), lora.strength(), lora.form());
        }
        return estimate.isEmpty() ? digest : digest + "+" + estimate.get().digest();
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
        if (!loras.isEmpty() || estimate.isPresent()) {
            return context.resources().get("file:" + digest(), SharedFile.Lease.class, () -> withLoras(context));
        }
        return context.resources().get("file:" + content, SharedFile.Lease.class, () -> {
            if (!stamp(path).equals(stamp)) {
                throw new IllegalStateException(path + " changed since it was loaded; run the workflow again");
            }
            return SharedFile.share(CheckpointFiles.open(path));
        });
    }

    private SharedFile.Lease withLoras(NodeContext context) throws Exception {
        List<SharedFile.Lease> leases = new ArrayList<>();
        try {
            leases.add(new ModelFile(path, content, stamp).open(context).again());
            CheckpointFile base = leases.getFirst().file();
            Checkpoint view = base;
            List<LoraCheckpoint> chain = new ArrayList<>();
            for (Lora lora : loras) {
                SharedFile.Lease lease = lora.file().open(context).again();
                leases.add(lease);
                chain.add(LoraCheckpoint.of(view, LoraFile.of(lease.file()), lora.strength(), lora.form()));
                view = chain.getLast();
            }
            return SharedFile.share(
                    CheckpointFiles.view(base, view, () -> leases.forEach(SharedFile.Lease::close)),
                    () -> chain.stream()
                            .map(LoraCheckpoint::branches)
                            .reduce(
                                    estimate.map(ErrorEstimate::branches).orElse(LowRankBranches.NONE),
                                    LowRankBranches::plus));
        } catch (Exception e) {
            leases.forEach(SharedFile.Lease::close);
            throw e;
        }
    }
}
