package dev.quantreel.engines.artifact;

import dev.quantreel.engines.checkpoint.StoredFormat;
import dev.quantreel.engines.tensor.Checkpoint;
import java.util.Optional;

/// Lets artifacts be opened as any other checkpoint: listed, inspected, and loaded as plain floats.
public final class ArtifactFormat implements StoredFormat {

    @Override
    public Optional<Decoded> decode(Checkpoint stored) {
        return Artifact.of(stored)
                .map(artifact -> new Decoded(
                        new ArtifactView(stored, artifact),
                        "quantized " + artifact.header().recipe().describe()));
    }
}
