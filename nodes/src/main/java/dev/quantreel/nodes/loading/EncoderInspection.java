package dev.quantreel.nodes.loading;

import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.databind.ObjectMapper;
import dev.quantreel.engines.tensor.Checkpoint;
import dev.quantreel.engines.text.PromptFormat;
import dev.quantreel.engines.text.PromptTokenizer;
import dev.quantreel.engines.text.TargetModel;
import dev.quantreel.engines.text.TextEncoder;
import dev.quantreel.engines.text.TextEncoderFamily;
import dev.quantreel.nodes.spi.NodeContext;
import dev.quantreel.nodes.spi.NodeInputException;
import dev.quantreel.nodes.values.TextModel;
import java.util.Optional;

/// Looks at the file of a text encoder: what it is, whether it belongs to the model, whether it has a tokenizer. No
/// weight is read for that; the encoder is opened when a prompt needs it.
///
/// @param gate the input that chose the file
/// @param target the model the prompts are for
record EncoderInspection(CheckpointGate gate, Optional<TargetModel> target) {

    TextModel.Part part(String name, NodeContext context) throws Exception {
        return gate.inspect(name, context, (file, identity) -> {
            TextEncoderFamily family = TextEncoder.family(file);
            target.filter(model -> !model.encoders().contains(family)).ifPresent(model -> {
                throw new NodeInputException(
                        gate.port(),
                        "is '" + name + "', which is " + family.title() + " and belongs to " + family.partners() + "; "
                                + model.title() + " reads " + model.describeEncoders());
            });
            PromptTokenizer.of(file, identity.path()).close();
            context.status(name + " is " + family.title() + ", for " + family.partners());
            return new TextModel.Part(identity, family, format(file, family));
        });
    }

    /// The family's format; a `text_len` in the metadata's config sets the length.
    private PromptFormat format(Checkpoint checkpoint, TextEncoderFamily family) {
        PromptFormat usual = PromptFormat.of(family, target);
        try {
            int length = new ObjectMapper()
                    .readTree(checkpoint.metadata().getOrDefault("config", "{}"))
                    .path("text_len")
                    .asInt(usual.maxTokens());
            return usual.withMaxTokens(length);
        } catch (JsonProcessingException e) {
            throw new NodeInputException(
                    gate.port(), "is '" + checkpoint.source() + "', whose metadata config is not JSON", e);
        }
    }
}
