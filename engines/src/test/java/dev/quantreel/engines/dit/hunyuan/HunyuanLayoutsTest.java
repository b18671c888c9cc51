package dev.quantreel.engines.dit.hunyuan;

import static org.assertj.core.api.Assertions.assertThat;

import dev.quantreel.engines.dit.KeyLayout;
import dev.quantreel.engines.dit.TensorSlice;
import dev.quantreel.engines.dit.TinyTransformer;
import dev.quantreel.engines.dit.TransformerCheckpoint;
import dev.quantreel.engines.tensor.Checkpoint;
import dev.quantreel.engines.tensor.DType;
import dev.quantreel.engines.tensor.MemoryCheckpoint;
import dev.quantreel.engines.tensor.Shape;
import dev.quantreel.engines.tensor.Tensor;
import java.lang.foreign.MemorySegment;
import java.nio.FloatBuffer;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.stream.Stream;
import org.assertj.core.api.AbstractFloatArrayAssert;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.MethodSource;

class HunyuanLayoutsTest {

    private static final TinyTransformer TINY = new TinyTransformer("hunyuan_video_diffusers.safetensors", 3);
    private static final TinyTransformer TINY_15 = new TinyTransformer("hunyuan_video_15_i2v_diffusers.safetensors", 3);

    record Case(TinyTransformer tiny, KeyLayout layout) {
        @Override
        public String toString() {
            return tiny + " as " + layout.name();
        }
    }

    static Stream<Case> layouts() {
        return Stream.of(TINY, TINY_15)
                .flatMap(tiny -> tiny.checkpoint().family().layouts().stream().map(layout -> new Case(tiny, layout)));
    }

    /// The lists of diffusers come from its classes (`tools/reference/hunyuan_keys.py`), those of Tencent and ComfyUI
    /// were written by hand from their code.
    @ParameterizedTest
    @CsvSource({
        "hunyuan-video-original, original, 856, 12821012544, hunyuan-video",
        "hunyuan-video-comfyui, ComfyUI, 856, 12821012544, hunyuan-video",
        "hunyuan-video-diffusers, diffusers, 1264, 12821012544, hunyuan-video",
        "hunyuan-video-15-original, original, 1793, 8326608160, hunyuan-video-1.5",
        "hunyuan-video-15-repackaged, repackaged, 1361, 8326608160, hunyuan-video-1.5",
        "hunyuan-video-15-comfyui, ComfyUI, 1361, 8326608160, hunyuan-video-1.5",
        "hunyuan-video-15-diffusers, diffusers, 1801, 8326608160, hunyuan-video-1.5",
    })
    void realFilesAreRecognisedAndRenamingThereAndBackIsTheIdentity(
            String list, String layout, int tensors, long parameters, String release) {
        KeyList file = KeyList.of(list);
        TransformerCheckpoint checkpoint = TransformerCheckpoint.of(file);
        Map<String, Shape> back = new LinkedHashMap<>();
        Map<String, Integer> partsGiven = new LinkedHashMap<>();
        for (String canonical : checkpoint.names()) {
            TensorSlice slice = checkpoint.slice(canonical);
            back.put(slice.name(), whole(slice, checkpoint.shape(canonical)));
            partsGiven.merge(slice.name(), slice.count(), Integer::sum);
            assertThat(partsGiven.get(slice.name())).as(slice.name()).isLessThanOrEqualTo(slice.parts());
        }

        assertThat(file.names()).hasSize(tensors);
        assertThat(file.parameters()).isEqualTo(parameters);
        assertThat(checkpoint.layout()).isEqualTo(layout);
        assertThat(checkpoint.parameters()).isEqualTo(parameters);
        assertThat(back).containsExactlyInAnyOrderEntriesOf(file.shapes());
        assertThat(checkpoint.architecture())
                .isEqualTo(checkpoint.family().releases().get(release));
    }

    private static Shape whole(TensorSlice slice, Shape part) {
        long[] dims = part.toArray();
        dims[slice.axis()] = dims[slice.axis()] / slice.count() * slice.parts();
        return Shape.of(dims);
    }

    @ParameterizedTest
    @MethodSource("layouts")
    void everyLayoutOfTheSameWeightsReadsAsTheSameWeights(Case each) {
        TransformerCheckpoint expected = each.tiny.checkpoint();
        TransformerCheckpoint actual = TransformerCheckpoint.of(stored(expected, each.layout));

        assertThat(actual.layout()).isEqualTo(each.layout.name());
        assertThat(actual.architecture()).isEqualTo(expected.architecture());
        assertThat(actual.names()).isEqualTo(expected.names());
        for (String name : expected.names()) {
            assertThat(actual.tensor(name).toFloatArray())
                    .as(name)
                    .isEqualTo(expected.tensor(name).toFloatArray());
        }
    }

