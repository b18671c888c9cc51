package dev.quantreel.engines.golden;

import static org.assertj.core.api.Assertions.assertThat;

import dev.quantreel.engines.dit.DiffusionTransformer;
import dev.quantreel.engines.dit.FloatLinears;
import dev.quantreel.engines.dit.WanCheckpoint;
import dev.quantreel.engines.runtime.CancellationToken;
import dev.quantreel.engines.runtime.Engine;
import dev.quantreel.engines.runtime.EngineProvider.EngineOptions;
import dev.quantreel.engines.runtime.ort.OrtEngineProvider;
import dev.quantreel.engines.sampling.SplitModel;
import dev.quantreel.engines.sampling.SplitModel.Branch;
import dev.quantreel.engines.tensor.Checkpoint;
import dev.quantreel.engines.tensor.FloatWeights;
import dev.quantreel.engines.tensor.MemoryCheckpoint;
import dev.quantreel.engines.tensor.Shape;
import dev.quantreel.engines.tensor.Tensor;
import dev.quantreel.engines.text.PromptTokenizer;
import dev.quantreel.engines.text.TextEncoder;
import dev.quantreel.engines.vae.VaeDecoder;
import dev.quantreel.engines.video.Frames;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.stream.Stream;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;

/// Runs every golden file of a known family found in the folder `-Dgolden.dir` (default: the files in the test
/// resources) and compares with what the reference implementations of diffusers, transformers, ComfyUI and TAEHV
/// computed from the same random weights.
class GoldenParityTest {

    private static final double TOLERANCE = 1e-4;
    private static final CancellationToken NONE = CancellationToken.NONE;

    private static Engine engine(EngineProvider provider) {
        return provider.create(EngineOptions.DEFAULTS);
    }

    static Stream<Path> files() throws IOException {
        Path folder = Path.of(System.getProperty("golden.dir", "src/test/resources/golden"));
        List<Path> found;
        try (Stream<Path> entries = Files.list(folder)) {
            found = entries.filter(path -> path.toString().endsWith(".safetensors"))
                    .filter(path -> !family(GoldenFile.open(path)).equals("unknown"))
                    .sorted()
                    .toList();
        }
        assertThat(found)
                .as("golden files of known families in " + folder.toAbsolutePath())
                .isNotEmpty();
        return found.stream();
    }

    @ParameterizedTest(name = "{0}")
    @MethodSource("files")
    void everyValueAgreesWithTheReference(Path path) {
        GoldenFile golden = GoldenFile.open(path);
        Map<String, Double> errors =
                switch (family(golden)) {
                    case "wan" -> wan(golden);
                    case "taehv" -> taehv(golden);
                    case "t5" -> t5(golden);
                    default -> throw new AssertionError(path);
                };
        errors.forEach((name, error) -> System.out.printf(
                "golden %-28s %-8s %6d values, max abs error %.2e%n",
                path.getFileName(), name, golden.tensor(name).elements(), error));
        assertThat(errors)
                .isNotEmpty()
                .allSatisfy((name, error) -> assertThat(error).as(name).isLessThan(TOLERANCE));
    }

    private static String family(GoldenFile golden) {
        if (golden.contains("w.head.modulation") || golden.contains("w.condition_embedder.time_proj.weight")) {
            return golden.tensor("in.t").shape().rank() == 1 ? "wan" : "unknown";
        }
        if (golden.contains("w.decoder.3.conv.0.weight") && golden.contains("out.y_ntchw")) {
            return "taehv";
        }
        if (golden.contains("w.shared.weight") && golden.contains("w.encoder.final_layer_norm.weight")) {
            return "t5";
        }
        return "unknown";
    }

