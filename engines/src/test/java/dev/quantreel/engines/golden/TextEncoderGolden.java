package dev.quantreel.engines.golden;

import dev.quantreel.engines.runtime.CancellationToken;
import dev.quantreel.engines.runtime.Engine;
import dev.quantreel.engines.tensor.Shape;
import dev.quantreel.engines.tensor.Tensor;
import dev.quantreel.engines.text.PromptEmbedding;
import dev.quantreel.engines.text.PromptFormat;
import dev.quantreel.engines.text.PromptFormat.Padding;
import dev.quantreel.engines.text.PromptTokenizer;
import dev.quantreel.engines.text.TextEncoder;
import java.util.LinkedHashMap;
import java.util.Map;

/// Text encoders: T5 and its kin, CLIP's text model, Llama and Qwen2.5.
final class TextEncoderGolden implements GoldenFamily {

    private static final CancellationToken NONE = CancellationToken.NONE;

    @Override
    public boolean fits(GoldenFile golden) {
        return golden.contains("w.shared.weight") && golden.contains("w.encoder.final_layer_norm.weight")
                || golden.contains("w.text_model.final_layer_norm.weight")
                || golden.contains("w.model.embed_tokens.weight");
    }

    @Override
    public Map<String, Double> errors(GoldenFile golden, Engine engine) {
        int[] ids = ids(golden);
        Map<String, Double> errors = new LinkedHashMap<>();
        try (TextEncoder encoder = TextEncoder.open(engine, golden.weights(), new FixedIds(ids))) {
            PromptFormat format = new PromptFormat(ids.length, Padding.NONE);
            for (String name : new String[] {"out.y", "out.last", "out.hidden_m3", "out.pooled"}) {
                // Of the language models only what the video models read is run.
                boolean left = name.equals("out.last") && golden.contains("out.hidden_m3");
                if (golden.contains(name) && !left) {
                    errors.put(name, error(golden, name, encoder, format));
                }
            }
        }
        return errors;
    }

    private static double error(GoldenFile golden, String name, TextEncoder encoder, PromptFormat format) {
        Tensor expected = golden.tensor(name);
        int[] ids = ids(golden);
        if (name.equals("out.pooled")) {
            PromptEmbedding embedding = encoder.encode("", format, NONE);
            return GoldenFile.maxAbsoluteError(embedding.pooled().orElseThrow(), expected);
        }
        // What the reference leaves at masked positions is cut off by the pipelines.
        return GoldenFile.maxAbsoluteError(encoder.run(ids, NONE), firstRows(expected, ids.length));
    }

    private static int[] ids(GoldenFile golden) {
        float[] stored = golden.tensor("in.ids").toFloatArray();
        int length = stored.length;
        if (golden.contains("in.mask")) {
            float[] mask = golden.tensor("in.mask").toFloatArray();
            length = 0;
            while (length < mask.length && mask[length] == 1) {
                length++;
            }
        }
        int[] ids = new int[length];
        for (int i = 0; i < length; i++) {
            ids[i] = (int) stored[i];
        }
        return ids;
    }

    private static Tensor firstRows(Tensor tensor, long rows) {
        long dim = tensor.shape().dim(2);
        return new Tensor(tensor.dtype(), Shape.of(1, rows, dim), tensor.data().asSlice(0, rows * dim * Float.BYTES));
    }

    /// Golden files hold ids, whatever the prompt.
    private record FixedIds(int[] ids) implements PromptTokenizer {
        @Override
        public int[] encode(String prompt) {
            return ids.clone();
        }

        @Override
        public void close() {}
    }
}
