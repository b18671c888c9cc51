package dev.quantreel.engines.text;

import static org.assertj.core.api.Assertions.assertThat;

import dev.quantreel.engines.runtime.CancellationToken;
import dev.quantreel.engines.runtime.Engine;
import dev.quantreel.engines.runtime.EngineProvider.EngineOptions;
import dev.quantreel.engines.runtime.ort.OrtEngineProvider;
import dev.quantreel.engines.tensor.Conversions;
import dev.quantreel.engines.tensor.DType;
import dev.quantreel.engines.tensor.MemoryCheckpoint;
import dev.quantreel.engines.tensor.Shape;
import dev.quantreel.engines.tensor.Tensor;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Random;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/// Matrices of real widths.
class LargeEncoderTest {

    private static final int DIM = 1024;
    private static final int[] IDS = {3, 1, 4, 1, 5, 9, 2, 6, 5, 3, 5};

    /// A T5 of one block and real widths in BF16, as Gaussian as they come.
    private static MemoryCheckpoint weights() {
        Random random = new Random(7);
        Map<String, Tensor> tensors = new LinkedHashMap<>();
        tensors.put(T5Config.EMBEDDING, matrix(random, 64, DIM, 32));
        tensors.put(T5Config.attentionNorm(0), ones());
        for (String part : new String[] {"q", "k", "v", "o"}) {
            // Scores are not scaled down later, so q is small, as T5 initialises it.
            double gain = part.equals("q") ? 0.125 : 1;
            tensors.put(T5Config.attention(0) + part + ".weight", matrix(random, DIM, DIM, gain));
        }
        tensors.put(T5Config.bias(0), matrix(random, 32, 16, 1));
        tensors.put(T5Config.feedForwardNorm(0), ones());
        tensors.put(T5Config.feedForward(0) + "wi_0.weight", matrix(random, 1280, DIM, 1));
        tensors.put(T5Config.feedForward(0) + "wi_1.weight", matrix(random, 1280, DIM, 1));
        tensors.put(T5Config.feedForward(0) + "wo.weight", matrix(random, DIM, 1280, 1));
        tensors.put(T5Config.FINAL_NORM, ones());
        return new MemoryCheckpoint("large", tensors, Map.of());
    }

    private static Tensor matrix(Random random, int rows, int columns, double gain) {
        Tensor tensor = Tensor.zeros(DType.F32, Shape.of(rows, columns));
        float scale = (float) (gain / Math.sqrt(columns));
        for (long i = 0; i < tensor.elements(); i++) {
            tensor.data().set(Tensor.FLOAT, 4 * i, (float) random.nextGaussian() * scale);
        }
        return Conversions.fromF32(tensor, DType.BF16);
    }

    private static Tensor ones() {
        Tensor tensor = Tensor.zeros(DType.F32, Shape.of(DIM));
        for (long i = 0; i < DIM; i++) {
            tensor.data().set(Tensor.FLOAT, 4 * i, 1);
        }
        return tensor;
    }

    private static float[] run(MemoryCheckpoint weights, EncoderPrecision precision) {
        try (Engine engine = new OrtEngineProvider().create(EngineOptions.DEFAULTS);
                TextEncoder encoder = TextEncoder.open(engine, weights, precision)) {
            return encoder.run(IDS, CancellationToken.NONE).toFloatArray();
        }
    }

    @Test
    void fullPrecisionReadsTheFilesOwnBytes() {
        MemoryCheckpoint weights = weights();
        try (Engine engine = new OrtEngineProvider().create(EngineOptions.DEFAULTS);
                TextEncoder encoder = TextEncoder.open(engine, weights, EncoderPrecision.FULL)) {
            // Two bytes a weight: nothing was widened to be kept.
            assertThat(encoder.weightBytes()).isLessThan(2L * (4 * DIM * DIM + 3 * DIM * 1280) + 100_000);
        }
        Map<String, Tensor> wide = new LinkedHashMap<>();
        weights.names().forEach(name -> wide.put(name, Conversions.toF32(weights.tensor(name))));
        assertThat(run(weights, EncoderPrecision.FULL))
                .containsExactly(run(new MemoryCheckpoint("wide", wide, Map.of()), EncoderPrecision.FULL));
    }

    @ParameterizedTest
    @CsvSource({"8, 128, 0.016", "8, 32, 0.012", "4, 32, 0.15", "4, 64, 0.17", "4, 128, 0.19"})
    void fewerBitsCostLittle(int bits, int block, double bound) {
        float[] full = run(weights(), EncoderPrecision.FULL);
        float[] coarse = run(weights(), new EncoderPrecision(bits, block));
        double error = 0;
        double norm = 0;
        for (int i = 0; i < full.length; i++) {
            error += Math.pow(coarse[i] - full[i], 2);
            norm += Math.pow(full[i], 2);
        }
        double relative = Math.sqrt(error / norm);
        System.out.printf("one block of width %d, int%d-b%d: relative error %.4f%n", DIM, bits, block, relative);
        assertThat(relative).isPositive().isLessThan(bound);
    }

    @Test
    void thePlanCountsWhatTheSessionHolds() {
        MemoryCheckpoint weights = weights();
        for (EncoderPrecision precision :
                List.of(EncoderPrecision.FULL, EncoderPrecision.INT8, EncoderPrecision.INT4)) {
            EncoderMemory memory = EncoderMemory.of(weights, precision, 64);
            long planned = memory.codeBytes() + memory.mappedBytes() + memory.decodedBytes() + memory.copiedBytes();
            try (Engine engine = new OrtEngineProvider().create(EngineOptions.DEFAULTS);
                    TextEncoder encoder = TextEncoder.open(engine, weights, precision)) {
                assertThat((double) planned / encoder.weightBytes()).isBetween(0.97, 1.03);
            }
        }
    }
}
