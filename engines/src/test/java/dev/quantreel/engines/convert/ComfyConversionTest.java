package dev.quantreel.engines.convert;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatExceptionOfType;
import static org.assertj.core.api.Assertions.assertThatIllegalArgumentException;
import static org.assertj.core.api.Assertions.within;

import dev.quantreel.engines.checkpoint.CheckpointFile;
import dev.quantreel.engines.checkpoint.CheckpointFiles;
import dev.quantreel.engines.dit.TransformerCheckpoint;
import dev.quantreel.engines.dit.wan.TinyWan;
import dev.quantreel.engines.quant.LayerRule;
import dev.quantreel.engines.quant.QuantizationProgress;
import dev.quantreel.engines.runtime.CancellationToken;
import dev.quantreel.engines.safetensors.SafetensorsFile;
import dev.quantreel.engines.tensor.Checkpoint;
import dev.quantreel.engines.tensor.Conversions;
import dev.quantreel.engines.tensor.DType;
import dev.quantreel.engines.tensor.Shape;
import dev.quantreel.engines.tensor.Tensor;
import java.io.IOException;
import java.lang.foreign.ValueLayout;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.concurrent.CancellationException;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;

class ComfyConversionTest {

    private static final int LINEARS_OF_TWO_BLOCKS = 20;
    private static final int GROUP = 64;
    private static final int[][] H4 = {{1, 1, 1, -1}, {1, 1, -1, 1}, {1, -1, 1, 1}, {-1, 1, 1, 1}};

    private final Path folder;
    private final Path target;
    private final Checkpoint source = TinyWan.renamed(TinyWan.comfy(), name -> "model.diffusion_model." + name);

    ComfyConversionTest(@TempDir Path folder) {
        this.folder = folder;
        this.target = folder.resolve("out.safetensors");
    }

    private ComfyConversion.Report write(Checkpoint from, ComfyFormat format, String keep) {
        return ComfyConversion.write(
                from,
                target,
                new ComfyConversion.Settings(format, new LayerRule(keep)),
                QuantizationProgress.NONE,
                CancellationToken.NONE);
    }

    @ParameterizedTest
    @EnumSource(ComfyFormat.class)
    void resultReadsBackAsTheSameModelWithinTheErrorOfItsBits(ComfyFormat format) {
        ComfyConversion.Report report = write(source, format, "");

        assertThat(report.quantized()).isEqualTo(LINEARS_OF_TWO_BLOCKS);
        assertThat(report.kept()).isEmpty();
        assertThat(report.relativeError()).isBetween(0.0, format.bits() == 4 ? 0.12 : 0.008);
        try (CheckpointFile file = CheckpointFiles.open(target)) {
            assertThat(file.format().precision()).isEqualTo(format.id());
            assertThat(file.names()).containsExactlyInAnyOrderElementsOf(source.names());
            assertThat(TransformerCheckpoint.of(file).blockLinears()).hasSize(LINEARS_OF_TWO_BLOCKS);
            double errors = 0;
            double energy = 0;
            for (String name : source.names()) {
                float[] expected = Conversions.toFloatArray(source.tensor(name));
                float[] actual = Conversions.toFloatArray(file.tensor(name));
                boolean quantized = file.stored().contains(name.replaceFirst("weight$", "comfy_quant"));
                if (!quantized) {
                    assertThat(actual).as(name).isEqualTo(expected);
                }
                for (int i = 0; quantized && i < actual.length; i++) {
                    errors += Math.pow(actual[i] - expected[i], 2);
                    energy += expected[i] * expected[i];
                }
            }
            assertThat(Math.sqrt(errors / energy))
                    .isCloseTo(report.relativeError(), within(0.05 * report.relativeError()));
        }
    }

    @ParameterizedTest
    @EnumSource(ComfyFormat.class)
    void everyWeightIsThatOfThePublishedFormula(ComfyFormat format) {
        write(source, format, "");

        try (SafetensorsFile raw = SafetensorsFile.open(target);
                CheckpointFile decoded = CheckpointFiles.open(target)) {
            for (String name : raw.names()) {
                if (name.endsWith(".comfy_quant")) {
                    String layer = name.substring(0, name.length() - ".comfy_quant".length());
                    assertThat(text(raw.tensor(name))).isEqualTo(description(format));
                    double[] expected = byFormula(raw, layer, format);
                    float[] actual = Conversions.toFloatArray(decoded.tensor(layer + ".weight"));
                    for (int i = 0; i < expected.length; i++) {
                        assertThat((double) actual[i]).isCloseTo(expected[i], within(1e-6));
                    }
                }
            }
            assertThat(raw.metadata().get("_quantization_metadata"))
                    .contains("\"model.diffusion_model.blocks.1.ffn.2\":" + description(format));
        }
    }

    private static String text(Tensor tensor) {
        return new String(tensor.data().toArray(ValueLayout.JAVA_BYTE), StandardCharsets.UTF_8);
    }

