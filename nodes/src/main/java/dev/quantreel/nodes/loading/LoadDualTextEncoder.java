package dev.quantreel.nodes.loading;

import dev.quantreel.nodes.loading.EncoderOptions.Precision;
import dev.quantreel.nodes.loading.EncoderOptions.Type;
import dev.quantreel.nodes.spi.In;
import dev.quantreel.nodes.spi.Node;
import dev.quantreel.nodes.spi.NodeContext;
import dev.quantreel.nodes.spi.NodeFolders;
import dev.quantreel.nodes.spi.NodeInputException;
import dev.quantreel.nodes.spi.NodeInputs;
import dev.quantreel.nodes.spi.NodeType;
import dev.quantreel.nodes.spi.Out;
import dev.quantreel.nodes.values.EngineChoice;
import dev.quantreel.nodes.values.TextModel;
import java.io.IOException;
import java.util.List;
import java.util.Optional;

/// Opens the two text encoders of HunyuanVideo.
@NodeType(
        id = "LoadDualTextEncoder",
        title = "Load Dual Text Encoder",
        category = "loading",
        description =
                "Opens two text encoders that one model reads: LLaVA-Llama-3 and CLIP-L for HunyuanVideo,"
                        + " Qwen2.5-VL and the ByT5 glyph encoder for HunyuanVideo 1.5. The order of the files does not matter.",
        aliases = {"DualCLIPLoader", "HunyuanVideo", "Llama", "CLIP-L", "Qwen2.5-VL", "ByT5"})
public final class LoadDualTextEncoder implements Node<LoadDualTextEncoder.Inputs, LoadDualTextEncoder.Outputs> {

    private static final CheckpointGate FIRST = new CheckpointGate("file1", "text_encoders");
    private static final CheckpointGate SECOND = new CheckpointGate("file2", "text_encoders");

    /// See [LoadDualTextEncoder].
    public record Inputs(
            @In(help = "A file in text_encoders.", folder = "text_encoders")
            String file1,

            @In(help = "The other file in text_encoders.", folder = "text_encoders")
            String file2,

            @In(help = "Model the prompts are for; a file of another family is refused.", initial = "auto")
            Type type,

            @In(
                    help = "How the matrices are held: as in the file, or in 8 or 4 bits, which takes a quarter or a"
                            + " sixth of the memory at about 1 and 10 % of error in the vectors.",
                    initial = "full")
            Precision precision,

            @In(help = "What runs them; the best engine of this machine when not connected.")
            Optional<EngineChoice> engine) {}

    /// See [LoadDualTextEncoder].
    public record Outputs(
            @Out(help = "Both encoders as one.") TextModel clip) {}

    @Override
    public Outputs run(Inputs in, NodeContext context) throws Exception {
        TextModel.Part first = new EncoderInspection(FIRST, in.type().target()).part(in.file1(), context);
        TextModel.Part second = new EncoderInspection(SECOND, in.type().target()).part(in.file2(), context);
        if (first.family().isCompanion() == second.family().isCompanion()) {
            throw new NodeInputException(
                    SECOND.port(),
                    "is '" + in.file2() + "', which is " + second.family().title() + "; beside "
                            + first.family().title() + " accepted are "
                            + (second.family().isCompanion()
                                    ? "a language model: LLaVA-Llama-3 with CLIP-L, Qwen2.5-VL with ByT5"
                                    : "CLIP-L (with LLaVA-Llama-3) or the ByT5 glyph encoder (with Qwen2.5-VL)"));
        }
        List<TextModel.Part> parts = first.family().isCompanion() ? List.of(second, first) : List.of(first, second);
        return new Outputs(
                new TextModel(parts, in.precision().precision(), in.engine().orElse(EngineChoice.BEST)));
    }

    @Override
    public String fingerprint(NodeInputs constants, NodeFolders folders) throws IOException {
        return FIRST.fingerprint(constants, folders) + "; " + SECOND.fingerprint(constants, folders);
    }
}
