package dev.quantreel.engines.vae;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatExceptionOfType;
import static org.assertj.core.api.Assertions.assertThatIllegalArgumentException;

import dev.quantreel.engines.onnx.GoldenText;
import dev.quantreel.engines.runtime.CancellationToken;
import dev.quantreel.engines.runtime.Engine;
import dev.quantreel.engines.runtime.EngineProvider.EngineOptions;
import dev.quantreel.engines.runtime.ort.OrtEngineProvider;
import dev.quantreel.engines.safetensors.SafetensorsFile;
import dev.quantreel.engines.tensor.Checkpoint;
import dev.quantreel.engines.tensor.DType;
import dev.quantreel.engines.tensor.FloatWeights;
import dev.quantreel.engines.tensor.MemoryCheckpoint;
import dev.quantreel.engines.tensor.Shape;
import dev.quantreel.engines.tensor.Tensor;
import dev.quantreel.engines.tensor.UnsupportedCheckpointException;
import dev.quantreel.engines.testing.GoldenResource;
import java.io.IOException;
import java.util.LinkedHashMap;
import java.util.Map;
import java.util.Random;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;

class VaeDecoderTest {

    private static final CancellationToken NONE = CancellationToken.NONE;

    private final Engine engine = new OrtEngineProvider().create(EngineOptions.DEFAULTS);

    @AfterEach
    void close() {
        engine.close();
    }

    @Test
    void aSingleLatentFrameIsASinglePicture() {
        try (VaeDecoder decoder = VaeDecoder.open(engine, weights())) {
            assertThat(decoder.decode(latent(1), NONE).count()).isEqualTo(1);
        }
    }

    @Test
    void surplusRowsOfAGrowthConvolutionAreLeftOut() {
        Checkpoint weights = weights();
        Tensor grow = weights.tensor("decoder.7.conv.weight");
        long rows = grow.shape().dim(0);
        long width = grow.shape().dim(1);
        Tensor padded = Tensor.zeros(DType.F32, Shape.of(2 * rows, width, 1, 1));
        padded.data().asSlice(grow.data().byteSize()).copyFrom(grow.data());
        try (VaeDecoder decoder = VaeDecoder.open(engine, weights);
                VaeDecoder other = VaeDecoder.open(engine, with("decoder.7.conv.weight", padded))) {
            assertThat(other.decode(latent(2), NONE).rgb().toFloatArray())
                    .isEqualTo(decoder.decode(latent(2), NONE).rgb().toFloatArray());
        }
    }

    @Test
    void otherFilesAndLatentsAreRefusedByName() {
        Checkpoint wan = new MemoryCheckpoint(
                "wan2.1_t2v.safetensors", Map.of("blocks.0.self_attn.norm_q.weight", Tensor.scalar(0)), Map.of());
        assertThatExceptionOfType(UnsupportedCheckpointException.class)
                .isThrownBy(() -> VaeDecoder.open(engine, wan))
                .withMessageContainingAll("wan2.1_t2v.safetensors", "a Wan transformer", "taew2_1", "wan_2.1_vae");
        assertThatExceptionOfType(UnsupportedCheckpointException.class)
                .isThrownBy(() -> VaeDecoder.open(
                        engine, with("decoder.22.weight", Tensor.zeros(DType.F32, Shape.of(7, 4, 3, 3)))))
                .withMessageContainingAll("decoder.22.weight has 7 rows", "3, 12 or 48");
        try (VaeDecoder decoder = VaeDecoder.open(engine, weights())) {
            assertThatIllegalArgumentException()
                    .isThrownBy(() -> decoder.decode(Tensor.zeros(DType.F32, Shape.of(1, 4, 1, 2, 2)), NONE))
                    .withMessageContainingAll("[1x4x1x2x2]", "1x16xframes");
        }
    }

    @Test
    void theGraphIsThatOfItsDump() throws IOException {
        GoldenText.check("taehv-decoder", TaehvGraph.build(TaehvConfig.of(weights()), new FloatWeights(weights())));
    }

    private static Tensor latent(int frames) {
        Random random = new Random(9);
        float[] values = new float[16 * frames * 12];
        for (int i = 0; i < values.length; i++) {
            values[i] = (float) random.nextGaussian();
        }
        return Tensor.of(Shape.of(1, 16, frames, 3, 4), values);
    }

    private static Checkpoint with(String name, Tensor tensor) {
        Map<String, Tensor> tensors = new LinkedHashMap<>();
        weights().names().forEach(each -> tensors.put(each, weights().tensor(each)));
        tensors.put(name, tensor);
        return new MemoryCheckpoint("changed", tensors, Map.of());
    }

    private static Checkpoint weights() {
        SafetensorsFile golden = GoldenResource.open("taehv_narrow_dec.safetensors");
        Map<String, Tensor> weights = new LinkedHashMap<>();
        for (String name : golden.names()) {
            if (name.startsWith("w.")) {
                weights.put(name.substring(2), golden.tensor(name));
            }
        }
        return new MemoryCheckpoint("taehv", weights, golden.metadata());
    }
}