    /// The weights of diffusers' golden file, fused here by hand, are what Tencent's layout would hold.
    @Test
    void fusedMatricesHoldTheirPartsInTencentsOrder() {
        Checkpoint diffusers = TINY.stored();
        TransformerCheckpoint read = TINY.checkpoint();
        Checkpoint original = stored(read, read.family().layouts().getFirst());

        assertRows(diffusers, "transformer_blocks.1.attn.", List.of("to_q", "to_k", "to_v"))
                .isEqualTo(floats(original, "double_blocks.1.img_attn_qkv.weight"));
        assertRows(diffusers, "transformer_blocks.1.attn.", List.of("add_q_proj", "add_k_proj", "add_v_proj"))
                .isEqualTo(floats(original, "double_blocks.1.txt_attn_qkv.weight"));
        assertRows(
                        diffusers,
                        "single_transformer_blocks.1.",
                        List.of("attn.to_q", "attn.to_k", "attn.to_v", "proj_mlp"))
                .isEqualTo(floats(original, "single_blocks.1.linear1.weight"));
        assertThat(floats(original, "single_blocks.1.linear2.weight"))
                .isEqualTo(floats(diffusers, "single_transformer_blocks.1.proj_out.weight"));
        float[] scaleFirst = floats(diffusers, "norm_out.linear.bias");
        float[] shiftFirst = floats(original, "final_layer.adaLN_modulation.1.bias");
        for (int i = 0; i < 32; i++) {
            assertThat(shiftFirst[i]).isEqualTo(scaleFirst[i + 32]);
            assertThat(shiftFirst[i + 32]).isEqualTo(scaleFirst[i]);
        }
    }

    private static AbstractFloatArrayAssert<?> assertRows(Checkpoint file, String prefix, List<String> layers) {
        FloatBuffer joined = FloatBuffer.allocate(layers.stream()
                .mapToInt(layer -> floats(file, prefix + layer + ".weight").length)
                .sum());
        layers.forEach(layer -> joined.put(floats(file, prefix + layer + ".weight")));
        return assertThat(joined.array());
    }

    private static float[] floats(Checkpoint file, String name) {
        return file.tensor(name).toFloatArray();
    }

    /// Writes the weights as a layout keeps them.
    static Checkpoint stored(TransformerCheckpoint checkpoint, KeyLayout layout) {
        Map<String, Tensor> tensors = new LinkedHashMap<>();
        for (String canonical : checkpoint.names()) {
            TensorSlice slice = layout.locate(canonical);
            Tensor part = checkpoint.tensor(canonical);
            Tensor fused =
                    tensors.computeIfAbsent(slice.name(), name -> Tensor.zeros(DType.F32, whole(slice, part.shape())));
            long rows = slice.axis() == 0 ? 1 : part.shape().dim(0);
            long bytes = part.data().byteSize() / rows;
            long stride = fused.data().byteSize() / rows;
            long begin = bytes / slice.count() * slice.first();
            for (long row = 0; row < rows; row++) {
                MemorySegment.copy(part.data(), row * bytes, fused.data(), row * stride + begin, bytes);
            }
        }
        return new MemoryCheckpoint(checkpoint.source(), tensors, checkpoint.metadata());
    }

    /// Name in the file, axis, first part, parts taken, parts in all.
    @ParameterizedTest
    @CsvSource({
        "double_blocks.7.txt_attn.k.weight, double_blocks.7.txt_attn_qkv.weight 0 1 1 3",
        "single_blocks.39.linear1.mlp.bias, single_blocks.39.linear1.bias 0 3 4 7",
        "single_blocks.0.linear2.mlp.weight, single_blocks.0.linear2.weight 1 1 4 5",
        "single_blocks.0.linear2.attn.bias, single_blocks.0.linear2.bias 0 0 1 1",
        "single_blocks.0.norm.key_norm.scale, single_blocks.0.k_norm.weight 0 0 1 1",
        "double_blocks.0.img_attn.norm.query_norm.scale, double_blocks.0.img_attn_q_norm.weight 0 0 1 1",
        "txt_in.input_embedder.weight, txt_in.input_embedder.weight 0 0 1 1",
        "txt_in.t_embedder.out_layer.bias, txt_in.t_embedder.mlp.2.bias 0 0 1 1",
        "txt_in.c_embedder.in_layer.bias, txt_in.c_embedder.linear_1.bias 0 0 1 1",
        "vector_in.out_layer.weight, vector_in.out_layer.weight 0 0 1 1",
        "final_layer.adaLN_modulation.1.scale.weight, final_layer.adaLN_modulation.1.weight 0 1 1 2",
    })
    void theOriginalNamesAreThoseOfTencent(String canonical, String cut) {
        TensorSlice slice = HunyuanKeys.original(canonical);

        assertThat("%s %d %d %d %d".formatted(slice.name(), slice.axis(), slice.first(), slice.count(), slice.parts()))
                .isEqualTo(cut);
    }

    @ParameterizedTest
    @CsvSource({"shift, 1", "scale, 0"})
    void diffusersKeepsTheHalvesOfTheFinalModulationTheOtherWayRound(String half, int first) {
        assertThat(HunyuanKeys.diffusers("final_layer.adaLN_modulation.1." + half + ".bias", "time_embed"))
                .isEqualTo(TensorSlice.rows("norm_out.linear.bias", first, 1, 2));
    }
}
