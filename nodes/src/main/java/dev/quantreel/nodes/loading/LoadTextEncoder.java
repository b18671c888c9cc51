package dev.quantreel.nodes.loading;

import dev.quantreel.nodes.loading.EncoderOptions.Precision;
import dev.quantreel.nodes.loading.EncoderOptions.Type;
import dev.quantreel.nodes.spi.In;
import dev.quantreel.nodes.spi.Node;
import dev.quantreel.nodes.spi.NodeContext;
import dev.quantreel.nodes.spi.NodeFolders;
import dev.quantreel.nodes.spi.NodeInputs;
import dev.quantreel.nodes.spi.NodeType;
import dev.quantreel.nodes.spi.Out;
import dev.quantreel.nodes.values.EngineChoice;
import dev.quantreel.nodes.values.TextModel;
import java.io.IOException;
import java.util.List;
import java.util.Optional;

/// Opens a text encoder.
@NodeType(
        id = "LoadTextEncoder",
        title = "Load Text Encoder",
        category = "loading",
        description =
                "Opens a text encoder from the folder text_encoders: UMT5 for Wan; T5 for LTX-Video, CogVideoX and"
                        + " Latte. HunyuanVideo needs two, see Load Dual Text Encoder. The tokenizer is taken from the file"
                        + " itself or from beside it. Weights are read when a prompt needs them and given back before a"
                        + " transformer is opened.",
        aliases = {"CLIPLoader", "UMT5", "T5", "text"})
public final class LoadTextEncoder implements Node<LoadTextEncoder.Inputs, LoadTextEncoder.Outputs> {

    private static final CheckpointGate GATE = new CheckpointGate("file", "text_encoders");

    /// See [LoadTextEncoder].
    public record Inputs(
            @In(help = "A file in text_encoders.", folder = "text_encoders")
            String file,

            @In(
                    help = "Model the prompts are for; it decides length and padding, and a file of another family is"
                            + " refused. Needed for CogVideoX, which reads its padding.",
                    initial = "auto")
            Type type,

            @In(
                    help = "How the matrices are held: as in the file, or in 8 or 4 bits, which takes a quarter or a"
                            + " sixth of the memory at about 1 and 10 % of error in the vectors.",
                    initial = "full")
            Precision precision,

            @In(help = "What runs it; the best engine of this machine when not connected.")
            Optional<EngineChoice> engine) {}

    /// See [LoadTextEncoder].
    public record Outputs(@Out(help = "The text encoder.") TextModel clip) {}

    @Override
    public Outputs run(Inputs in, NodeContext context) throws Exception {
        TextModel.Part part = new EncoderInspection(GATE, in.type().target()).part(in.file(), context);
        return new Outputs(new TextModel(
                List.of(part), in.precision().precision(), in.engine().orElse(EngineChoice.BEST)));
    }

    @Override
    public String fingerprint(NodeInputs constants, NodeFolders folders) throws IOException {
        return GATE.fingerprint(constants, folders);
    }
}
