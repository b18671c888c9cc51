package dev.quantreel.engines.checkpoint;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatExceptionOfType;

import dev.quantreel.engines.safetensors.SafetensorsWriter;
import dev.quantreel.engines.tensor.CheckpointException;
import dev.quantreel.engines.tensor.Conversions;
import dev.quantreel.engines.tensor.DType;
import dev.quantreel.engines.tensor.Shape;
import dev.quantreel.engines.tensor.Tensor;
import java.lang.foreign.MemorySegment;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.util.LinkedHashMap;
import java.util.Map;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

class DecodingTest {

    private final Path path;
    private final Map<String, Tensor> tensors = new LinkedHashMap<>();
    private final Map<String, String> metadata = new LinkedHashMap<>();

    DecodingTest(@TempDir Path folder) {
        this.path = folder.resolve("model.safetensors");
        tensors.put("l.bias", Tensor.of(Shape.of(2), 1, 2));
    }

    private static Tensor bytes(DType dtype, Shape shape, int... values) {
        byte[] bytes = new byte[values.length];
        for (int i = 0; i < bytes.length; i++) {
            bytes[i] = (byte) values[i];
        }
        return new Tensor(dtype, shape, MemorySegment.ofArray(bytes));
    }

    private static Tensor json(String text) {
        byte[] bytes = text.getBytes(StandardCharsets.UTF_8);
        return new Tensor(DType.U8, Shape.of(bytes.length), MemorySegment.ofArray(bytes));
    }

    /// 1, 2, 0.5, -1 in E4M3.
    private static Tensor fourFloats() {
        return bytes(DType.F8_E4M3, Shape.of(2, 2), 0x38, 0x40, 0x30, 0xB8);
    }

    private CheckpointFile open() {
        SafetensorsWriter.write(path, tensors, metadata);
        return CheckpointFiles.open(path);
    }

    private void refuses(String... parts) {
        assertThatExceptionOfType(CheckpointException.class)
                .isThrownBy(() -> open().close())
                .satisfies(e ->
                        assertThat(e.getMessage()).contains("model.safetensors").contains(parts));
    }

    private float[] weight(String name, String precision) {
        try (CheckpointFile file = open()) {
            assertThat(file.names()).containsExactlyInAnyOrder("l.weight", "l.bias");
            assertThat(file.format().precision()).isEqualTo(precision);
            assertThat(file.tensor(name).shape()).isEqualTo(file.shape(name));
            assertThat(file.tensor(name).dtype()).isEqualTo(file.dtype(name));
            return Conversions.toFloatArray(file.tensor(name));
        }
    }

    @Test
    void plainFp8IsItsOwnValueAndExactInBf16() {
        tensors.put("l.weight", fourFloats());

        assertThat(weight("l.weight", "fp8_e4m3fn")).containsExactly(1, 2, 0.5f, -1);
        try (CheckpointFile file = open()) {
            assertThat(file.dtype("l.weight")).isEqualTo(DType.BF16);
            assertThat(file.storedBytes("l.weight")).isEqualTo(4);
        }
    }

    @ParameterizedTest
    @ValueSource(strings = {"F8_E4M3", "F8_E5M2"})
    void everyPlainFp8CodeSurvives(DType dtype) {
        int[] all = new int[256];
        for (int i = 0; i < 256; i++) {
            all[i] = i;
        }
        tensors.put("l.weight", bytes(dtype, Shape.of(16, 16), all));

        assertThat(weight("l.weight", dtype == DType.F8_E4M3 ? "fp8_e4m3fn" : "fp8_e5m2"))
                .isEqualTo(Conversions.toFloatArray(tensors.get("l.weight")));
    }

    @Test
    void fp8ScaledIsMultipliedAndItsHelpersAreHidden() {
        tensors.put("scaled_fp8", Tensor.zeros(DType.F8_E4M3, Shape.of(0)));
        tensors.put("l.weight", fourFloats());
        tensors.put("l.scale_weight", Tensor.scalar(0.25f));
        tensors.put("l.scale_input", Tensor.scalar(3));

        assertThat(weight("l.weight", "fp8_scaled")).containsExactly(0.25f, 0.5f, 0.125f, -0.25f);
    }

