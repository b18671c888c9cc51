package dev.quantreel.engines.text;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatIllegalArgumentException;

import dev.quantreel.engines.onnx.Dialect;
import dev.quantreel.engines.runtime.CancellationToken;
import dev.quantreel.engines.runtime.Engine;
import dev.quantreel.engines.runtime.EngineProvider;
import dev.quantreel.engines.runtime.EngineProvider.EngineOptions;
import dev.quantreel.engines.runtime.Session;
import dev.quantreel.engines.runtime.ort.OrtEngineProvider;
import dev.quantreel.engines.runtime.reference.ReferenceEngineProvider;
import dev.quantreel.engines.safetensors.SafetensorsFile;
import dev.quantreel.engines.tensor.Checkpoint;
import dev.quantreel.engines.tensor.Shape;
import dev.quantreel.engines.tensor.Tensor;
import java.nio.file.Path;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import org.assertj.core.data.Offset;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

class EncoderPrecisionTest {

    private static final List<String> FILES =
            List.of("umt5_encoder", "t5_encoder", "byt5_encoder", "clip_l", "llama", "qwen25");

    private static float[] run(EngineProvider provider, String file, EncoderPrecision precision) {
        String golden = file + ".safetensors";
        int[] ids = GoldenEncoders.ids(golden);
        try (Engine engine = provider.create(EngineOptions.DEFAULTS);
                TextEncoder encoder =
                        TextEncoder.open(engine, GoldenEncoders.weights(golden), new ByteTokenizer(), precision)) {
            return encoder.run(ids, CancellationToken.NONE).toFloatArray();
        }
    }

    private static double relativeError(float[] actual, float[] expected) {
        double error = 0;
        double norm = 0;
        for (int i = 0; i < actual.length; i++) {
            error += Math.pow(actual[i] - expected[i], 2);
            norm += Math.pow(expected[i], 2);
        }
        return Math.sqrt(error / norm);
    }

    /// Random matrices of 48 inputs, in blocks of 16; the unscaled scores of T5 make the most of every error.
    @ParameterizedTest
    @CsvSource({"8, 32, 0.04", "4, 32, 0.4"})
    void fewerBitsCostLittle(int bits, int block, double bound) {
        EncoderPrecision precision = new EncoderPrecision(bits, block);
        for (String file : FILES) {
            float[] full = run(new OrtEngineProvider(), file, EncoderPrecision.FULL);
            double error = relativeError(run(new OrtEngineProvider(), file, precision), full);
            System.out.printf("encoder %-12s %-9s relative error %.4f%n", file, precision, error);

            assertThat(error).as(file).isPositive().isLessThan(bound);
        }
    }

    @ParameterizedTest
    @CsvSource({"8, 32, 0.01", "4, 32, 0.08", "4, 128, 0.1"})
    void aTrainedEncoderHardlyChangesItsMind(int bits, int block, double bound) {
        Path file = Path.of("../workflows/demo-models/text_encoders/quantreel_demo_umt5_bf16.safetensors");
        PromptFormat format = new PromptFormat(16, PromptFormat.Padding.NONE);
        String prompt = "a large red circle moving right on a navy background";
        float[][] outputs = new float[2][];
        try (SafetensorsFile weights = SafetensorsFile.open(file);
                Engine engine = new OrtEngineProvider().create(EngineOptions.DEFAULTS)) {
            for (int i = 0; i < 2; i++) {
                EncoderPrecision precision = i == 0 ? EncoderPrecision.FULL : new EncoderPrecision(bits, block);
                try (TextEncoder encoder =
                        TextEncoder.open(engine, weights, PromptTokenizer.of(weights, file), precision)) {
                    outputs[i] = encoder.encode(prompt, format, CancellationToken.NONE)
                            .context()
                            .toFloatArray();
                }
            }
        }
        double error = relativeError(outputs[1], outputs[0]);
        System.out.printf("encoder of the demo model, int%d-b%d: relative error %.4f%n", bits, block, error);
        assertThat(error).isPositive().isLessThan(bound);
    }

