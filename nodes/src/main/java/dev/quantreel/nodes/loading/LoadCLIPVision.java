package dev.quantreel.nodes.loading;

import dev.quantreel.engines.vision.ClipVisionEncoder;
import dev.quantreel.nodes.spi.In;
import dev.quantreel.nodes.spi.Node;
import dev.quantreel.nodes.spi.NodeContext;
import dev.quantreel.nodes.spi.NodeFolders;
import dev.quantreel.nodes.spi.NodeInputs;
import dev.quantreel.nodes.spi.NodeType;
import dev.quantreel.nodes.spi.Out;
import dev.quantreel.nodes.values.EngineChoice;
import dev.quantreel.nodes.values.VisionModel;
import java.io.IOException;
import java.util.Optional;

/// Opens an encoder of pictures.
@NodeType(
        id = "LoadCLIPVision",
        title = "Load CLIP Vision",
        category = "loading",
        description = "Opens a CLIP or SigLIP picture encoder from the folder clip_vision. Wan 2.1's image-to-video"
                + " models read what clip_vision_h.safetensors (ViT-H) sees, HunyuanVideo 1.5's what"
                + " sigclip_vision_patch14_384.safetensors does; Wan 2.2's do without.",
        aliases = {"CLIPVisionLoader", "CLIP-ViT-H", "SigLIP", "image encoder"})
public final class LoadCLIPVision implements Node<LoadCLIPVision.Inputs, LoadCLIPVision.Outputs> {

    private static final CheckpointGate GATE = new CheckpointGate("file", "clip_vision");

    /// See [LoadCLIPVision].
    public record Inputs(
            @In(
                    help =
                            "A file in clip_vision: for Wan 2.1 clip_vision_h, for HunyuanVideo 1.5 sigclip_vision_patch14_384.",
                    folder = "clip_vision")
            String file,

            @In(help = "What runs it; the best engine of this machine when not connected.")
            Optional<EngineChoice> engine) {}

    /// See [LoadCLIPVision].
    public record Outputs(
            @Out(help = "The picture encoder, for CLIP Vision Encode.")
            VisionModel clipVision) {}

    @Override
    public Outputs run(Inputs in, NodeContext context) throws Exception {
        return GATE.inspect(in.file(), context, (file, identity) -> {
            context.status(in.file() + ": " + ClipVisionEncoder.describe(file));
            return new Outputs(new VisionModel(identity, in.engine().orElse(EngineChoice.BEST)));
        });
    }

    @Override
    public String fingerprint(NodeInputs constants, NodeFolders folders) throws IOException {
        return GATE.fingerprint(constants, folders);
    }
}
