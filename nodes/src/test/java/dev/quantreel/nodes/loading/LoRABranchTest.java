package dev.quantreel.nodes.loading;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatExceptionOfType;
import static org.assertj.core.api.Assertions.within;

import dev.quantreel.engines.quant.QuantizedMatrix;
import dev.quantreel.engines.quant.QuantizedWeights;
import dev.quantreel.engines.safetensors.SafetensorsWriter;
import dev.quantreel.engines.tensor.Conversions;
import dev.quantreel.engines.tensor.DType;
import dev.quantreel.engines.tensor.Shape;
import dev.quantreel.engines.tensor.Tensor;
import dev.quantreel.nodes.DemoPipeline;
import dev.quantreel.nodes.loading.LoadLoRA.Form;
import dev.quantreel.nodes.quantize.ARQActivation;
import dev.quantreel.nodes.quantize.SaveQuantizedModel;
import dev.quantreel.nodes.report.QuantizationReport;
import dev.quantreel.nodes.sampling.ExportONNX;
import dev.quantreel.nodes.spi.NodeInputException;
import dev.quantreel.nodes.values.DiffusionModel;
import dev.quantreel.nodes.values.ModelAssembly;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.LinkedHashMap;
import java.util.Map;
import java.util.Optional;
import java.util.Random;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;

class LoRABranchTest {

    private static final int DIM = 256;
    private static final int RANK = 4;
    private static final String FILE = "style.safetensors";
    private static final String LAYER = "blocks.0.self_attn.q";

    private final DemoPipeline demo;
    private final Path loras;

    LoRABranchTest(@TempDir Path root) throws Exception {
        this.demo = DemoPipeline.in(root);
        this.loras = Files.createDirectories(demo.context().folders().models("loras"));
        Map<String, Tensor> tensors = new LinkedHashMap<>();
        for (int block = 0; block < 2; block++) {
            for (String part : new String[] {"q", "k", "v", "o"}) {
                String layer = "lora_unet_blocks_%d_self_attn_%s".formatted(block, part);
                tensors.put(layer + ".lora_down.weight", random(block, RANK, DIM));
                tensors.put(layer + ".lora_up.weight", random(block + 7L, DIM, RANK));
            }
        }
        SafetensorsWriter.write(loras.resolve(FILE), tensors, Map.of());
    }

    private static Tensor random(long seed, int rows, int columns) {
        Random random = new Random(seed);
        float[] values = new float[rows * columns];
        for (int i = 0; i < values.length; i++) {
            values[i] = (float) (0.1 * random.nextGaussian());
        }
        return Conversions.fromF32(Tensor.of(Shape.of(rows, columns), values), DType.F16);
    }

    @AfterEach
    void close() throws Exception {
        demo.context().close();
    }

    private DiffusionModel load(DiffusionModel model, double strength, Form form) throws Exception {
        return new LoadLoRA()
                .run(new LoadLoRA.Inputs(model, FILE, strength, form), demo.context())
                .model();
    }

    private float[] sample(DiffusionModel model) throws Exception {
        return demo.sample(model).latent().samples().toFloatArray();
    }

    private DiffusionModel quantized(DiffusionModel model) {
        return demo.arq(demo.bgr(model, 4), ARQActivation.Mode.AUTO, ARQActivation.Bits.EIGHT);
    }

    private QuantizedWeights codes(DiffusionModel model) throws Exception {
        return ModelAssembly.weights(model, demo.context()).quantized().orElseThrow();
    }

    private static double relative(float[] actual, float[] expected) {
        double error = 0;
        double energy = 0;
        for (int i = 0; i < expected.length; i++) {
            error += Math.pow(actual[i] - expected[i], 2);
            energy += Math.pow(expected[i], 2);
        }
        return Math.sqrt(error / energy);
    }

    @Test
    void inFullPrecisionTheClipIsThatOfTheMergedLora() throws Exception {
        float[] plain = sample(demo.model());
        float[] merged = sample(load(demo.model(), 0.5, Form.MERGE));
        float[] branch = sample(load(demo.model(), 0.5, Form.BRANCH));

        assertThat(relative(merged, plain)).isGreaterThan(0.02);
        assertThat(relative(branch, merged)).isLessThan(1e-4);
        float[] twice = sample(load(load(demo.model(), 0.2, Form.BRANCH), 0.3, Form.BRANCH));
        assertThat(relative(twice, merged)).as("branches add up").isLessThan(1e-4);
    }