    @Test
    void fp8ScaledWithoutItsScalesIsRefusedWithTheReason() {
        tensors.put("scaled_fp8", Tensor.zeros(DType.F8_E4M3, Shape.of(0)));
        tensors.put("l.weight", fourFloats());

        refuses("l.weight", "fp8_e4m3fn without its scale", "scaled_fp8", "l.scale_weight", "noise");
    }

    @Test
    void fp8WithAnActivationScaleAloneIsRefused() {
        tensors.put("l.weight", fourFloats());
        tensors.put("l.scale_input", Tensor.scalar(3));

        refuses("l.weight", "l.scale_input", "l.scale_weight");
    }

    @ParameterizedTest
    @ValueSource(strings = {"scale_weight", "weight_scale"})
    void matrixWithoutAScaleAmongScaledOnesOfItsBlocksIsRefused(String scale) {
        tensors.put("blocks.0.q.weight", fourFloats());
        tensors.put("blocks.0.q." + scale, Tensor.scalar(3));
        tensors.put("blocks.1.k.weight", fourFloats());

        refuses("'blocks.1.k.weight'", "without its scale", "blocks.0.q." + scale, "so that blocks.1.k." + scale);
    }

    @Test
    void scalesOfAnotherStackOrOfNoBlockPromiseNothing() {
        tensors.put("encoder.0.q.weight", fourFloats());
        tensors.put("encoder.0.q.scale_weight", Tensor.scalar(3));
        tensors.put("blocks.0.q.weight", fourFloats());
        tensors.put("head.weight", fourFloats());

        try (CheckpointFile file = open()) {
            assertThat(Conversions.toFloatArray(file.tensor("blocks.0.q.weight")))
                    .isEqualTo(Conversions.toFloatArray(file.tensor("head.weight")))
                    .containsExactly(1, 2, 0.5f, -1);
        }
    }

    @Test
    void markerOfOnePartDoesNotConcernTheOther() {
        tensors.put("text.scaled_fp8", Tensor.zeros(DType.F8_E4M3, Shape.of(0)));
        tensors.put("l.weight", fourFloats());

        assertThat(weight("l.weight", "fp8_e4m3fn")).containsExactly(1, 2, 0.5f, -1);
    }

    @Test
    void comfyQuantFp8ReadsItsScale() {
        tensors.put("l.weight", fourFloats());
        tensors.put("l.weight_scale", Tensor.scalar(2));
        tensors.put("l.input_scale", Tensor.scalar(9));
        tensors.put("l.comfy_quant", json("{\"format\": \"float8_e4m3fn\"}"));

        assertThat(weight("l.weight", "float8_e4m3fn")).containsExactly(2, 4, 1, -2);
    }

    @Test
    void fp8CodesInAByteContainerAreReadToo() {
        tensors.put("l.weight", bytes(DType.U8, Shape.of(2, 2), 0x38, 0x40, 0x30, 0xB8));
        tensors.put("l.weight_scale", Tensor.scalar(2));
        metadata.put("_quantization_metadata", "{\"layers\": {\"l\": {\"format\": \"float8_e4m3fn\"}}}");

        assertThat(weight("l.weight", "float8_e4m3fn")).containsExactly(2, 4, 1, -2);
    }

    @Test
    void int8HasOneScaleOrOnePerRow() {
        tensors.put("l.weight", bytes(DType.I8, Shape.of(2, 2), 1, -2, 3, -128));
        tensors.put("l.comfy_quant", json("{\"format\": \"int8_tensorwise\"}"));
        tensors.put("l.weight_scale", Tensor.scalar(0.5f));
        assertThat(weight("l.weight", "int8_tensorwise")).containsExactly(0.5f, -1, 1.5f, -64);

        tensors.put("l.weight_scale", Tensor.of(Shape.of(2, 1), 1, 10));
        assertThat(weight("l.weight", "int8_tensorwise")).containsExactly(1, -2, 30, -1280);
    }

