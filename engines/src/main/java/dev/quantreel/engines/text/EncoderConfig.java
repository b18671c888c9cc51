package dev.quantreel.engines.text;

import dev.quantreel.engines.onnx.Dialect;
import dev.quantreel.engines.onnx.OnnxModel;
import dev.quantreel.engines.tensor.Checkpoint;
import dev.quantreel.engines.tensor.CheckpointShapes;
import dev.quantreel.engines.tensor.ModelFamily;
import dev.quantreel.engines.tensor.Shape;
import dev.quantreel.engines.tensor.Tensor;
import dev.quantreel.engines.tensor.UnsupportedCheckpointException;
import java.util.ArrayList;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;

/// The sizes of one encoder, read from its tensors, and the graphs they make. Every graph takes `embeddings` F32
/// `[1, tokens, dim]` (looked up outside: the table of UMT5-XXL alone has 4 GB as F32; or what the section before
/// returned) and what [#positions] gives, and returns `hidden` F32 `[1, tokens, dim]`. There is no padding mask: only
/// tokens that count go in.
sealed interface EncoderConfig permits T5Config, ClipConfig, DecoderConfig {

    /// What files carry beside the weights.
    Set<String> ACCOMPANYING = Set.of("tokenizer_json", "spiece_model", "encoder.embed_tokens.weight");

    TextEncoderFamily family();

    /// Rows of the embedding.
    int vocabulary();

    /// Width of a token.
    int dim();

    /// Attention heads of the queries.
    int heads();

    /// Name of the embedding table.
    String embedding();

    /// Shapes of all tensors the graph and the embedding are made of, by canonical name.
    Map<String, Shape> shapes();

    /// @param section the layers it runs
    OnnxModel graph(EncoderWeights weights, Dialect dialect, EncoderSection section);

    /// Most tokens it reads.
    default int longest() {
        return Integer.MAX_VALUE;
    }

    /// Layers that are run.
    int layersRun();

    /// The inputs that depend on the number of tokens alone.
    Map<String, Tensor> positions(int tokens);

    /// Reads the sizes and checks every tensor.
    ///
    /// @param checkpoint under canonical names, see [EncoderKeys]
    /// @throws UnsupportedCheckpointException when it is no text encoder, another one, or incomplete
    static EncoderConfig of(Checkpoint checkpoint) {
        EncoderConfig config;
        if (checkpoint.contains(T5Config.bias(0))) {
            config = T5Config.read(checkpoint);
        } else if (checkpoint.contains(ClipConfig.MARK)) {
            config = ClipConfig.read(checkpoint);
        } else if (checkpoint.contains(DecoderConfig.MARK)) {
            config = DecoderConfig.read(checkpoint);
        } else {
            throw new UnsupportedCheckpointException(
                    checkpoint.source(),
                    ModelFamily.describe(checkpoint)
                            + "; accepted are text encoders: UMT5, T5 v1.1, ByT5, CLIP-L, Llama 3, Qwen2.5-VL, such as "
                            + TextEncoderFamily.UMT5.usualFile() + " (tensor " + T5Config.bias(0) + ")");
        }
        config.shapes().forEach((name, shape) -> CheckpointShapes.require(checkpoint, name, shape));
        config.requireNothingElse(checkpoint);
        return config;
    }

    private void requireNothingElse(Checkpoint checkpoint) {
        Set<String> surplus = new LinkedHashSet<>(checkpoint.names());
        surplus.removeAll(shapes().keySet());
        surplus.removeAll(ACCOMPANYING);
        surplus.removeIf(this::isLeftOut);
        if (!surplus.isEmpty()) {
            List<String> some = new ArrayList<>(surplus).subList(0, Math.min(3, surplus.size()));
            boolean scaled = surplus.stream().anyMatch(name -> name.contains("scale"));
            throw new UnsupportedCheckpointException(
                    checkpoint.source(),
                    (scaled ? "this text encoder is quantized in a way that could not be decoded; it has " : "it has ")
                            + surplus.size() + " tensors that " + family().title() + " does not have, such as " + some);
        }
    }

    /// Whether a tensor belongs to a part of the model that the encoder does not run (decoder, vision tower, head).
    boolean isLeftOut(String name);
}