    private static String description(ComfyFormat format) {
        return switch (format) {
            case CONVROT_W4A4 -> "{\"format\":\"convrot_w4a4\",\"convrot_groupsize\":64}";
            case INT8_CONVROT -> "{\"format\":\"int8_tensorwise\",\"convrot\":true,\"convrot_groupsize\":64}";
            case INT8_TENSORWISE -> "{\"format\":\"int8_tensorwise\"}";
        };
    }

    /// `W = H (q * s)` with the matrix written out; nothing of the product's own decoder.
    private static double[] byFormula(SafetensorsFile raw, String layer, ComfyFormat format) {
        Tensor codes = raw.tensor(layer + ".weight");
        Tensor scales = raw.tensor(layer + ".weight_scale");
        assertThat(codes.dtype()).isEqualTo(DType.I8);
        int rows = (int) codes.shape().dim(0);
        int columns = (int) codes.shape().dim(1) * (format == ComfyFormat.CONVROT_W4A4 ? 2 : 1);
        assertThat(scales.shape()).isEqualTo(format == ComfyFormat.CONVROT_W4A4 ? Shape.of(rows) : Shape.of(rows, 1));
        double[] weights = new double[rows * columns];
        for (int i = 0; i < weights.length; i++) {
            int code;
            if (format == ComfyFormat.CONVROT_W4A4) {
                int nibble = codes.data().get(ValueLayout.JAVA_BYTE, i / 2) >> (i % 2 == 0 ? 0 : 4) & 0xF;
                code = nibble > 7 ? nibble - 16 : nibble;
                assertThat(code).isBetween(-7, 7);
            } else {
                code = codes.data().get(ValueLayout.JAVA_BYTE, i);
                assertThat(code).isBetween(-127, 127);
            }
            weights[i] = code * (double) scales.data().get(Tensor.FLOAT, 4L * (i / columns));
        }
        return format == ComfyFormat.INT8_TENSORWISE ? weights : rotated(weights);
    }

    private static double[] rotated(double[] weights) {
        double[] rotated = new double[weights.length];
        for (int i = 0; i < weights.length; i++) {
            for (int j = 0; j < GROUP; j++) {
                int a = i % GROUP;
                int sign = H4[a / 16][j / 16] * H4[a / 4 % 4][j / 4 % 4] * H4[a % 4][j % 4];
                rotated[i] += sign * weights[i / GROUP * GROUP + j] / Math.sqrt(GROUP);
            }
        }
        return rotated;
    }

    @Test
    void keptLayersAndNamesOfAnotherLayoutStay() {
        Checkpoint diffusers = TinyWan.diffusers();

        ComfyConversion.Report report = write(diffusers, ComfyFormat.CONVROT_W4A4, "blocks\\.0\\.");

        assertThat(report.quantized()).isEqualTo(LINEARS_OF_TWO_BLOCKS / 2);
        assertThat(report.kept()).hasSize(LINEARS_OF_TWO_BLOCKS / 2).allMatch(name -> name.startsWith("blocks.0."));
        try (CheckpointFile file = CheckpointFiles.open(target)) {
            assertThat(file.names()).containsExactlyInAnyOrderElementsOf(diffusers.names());
            assertThat(TransformerCheckpoint.of(file).layout()).isEqualTo("diffusers");
        }
    }

    @Test
    void sameSourceGivesTheSameBytes() throws IOException {
        write(source, ComfyFormat.CONVROT_W4A4, "");
        byte[] first = Files.readAllBytes(target);
        write(source, ComfyFormat.CONVROT_W4A4, "");

        assertThat(Files.readAllBytes(target)).isEqualTo(first);
    }

    @Test
    void nothingRemainsOfACancelledConversion() throws IOException {
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

        assertThatExceptionOfType(CancellationException.class)
                .isThrownBy(() -> ComfyConversion.write(
                        source,
                        target,
                        new ComfyConversion.Settings(ComfyFormat.CONVROT_W4A4, LayerRule.ALL),
                        QuantizationProgress.NONE,
                        cancelled));
        try (Stream<Path> left = Files.list(folder)) {
            assertThat(left).isEmpty();
        }
    }

    @Test
    void damagedWeightsAndEmptySelectionsAreNamedAndLeaveNothing() throws IOException {
        String name = "model.diffusion_model.blocks.0.ffn.0.weight";
        Tensor broken = Tensor.zeros(DType.F32, source.shape(name));
        broken.data().set(Tensor.FLOAT, 4, Float.NaN);

        assertThatIllegalArgumentException()
                .isThrownBy(() -> write(TinyWan.with(source, name, broken), ComfyFormat.CONVROT_W4A4, ""))
                .withMessageContaining(name)
                .withMessageContaining("NaN");
        assertThatIllegalArgumentException()
                .isThrownBy(() -> write(source, ComfyFormat.CONVROT_W4A4, "."))
                .withMessageContaining("all were kept");
        assertThatIllegalArgumentException()
                .isThrownBy(() -> ComfyFormat.of("nvfp4"))
                .withMessageContaining("convrot_w4a4, int8_convrot, int8_tensorwise");
        try (Stream<Path> left = Files.list(folder)) {
            assertThat(left).isEmpty();
        }
    }
}
