package dev.quantreel.engines.dit.hunyuan;

import dev.quantreel.engines.onnx.Attributes;
import dev.quantreel.engines.onnx.Dim;
import dev.quantreel.engines.onnx.NeuralOps;
import dev.quantreel.engines.onnx.OnnxOp;
import dev.quantreel.engines.onnx.Value;
import dev.quantreel.engines.tensor.DType;
import java.util.List;

/// What leads HunyuanVideo 1.5: no pooled text and no guidance input, but tokens of the image and of glyphs before
/// those of the prompt, each kind marked by a learned vector.
///
/// @param widths of what the encoders give
/// @param meanFlow whether the timestep of the next step is added to that of this step
record HunyuanVideo15Conditions(HunyuanVideo15Transformer.Widths widths, boolean meanFlow)
        implements HunyuanGraphBuilder.Conditions {

    /// The vectors that mark prompt, glyphs and image, in this order.
    static final String KINDS = "cond_type_embedding.weight";

    /// Epsilon of the norms around the projections.
    private static final float PROJECTION_EPSILON = 1e-5f;

    private static final Dim ONE = Dim.of(1);

    @Override
    public String name() {
        return "hunyuan-video-1.5";
    }

    @Override
    public Value vector(HunyuanOps ops, Value embedding) {
        if (!meanFlow) {
            return embedding;
        }
        Dim size = Dim.of(ops.config().freqDim());
        Value next = ops.graph().input("next_time_features", DType.F32, ONE, size);
        return ops.add(embedding, ops.embedder(next, "time_r_in"));
    }

    @Override
    public Value text(HunyuanOps ops, Value refined) {
        Value glyphs = ops.graph().input("glyphs", DType.F32, ONE, Dim.of("glyphs"), Dim.of(widths.glyph()));
        Value image = ops.graph().input("image_features", DType.F32, ONE, Dim.of("image"), Dim.of(widths.image()));
        List<Value> kinds =
                ops.graph().op(OnnxOp.Split, 3, Attributes.of("axis", 0).and("num_outputs", 3), ops.weight(KINDS));
        return ops.joined(
                ops.add(image(ops, image), kinds.get(2)),
                ops.add(glyphs(ops, glyphs), kinds.get(1)),
                ops.add(refined, kinds.get(0)));
    }

    private static Value glyphs(HunyuanOps ops, Value x) {
        NeuralOps neural = ops.neural();
        Value first = neural.geluExact(ops.linear(ops.norm(x, "byt5_in.layernorm", PROJECTION_EPSILON), "byt5_in.fc1"));
        return ops.linear(neural.geluExact(ops.linear(first, "byt5_in.fc2")), "byt5_in.fc3");
    }

    private static Value image(HunyuanOps ops, Value x) {
        Value hidden = ops.linear(ops.norm(x, "vision_in.proj.0", PROJECTION_EPSILON), "vision_in.proj.1");
        Value projected = ops.linear(ops.neural().geluExact(hidden), "vision_in.proj.3");
        return ops.norm(projected, "vision_in.proj.4", PROJECTION_EPSILON);
    }
}