    @Test
    void anotherStrengthUsesTheSameCodesAndGivesAnotherClip() throws Exception {
        DiffusionModel plain = quantized(demo.model());
        DiffusionModel weak = load(plain, 0.25, Form.BRANCH);
        DiffusionModel strong = quantized(load(demo.model(), 1, Form.BRANCH));

        QuantizedMatrix codes = codes(plain).matrix(LAYER).orElseThrow();

        assertThat(codes(weak).matrix(LAYER).orElseThrow()).isSameAs(codes);
        assertThat(codes(strong).matrix(LAYER).orElseThrow()).isSameAs(codes);
        assertThat(codes(load(plain, 1, Form.MERGE)).matrix(LAYER).orElseThrow())
                .isNotSameAs(codes);
        float[] weakClip = sample(weak);
        assertThat(relative(weakClip, sample(plain))).isGreaterThan(0.01);
        assertThat(relative(sample(strong), weakClip)).isGreaterThan(0.01);
    }

    @Test
    void mergedLorasBeneathBranchesAreQuantized() throws Exception {
        DiffusionModel merged = quantized(load(demo.model(), 0.5, Form.MERGE));
        DiffusionModel both = load(merged, 0.5, Form.BRANCH);

        assertThat(codes(both).matrix(LAYER).orElseThrow())
                .isSameAs(codes(merged).matrix(LAYER).orElseThrow());
        assertThat(both.file().digest()).isNotEqualTo(merged.file().digest());
        assertThat(both.file().withoutBranches()).isEqualTo(merged.file());
    }

    @ParameterizedTest
    @EnumSource
    void exportedGraphsHoldTheBranches(ExportONNX.Operators operators) throws Exception {
        DiffusionModel model = load(quantized(demo.model()), 1, Form.BRANCH);
        for (ExportONNX.ActivationBits bits : ExportONNX.ActivationBits.values()) {
            String path = new ExportONNX()
                    .run(new ExportONNX.Inputs(model, "onnx/" + bits.name(), operators, bits), demo.context())
                    .path();

            String trunk = Files.readString(Path.of(path + ".trunk.onnx"), StandardCharsets.ISO_8859_1);

            assertThat(trunk).contains(LAYER + ".branch.down").contains(LAYER + ".branch.up");
        }
    }

    @Test
    void filesThatHoldWeightsAloneGetTheLoraMerged() throws Exception {
        String branch = save(load(demo.model(), 1, Form.BRANCH), "branch");
        String merged = save(load(demo.model(), 1, Form.MERGE), "merged");
        String plain = save(demo.model(), "plain");

        assertThat(Path.of(branch)).hasSameBinaryContentAs(Path.of(merged));
        assertThat(Files.mismatch(Path.of(branch), Path.of(plain))).isNotNegative();
    }

    @Test
    void reportCountsTheBytesOfTheBranches() throws Exception {
        DiffusionModel plain = quantized(demo.model());
        long bytes = codes(plain).memory().bytes();
        long branches = 8L * 2 * RANK * (DIM + DIM);

        double without = ratio(plain);
        double with = ratio(load(plain, 1, Form.BRANCH));

        assertThat(without / with).isCloseTo((double) (bytes + branches) / bytes, within(1e-9));
    }

    private double ratio(DiffusionModel model) throws Exception {
        return new QuantizationReport()
                .run(
                        new QuantizationReport.Inputs(model, Optional.empty(), Optional.empty(), 1, 0, "report/x"),
                        demo.context())
                .ratio();
    }

    private String save(DiffusionModel model, String name) throws Exception {
        return new SaveQuantizedModel()
                .run(
                        new SaveQuantizedModel.Inputs(model, SaveQuantizedModel.Format.INT8_CONVROT, name, ""),
                        demo.context())
                .path();
    }

    @Test
    void differencesOfFullSizeAreRefusedAtThePortAndMergeAllTheSame() throws Exception {
        SafetensorsWriter.write(
                loras.resolve("full.safetensors"),
                Map.of("diffusion_model." + LAYER + ".diff", random(3, DIM, DIM)),
                Map.of());
        LoadLoRA.Inputs branch = new LoadLoRA.Inputs(demo.model(), "full.safetensors", 1, Form.BRANCH);

        assertThatExceptionOfType(NodeInputException.class)
                .isThrownBy(() -> new LoadLoRA().run(branch, demo.context()))
                .withMessageContaining("full.safetensors")
                .withMessageContaining("no low-rank branch")
                .satisfies(e -> assertThat(e.port()).isEqualTo("file"));
        DiffusionModel merged = new LoadLoRA()
                .run(new LoadLoRA.Inputs(demo.model(), "full.safetensors", 1, Form.MERGE), demo.context())
                .model();
        assertThat(merged.file().loras()).hasSize(1);
        assertThat(merged.file().loras().getFirst().strength()).isCloseTo(1, within(0.0));
    }
}