    private static Map<String, Double> wan(GoldenFile golden) {
        Map<String, Double> errors = new LinkedHashMap<>();
        WanCheckpoint checkpoint = WanCheckpoint.of(golden.weights());
        try (DiffusionTransformer transformer = transformer(checkpoint)) {
            SplitModel model = transformer.bind(golden.tensor("in.context"), golden.tensor("in.context"));
            SplitModel.Prelude prelude =
                    model.prelude(golden.tensor("in.x"), golden.tensor("in.t").toFloatArray()[0], NONE);
            Tensor tokens = model.trunk(prelude, Branch.CONDITIONAL, 8, NONE);
            errors.put("out.y", GoldenFile.maxAbsoluteError(model.head(prelude, tokens, NONE), golden.tensor("out.y")));
        }
        for (int block = 0; golden.contains("mid.block" + block); block++) {
            String name = "mid.block" + block;
            try (DiffusionTransformer transformer = transformer(firstBlocks(checkpoint, block + 1))) {
                SplitModel model = transformer.bind(golden.tensor("in.context"), golden.tensor("in.context"));
                SplitModel.Prelude prelude = model.prelude(
                        golden.tensor("in.x"), golden.tensor("in.t").toFloatArray()[0], NONE);
                Tensor tokens = model.trunk(prelude, Branch.UNCONDITIONAL, 8, NONE);
                errors.put(name, GoldenFile.maxAbsoluteError(tokens, golden.tensor(name)));
            }
        }
        return errors;
    }

    private static Map<String, Double> taehv(GoldenFile golden) {
        Tensor expected = golden.tensor("out.y_ntchw");
        try (VaeDecoder decoder = VaeDecoder.open(engine, golden.weights())) {
            Tensor latent = transposed(golden.tensor("in.z_ntchw"), 0, 2, 1, 3, 4);
            Frames frames = decoder.decode(latent, NONE);
            Shape shape = frames.rgb().shape();
            Tensor actual = transposed(
                    frames.rgb().reshape(1, shape.dim(0), shape.dim(1), shape.dim(2), shape.dim(3)), 0, 1, 4, 2, 3);
            return Map.of("out.y_ntchw", GoldenFile.maxAbsoluteError(actual, expected));
        }
    }

    /// Compares the real tokens; what the reference leaves at masked positions is cut off by Wan's pipeline.
    private static Map<String, Double> t5(GoldenFile golden) {
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

    /// A copy with its axes in another order.
    private static Tensor transposed(Tensor tensor, int... order) {
        long[] dims = new long[order.length];
        long[] strides = new long[order.length];
        for (int i = 0; i < order.length; i++) {
            dims[i] = tensor.shape().dim(order[i]);
            strides[i] = 1;
            for (int axis = order[i] + 1; axis < order.length; axis++) {
                strides[i] *= tensor.shape().dim(axis);
            }
        }
        float[] source = tensor.toFloatArray();
        float[] target = new float[source.length];
        for (int flat = 0; flat < target.length; flat++) {
            long rest = flat;
            long offset = 0;
            for (int i = order.length - 1; i >= 0; i--) {
                offset += rest % dims[i] * strides[i];
                rest /= dims[i];
            }
            target[flat] = source[(int) offset];
        }
        return Tensor.of(Shape.of(dims), target);
    }

    private static DiffusionTransformer transformer(WanCheckpoint checkpoint) {
        return DiffusionTransformer.open(engine, checkpoint, new FloatLinears(new FloatWeights(checkpoint)));
    }

    /// The model cut off after its first blocks, whose trunk gives what they return.
    private static WanCheckpoint firstBlocks(Checkpoint checkpoint, int blocks) {
        Map<String, Tensor> tensors = new LinkedHashMap<>();
        for (String name : checkpoint.names()) {
            boolean later = name.startsWith("blocks.") && Integer.parseInt(name.split("\\.", -1)[1]) >= blocks;
            if (!later) {
                tensors.put(name, checkpoint.tensor(name));
            }
        }
        return WanCheckpoint.of(new MemoryCheckpoint(checkpoint.source(), tensors, checkpoint.metadata()));
    }
}