    @Test
    void bothEnginesAgreeWhereProductsAreOfSinglePrecision() {
        EncoderPrecision precision = new EncoderPrecision(4, 16);
        for (String file : FILES) {
            assertThat(run(new OrtEngineProvider(), file, precision))
                    .as(file)
                    .containsExactly(run(new ReferenceEngineProvider(), file, precision), Offset.offset(1e-4f));
        }
    }

    /// Whatever is cut from an encoder, the parts in turn compute what the whole does.
    @Test
    void sectionsInTurnAreTheWholeEncoder() {
        for (String file : FILES) {
            Checkpoint weights = GoldenEncoders.weights(file + ".safetensors");
            EncoderConfig config = EncoderConfig.of(weights);
            int layers = config.layersRun();
            assertThat(EncoderSection.of(layers, 1)).hasSize(layers);

            assertThat(run(config, weights, EncoderSection.of(layers, 1)))
                    .as(file)
                    .containsExactly(run(config, weights, List.of(EncoderSection.all(layers))), Offset.offset(1e-5f));
        }
    }

    private static float[] run(EncoderConfig config, Checkpoint weights, List<EncoderSection> sections) {
        int tokens = 6;
        Map<String, Tensor> inputs = new HashMap<>(config.positions(tokens));
        float[] values = new float[tokens * config.dim()];
        for (int i = 0; i < values.length; i++) {
            values[i] = (float) Math.sin(0.7 * i);
        }
        Tensor hidden = Tensor.of(Shape.of(1, tokens, config.dim()), values);
        try (Engine engine = new OrtEngineProvider().create(EngineOptions.DEFAULTS)) {
            for (EncoderSection section : sections) {
                inputs.put("embeddings", hidden);
                try (Session session =
                        engine.open(config.graph(GoldenEncoders.full(weights), Dialect.ONNX_RUNTIME, section))) {
                    hidden = session.run(inputs, "hidden", CancellationToken.NONE);
                }
            }
        }
        return hidden.toFloatArray();
    }

    @Test
    void theWeightsTakeWhatTheirBitsSay() {
        Checkpoint weights = GoldenEncoders.weights("byt5_encoder.safetensors");
        long linears = 0;
        for (String name : weights.names()) {
            boolean matrix = weights.shape(name).rank() == 2 && !name.contains("bias") && !name.contains("shared");
            linears += matrix ? weights.shape(name).elements() : 0;
        }
        try (Engine engine = new OrtEngineProvider().create(EngineOptions.DEFAULTS);
                TextEncoder full = TextEncoder.open(engine, weights, new ByteTokenizer());
                TextEncoder four =
                        TextEncoder.open(engine, weights, new ByteTokenizer(), new EncoderPrecision(4, 32))) {
            // Half a byte per weight, a step of four bytes per block; vectors below 1 kB and zero points not counted.
            assertThat(full.weightBytes()).isGreaterThanOrEqualTo(4 * linears);
            assertThat(four.weightBytes()).isLessThan(linears / 2 + linears / 32 * 6);
        }
    }

    @Test
    void blocksShrinkToWhatDividesTheInputs() {
        assertThat(new EncoderPrecision(8, 128).blockFor(4096)).isEqualTo(128);
        assertThat(new EncoderPrecision(8, 128).blockFor(1472)).isEqualTo(64);
        assertThat(EncoderPrecision.INT8.blockFor(48)).isEqualTo(16);
        assertThat(EncoderPrecision.INT4.blockFor(50)).isZero();
        assertThatIllegalArgumentException()
                .isThrownBy(() -> new EncoderPrecision(4, 48))
                .withMessageContainingAll("4 bits in blocks of 48", "16, 32, 64, 128 or 256");
        assertThatIllegalArgumentException().isThrownBy(() -> new EncoderPrecision(32, 32));
    }
}
