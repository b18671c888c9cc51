package dev.quantreel.nodes.loading;

import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.databind.ObjectMapper;
import dev.quantreel.engines.tensor.Checkpoint;
import dev.quantreel.engines.text.TextEncoder;
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
import java.util.Optional;

/// Opens a text encoder.
@NodeType(
        id = "LoadTextEncoder",
        title = "Load Text Encoder",
        category = "loading",
        description = "Opens a UMT5 or T5 encoder from the folder text_encoders. Its tokenizer is taken from the file"
                + " itself or from a tokenizer.json beside it.",
        aliases = {"CLIPLoader", "UMT5", "T5", "text"})
public final class LoadTextEncoder implements Node<LoadTextEncoder.Inputs, LoadTextEncoder.Outputs> {

    private static final CheckpointGate GATE = new CheckpointGate("file", "text_encoders");
    private static final int USUAL_TEXT_LENGTH = 512;

    /// See [LoadTextEncoder].
    public record Inputs(
            @In(help = "A .safetensors file in text_encoders.", folder = "text_encoders")
            String file,

            @In(help = "What runs it; the best engine of this machine when not connected.")
            Optional<EngineChoice> engine) {}

    /// See [LoadTextEncoder].
    public record Outputs(@Out(help = "The text encoder.") TextModel clip) {}

    @Override
    public Outputs run(Inputs in, NodeContext context) throws Exception {
        TextModel clip = GATE.inspect(in.file(), context, (file, identity) -> {
            TextEncoder.requireSupported(file);
            TextModel model =
                    new TextModel(identity, textLength(file), in.engine().orElse(EngineChoice.BEST));
            model.open(context);
            return model;
        });
        return new Outputs(clip);
    }

    /// `text_len` of the config in the file's metadata.
    private static int textLength(Checkpoint checkpoint) {
        try {
            return new ObjectMapper()
                    .readTree(checkpoint.metadata().getOrDefault("config", "{}"))
                    .path("text_len")
                    .asInt(USUAL_TEXT_LENGTH);
        } catch (JsonProcessingException e) {
            throw new NodeInputException(
                    "file", "is '" + checkpoint.source() + "', whose metadata config is not JSON", e);
        }
    }

    @Override
    public String fingerprint(NodeInputs constants, NodeFolders folders) throws IOException {
        return GATE.fingerprint(constants, folders);
    }
}
