package dev.quantreel.engines.golden;

import static org.assertj.core.api.Assertions.assertThat;

import dev.quantreel.engines.runtime.CancellationToken;
import dev.quantreel.engines.runtime.Engine;
import dev.quantreel.engines.tensor.Shape;
import dev.quantreel.engines.tensor.Tensor;
import dev.quantreel.engines.text.PromptTokenizer;
import dev.quantreel.engines.text.TextEncoder;
import java.util.Map;

/// T5 and UMT5 encoders.
final class T5Golden implements GoldenFamily {

    private static final CancellationToken NONE = CancellationToken.NONE;

    @Override
    public boolean fits(GoldenFile golden) {
        return golden.contains("w.shared.weight") && golden.contains("w.encoder.final_layer_norm.weight");
    }

    /// Compares the real tokens; what the reference leaves at masked positions is cut off by Wan's pipeline.
    @Override
    public Map<String, Double> errors(GoldenFile golden, Engine engine) {
        Tensor ids = golden.tensor("in.ids");
        float[] mask = golden.tensor("in.mask").toFloatArray();
        int length = 0;
        while (length < mask.length && mask[length] == 1) {
            length++;
        }
        int[] real = new int[length];
        for (int i = 0; i < length; i++) {
            real[i] = (int) ids.toFloatArray()[i];
        }
        try (TextEncoder encoder = TextEncoder.open(engine, golden.weights(), new NoTokenizer())) {
            Tensor actual = encoder.encode(real, mask.length, NONE);
            assertThat(rows(actual, length, mask.length).toFloatArray()).containsOnly(0f);
            return Map.of(
                    "out.y",
                    GoldenFile.maxAbsoluteError(rows(actual, 0, length), rows(golden.tensor("out.y"), 0, length)));
        }
    }

    private static Tensor rows(Tensor tensor, long from, long to) {
        long dim = tensor.shape().dim(2);
        long rowBytes = dim * Float.BYTES;
        return new Tensor(
                tensor.dtype(),
                Shape.of(1, to - from, dim),
                tensor.data().asSlice(from * rowBytes, (to - from) * rowBytes));
    }

    private static final class NoTokenizer implements PromptTokenizer {
        @Override
        public int[] encode(String prompt) {
            throw new UnsupportedOperationException("golden files hold ids");
        }

        @Override
        public void close() {}
    }
}
