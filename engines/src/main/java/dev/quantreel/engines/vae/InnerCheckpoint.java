package dev.quantreel.engines.vae;

import dev.quantreel.engines.tensor.Checkpoint;
import dev.quantreel.engines.tensor.CheckpointView;
import java.util.Collections;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.SequencedSet;

/// The tensors of an all-in-one checkpoint that begin with a prefix, without it.
final class InnerCheckpoint implements CheckpointView {

    private static final List<String> PREFIXES = List.of("first_stage_model.", "vae.");

    private final Checkpoint whole;
    private final String prefix;
    private final SequencedSet<String> names;

    private InnerCheckpoint(Checkpoint whole, String prefix) {
        this.whole = whole;
        this.prefix = prefix;
        SequencedSet<String> inner = new LinkedHashSet<>();
        for (String name : whole.names()) {
            if (name.startsWith(prefix)) {
                inner.add(name.substring(prefix.length()));
            }
        }
        this.names = Collections.unmodifiableSequencedSet(inner);
    }

    /// The VAE within a checkpoint; the checkpoint itself when it has none of the prefixes.
    static Checkpoint vaeOf(Checkpoint checkpoint) {
        for (String prefix : PREFIXES) {
            if (checkpoint.names().stream()
                    .anyMatch(name -> name.startsWith(prefix + "decoder.") || name.startsWith(prefix + "encoder."))) {
                return new InnerCheckpoint(checkpoint, prefix);
            }
        }
        return checkpoint;
    }

    @Override
    public SequencedSet<String> names() {
        return names;
    }

    @Override
    public Checkpoint beneath() {
        return whole;
    }

    @Override
    public String nameBeneath(String name) {
        return prefix + name;
    }
}
