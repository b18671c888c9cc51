package dev.quantreel.engines.checkpoint;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatExceptionOfType;
import static org.assertj.core.api.Assertions.within;

import dev.quantreel.engines.runtime.CancellationToken;
import dev.quantreel.engines.safetensors.SafetensorsPlan;
import dev.quantreel.engines.safetensors.SafetensorsWriter;
import dev.quantreel.engines.tensor.Conversions;
import dev.quantreel.engines.tensor.DType;
import dev.quantreel.engines.tensor.NonFinite;
import dev.quantreel.engines.tensor.Shape;
import dev.quantreel.engines.tensor.Tensor;
import java.nio.file.Path;
import java.util.Map;
import java.util.Objects;
import java.util.Random;
import java.util.concurrent.CancellationException;
import java.util.concurrent.atomic.AtomicLong;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;

@SuppressWarnings("NullAway") // JUnit fills the folder
class CheckpointScanTest {

    @TempDir
    private Path folder;

    private static Tensor gaussian(long seed, int count, float sigma) {
        Random random = new Random(seed);
        float[] values = new float[count];
        for (int i = 0; i < count; i++) {
            values[i] = (float) random.nextGaussian() * sigma;
        }
        return Tensor.of(Shape.of(count), values);
    }

    private CheckpointFile file(Map<String, Tensor> tensors) {
        Path path = folder.resolve("m.safetensors");
        SafetensorsWriter.write(path, tensors, Map.of("a", "b"));
        return CheckpointFiles.open(path);
    }

    private static CheckpointScan.Result scan(CheckpointFile file) {
        return CheckpointScan.of(file, bytes -> {}, CancellationToken.NONE);
    }

    @Test
    void theDigestIsThatOfTheCheckpointAlsoBeyondOnePiece() {
        Tensor large = gaussian(1, 5_000_000, 1);
        try (CheckpointFile file = file(Map.of("large", large, "small", gaussian(2, 7, 1)))) {
            assertThat(scan(file).digest()).isEqualTo(file.digest());
        }
    }

    @ParameterizedTest
    @EnumSource(names = {"F32", "F16", "BF16"})
    void figuresAreThoseOfTheValuesAsStored(DType dtype) {
        float[] values = gaussian(3, 200_000, 0.02f).toFloatArray();
        values[17] = 0.9f;
        values[18] = -0.8f;
        Tensor stored = Conversions.fromF32(Tensor.of(Shape.of(values.length), values), dtype);
        float[] exact = Conversions.toFloatArray(stored);
        double variance = moment(exact, 2);

        try (CheckpointFile file = file(Map.of("w", stored))) {
            TensorStatistics figures =
                    Objects.requireNonNull(scan(file).statistics().get("w"));

            double tolerance = dtype == DType.BF16 ? 1e-6 : 0.03;
            assertThat(figures.count()).isEqualTo(values.length);
            assertThat(figures.tails().absmax()).isCloseTo(exact[17], within(exact[17] * tolerance));
            assertThat(figures.deviation())
                    .isCloseTo(Math.sqrt(variance), within(Math.sqrt(variance) * tolerance + 1e-6));
            double kurtosis = moment(exact, 4) / (variance * variance);
            assertThat(figures.tails().kurtosis()).isCloseTo(kurtosis, within(kurtosis * (tolerance + 1e-3)));
            assertThat(figures.tails().outlierRatio()).isEqualTo(2.0 / values.length);
        }
    }

    private static double moment(float[] values, int power) {
        double sum = 0;
        for (float value : values) {
            sum += Math.pow(value, power);
        }
        return sum / values.length;
    }

    @Test
    void theFirstNonFiniteWeightIsNamedWithItsPlace() {
        Tensor damaged = gaussian(4, 5_000_000, 1);
        damaged.data().set(Tensor.FLOAT, 4L * 4_999_999, Float.NaN);
        damaged.data().set(Tensor.FLOAT, 4L * 4_500_000, Float.NEGATIVE_INFINITY);

        try (CheckpointFile file = file(Map.of("a", gaussian(5, 100, 1), "w", damaged))) {
            assertThat(scan(file).damage()).contains(new NonFinite("w", 4_500_000, Double.NEGATIVE_INFINITY));
        }
    }

    @Test
    void integersHaveNoFigures() {
        try (CheckpointFile file = file(Map.of("w", gaussian(6, 10, 1), "ids", Tensor.ofLongs(Shape.of(2), 1, 2)))) {
            assertThat(scan(file).statistics()).containsOnlyKeys("w");
        }
    }

    @Test
    void everyByteIsReadOnceAndReported() {
        AtomicLong read = new AtomicLong();
        try (CheckpointFile file = file(Map.of("a", gaussian(7, 5_000_000, 1), "b", gaussian(8, 3, 1)))) {
            CheckpointScan.of(file, read::addAndGet, CancellationToken.NONE);

            assertThat(read.get()).isEqualTo(CheckpointScan.bytes(file)).isEqualTo(20_000_012);
        }
    }

    @Test
    void interruptionStopsBetweenPieces() {
        CancellationToken cancelled = new CancellationToken() {
            @Override
            public boolean cancelled() {
                return true;
            }

            @Override
            public Registration onCancel(Runnable hook) {
                return () -> {};
            }
        };
        try (CheckpointFile file = file(Map.of("a", gaussian(9, 10, 1)))) {
            assertThatExceptionOfType(CancellationException.class)
                    .isThrownBy(() -> CheckpointScan.of(file, bytes -> {}, cancelled));
        }
    }

    @Test
    void aHoleOfZerosIsFinite() {
        Path path = folder.resolve("sparse.safetensors");
        SafetensorsPlan.Type type = new SafetensorsPlan.Type(DType.BF16, Shape.of(3000, 4000));
        SafetensorsWriter.writeSparse(path, SafetensorsPlan.of("sparse", Map.of("w", type), Map.of()));

        try (CheckpointFile file = CheckpointFiles.open(path)) {
            CheckpointScan.Result result = scan(file);
            assertThat(result.damage()).isEmpty();
            assertThat(Objects.requireNonNull(result.statistics().get("w"))
                            .tails()
                            .zeroRatio())
                    .isEqualTo(1);
        }
    }
}