    @Test
    void int8ConvrotIsRotatedBack() {
        // A row of H4 times 2 is what the unit vector rotates to.
        tensors.put("l.weight", bytes(DType.I8, Shape.of(2, 4), 1, 1, 1, -1, 1, 1, -1, 1));
        tensors.put("l.comfy_quant", json("""
                {"format": "int8_tensorwise", "convrot": true, "convrot_groupsize": 4}"""));
        tensors.put("l.weight_scale", Tensor.of(Shape.of(2, 1), 0.5f, 3));

        assertThat(weight("l.weight", "int8_convrot")).containsExactly(1, 0, 0, 0, 0, 6, 0, 0);
    }

    @Test
    void convrotW4a4UnpacksNibblesAndRotatesBack() {
        // Columns 3, 3, 3, -3 | 1, 1, 1, 1 in groups of 4; the even column is the low nibble.
        tensors.put("l.weight", bytes(DType.I8, Shape.of(1, 4), 0x33, 0xD3, 0x11, 0x11));
        tensors.put("l.comfy_quant", json("""
                {"format": "convrot_w4a4", "params": {"convrot_groupsize": 4}}"""));
        tensors.put("l.weight_scale", Tensor.of(Shape.of(1), 0.5f));
        tensors.put("l.bias", Tensor.of(Shape.of(1), 1));

        assertThat(weight("l.weight", "convrot_w4a4")).containsExactly(3, 0, 0, 0, 0.5f, 0.5f, 0.5f, 0.5f);
    }

    @ParameterizedTest
    @ValueSource(strings = {"nvfp4", "mxfp8", "svdquant_w4a4", "asym_w4a8_int8", "awq_w4a16"})
    void otherFormatsAreNamedWithWhatIsAccepted(String format) {
        tensors.put("l.weight", bytes(DType.U8, Shape.of(2, 2), 1, 2, 3, 4));
        tensors.put("l.weight_scale", Tensor.scalar(1));
        tensors.put("l.comfy_quant", json("{\"format\": \"" + format + "\"}"));

        refuses("l.weight", "'" + format + "'", "convrot_w4a4", "int8_tensorwise");
    }

    @Test
    void missingOrMisshapenScalesAreNamed() {
        tensors.put("l.weight", bytes(DType.I8, Shape.of(2, 2), 1, 2, 3, 4));
        tensors.put("l.comfy_quant", json("{\"format\": \"int8_tensorwise\"}"));
        refuses("l.weight", "without its scale", "l.weight_scale");

        tensors.put("l.weight_scale", Tensor.of(Shape.of(3), 1, 2, 3));
        refuses("l.weight_scale", "[3]", "2 rows of l.weight");

        tensors.put("l.weight_scale", Tensor.scalar(Float.NaN));
        refuses("l.weight_scale", "NaN");
    }

    @Test
    void brokenDescriptionsAreNamed() {
        tensors.put("l.weight", bytes(DType.I8, Shape.of(2, 2), 1, 2, 3, 4));
        tensors.put("l.weight_scale", Tensor.scalar(1));
        refuses("l.weight", "is I8", "l.comfy_quant", "_quantization_metadata");

        tensors.put("l.comfy_quant", json("{\"format\": "));
        refuses("l.comfy_quant", "not valid JSON");

        tensors.put("l.comfy_quant", json("{}"));
        refuses("'l'", "no format");

        tensors.put("l.comfy_quant", json("{\"format\": \"float8_e4m3fn\"}"));
        refuses("l.weight", "I8", "float8_e4m3fn");

        tensors.put(
                "l.comfy_quant",
                json("{\"format\": \"int8_tensorwise\", \"convrot\": true, \"convrot_groupsize\": 256}"));
        refuses("l.weight", "[2x2]", "256");

        tensors.put("l.comfy_quant", json("{\"format\": \"int8_tensorwise\"}"));
        metadata.put("_quantization_metadata", "{\"layers\": {\"other\": {\"format\": \"int8_tensorwise\"}}}");
        refuses("_quantization_metadata", "layer other", "other.weight");
    }

    @Test
    void packingsOfOtherToolsAreNamed() {
        tensors.put("l.weight.quant_state.bitsandbytes__nf4", Tensor.scalar(1));
        refuses("bitsandbytes");
        tensors.remove("l.weight.quant_state.bitsandbytes__nf4");

        tensors.put("l.qweight", bytes(DType.I32, Shape.of(1), 1, 2, 3, 4));
        refuses("l.qweight", "GPTQ or AWQ");
    }
}
