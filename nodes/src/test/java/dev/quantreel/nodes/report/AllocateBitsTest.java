package dev.quantreel.nodes.report;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatExceptionOfType;
import static org.assertj.core.api.Assertions.within;

import dev.quantreel.engines.quant.LayerRule;
import dev.quantreel.engines.quant.QuantizedMatrix;
import dev.quantreel.nodes.DemoPipeline;
import dev.quantreel.nodes.measure.Candidate;
import dev.quantreel.nodes.measure.Scene;
import dev.quantreel.nodes.measure.Yardstick;
import dev.quantreel.nodes.quantize.ARQActivation;
import dev.quantreel.nodes.quantize.LayerPrecision;
import dev.quantreel.nodes.spi.NodeInputException;
import dev.quantreel.nodes.values.DiffusionModel;
import dev.quantreel.nodes.values.ModelAssembly;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Collection;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.concurrent.CancellationException;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class AllocateBitsTest {

    private final DemoPipeline demo;

    AllocateBitsTest(@TempDir Path root) throws Exception {
        this.demo = DemoPipeline.in(root);
    }

    @AfterEach
    void close() throws Exception {
        demo.context().close();
    }

    private DiffusionModel planned() throws Exception {
        return demo.arq(demo.bgr(demo.model(), 4), ARQActivation.Mode.AUTO, ARQActivation.Bits.EIGHT);
    }

    private AllocateBits.Outputs allocate(DiffusionModel model, double meanBits, String choices, boolean byRole)
            throws Exception {
        return allocate(model, meanBits, choices, byRole, AllocateBits.Measure.LAYER);
    }

    private AllocateBits.Outputs allocate(
            DiffusionModel model, double meanBits, String choices, boolean byRole, AllocateBits.Measure measure)
            throws Exception {
        return allocate(model, meanBits, choices, byRole, new Asked(measure, LayerUnit.LAYER, "", 1));
    }

    /// What is measured, and on what.
    private record Asked(AllocateBits.Measure measure, LayerUnit unit, String prompts, int noises) {}

    private AllocateBits.Outputs allocate(
            DiffusionModel model, double meanBits, String choices, boolean byRole, Asked asked) throws Exception {
        return new AllocateBits()
                .run(
                        new AllocateBits.Inputs(
                                model,
                                demo.prompt("a small green square moving up on a black background"),
                                demo.latent(),
                                meanBits,
                                choices,
                                byRole,
                                asked.measure(),
                                2,
                                1,
                                "r/bits",
                                asked.unit(),
                                Optional.of(demo.clip()),
                                asked.prompts(),
                                asked.noises()),
                        demo.context());
    }

    private Collection<QuantizedMatrix> matrices(DiffusionModel model) throws Exception {
        return ModelAssembly.weights(model, demo.context())
                .quantized()
                .orElseThrow()
                .matrices()
                .values();
    }

    private static double mean(Collection<QuantizedMatrix> matrices) {
        return matrices.stream()
                        .mapToDouble(m -> (double) m.bits() * m.rows() * m.columns())
                        .sum()
                / matrices.stream()
                        .mapToDouble(m -> (double) m.rows() * m.columns())
                        .sum();
    }

    @Test
    void theModelIsQuantizedAtTheMeanThatWasAsked() throws Exception {
        AllocateBits.Outputs out = allocate(planned(), 5, "8, 4", false);

        assertThat(out.meanBits()).isBetween(4.8, 5.0);
        Collection<QuantizedMatrix> matrices = matrices(out.model());
        assertThat(mean(matrices)).isCloseTo(out.meanBits(), within(1e-9));
        assertThat(matrices).extracting(QuantizedMatrix::bits).contains(4, 8).doesNotContain(5, 6, 7);
        assertThat(demo.context().folders().output().resolve("r/bits_00001_.noise.png"))
                .isNotEmptyFile();
    }

    @Test
    void eachRoleMeetsTheMeanByItself() throws Exception {
        AllocateBits.Outputs out = allocate(planned(), 5, "4, 5, 6, 8", true);
        var layers = ModelAssembly.weights(out.model(), demo.context())
                .quantized()
                .orElseThrow()
                .matrices();

        for (LayerRule.Role role :
                List.of(LayerRule.Role.SELF_ATTENTION, LayerRule.Role.CROSS_ATTENTION, LayerRule.Role.MLP)) {
            List<QuantizedMatrix> own = layers.entrySet().stream()
                    .filter(entry -> LayerRule.Role.of(entry.getKey()).equals(Optional.of(role)))
                    .map(entry -> entry.getValue())
                    .toList();
            assertThat(mean(own)).as(role.name()).isBetween(4.7, 5.0);
        }
    }

    @Test
    void theErrorOfTheModelsOutputFindsTheLayersThatMatterToIt() throws Exception {
        DiffusionModel model = planned();
        AllocateBits.Outputs out = allocate(model, 5, "4, 8", false, AllocateBits.Measure.MODEL);

        assertThat(out.meanBits()).isBetween(4.8, 5.0);
        assertThat(error(out.model())).isLessThan(0.9 * error(model));
        assertThat(out.rules()).isNotEqualTo(allocate(model, 5, "4, 8", false).rules());
    }

    private double error(DiffusionModel model) throws Exception {
        Scene scene = new Scene(
                demo.prompt("a large red circle moving left on a navy background"),
                Optional.empty(),
                demo.latent(),
                7,
                new Scene.Sampler(4, 1, 3, "euler", "linear"));
        return new Yardstick(scene, Candidate.fullPrecision(model), Optional.empty(), demo.context())
                .teacherForced(Candidate.of("tried", model)).stream()
                        .mapToDouble(Double::doubleValue)
                        .average()
                        .orElseThrow();
    }

    @Test
    void unitsOfLayersHaveTheSameBitsAndAreMeasuredOnceEach() throws Exception {
        DiffusionModel model = planned();
        for (LayerUnit unit : List.of(LayerUnit.BLOCK, LayerUnit.ROLE, LayerUnit.ROLE_IN_BLOCK)) {
            int before = kept().size();
            AllocateBits.Outputs out =
                    allocate(model, 6.5, "4, 8", false, new Asked(AllocateBits.Measure.MODEL, unit, "", 1));
            var bits = bits(out.model());
            var units = unit.of(List.copyOf(bits.keySet()));

            assertThat(units.size()).as(unit.toString()).isBetween(2, bits.size() - 1);
            assertThat(units.values()).allSatisfy(layers -> assertThat(
                            layers.stream().map(bits::get).distinct())
                    .hasSize(1));
            assertThat(bits.values()).contains(4, 8);
            assertThat(out.meanBits()).isBetween(4.0, 6.5);
            assertThat(kept().stream().skip(before).filter(line -> line.contains("noise:")))
                    .hasSize(units.size());
        }
    }

    private List<String> kept() throws Exception {
        Path file = demo.context().folders().output().resolve("r/bits.results.jsonl");
        return Files.exists(file) ? Files.readAllLines(file) : List.of();
    }

    private Map<String, Integer> bits(DiffusionModel model) throws Exception {
        Map<String, Integer> bits = new LinkedHashMap<>();
        ModelAssembly.weights(model, demo.context())
                .quantized()
                .orElseThrow()
                .matrices()
                .forEach((layer, matrix) -> bits.put(layer, matrix.bits()));
        return bits;
    }

    @Test
    void everyPromptAndNoiseIsMeasuredAndAStoppedMeasurementGoesOn() throws Exception {
        DiffusionModel model = planned();
        Asked asked = new Asked(
                AllocateBits.Measure.MODEL, LayerUnit.ROLE, "a large red circle moving left on a navy background\n", 2);
        demo.context().cancelAt("measuring cross attention 2/");
        assertThatExceptionOfType(CancellationException.class)
                .isThrownBy(() -> allocate(model, 6.5, "4, 8", false, asked));
        List<String> first = kept();
        assertThat(first.stream().filter(line -> line.contains("noise:"))).hasSize(4);

        demo.context().cancelAt("never");
        AllocateBits.Outputs out = allocate(model, 6.5, "4, 8", false, asked);

        assertThat(kept()).startsWith(first.toArray(String[]::new));
        assertThat(kept().stream().filter(line -> line.contains("noise:"))).hasSize(3 * 4);
        int lines = kept().size();
        assertThat(allocate(model, 6.5, "4, 8", false, asked).rules()).isEqualTo(out.rules());
        assertThat(kept()).hasSize(lines);
    }

    @Test
    void moreWantsAnEncoderAndUnitsThatEachRoleCanChooseAmong() throws Exception {
        DiffusionModel model = planned();

        for (LayerUnit unit : List.of(LayerUnit.BLOCK, LayerUnit.ROLE)) {
            assertThatExceptionOfType(NodeInputException.class)
                    .isThrownBy(
                            () -> allocate(model, 5, "4, 8", true, new Asked(AllocateBits.Measure.LAYER, unit, "", 1)))
                    .satisfies(e -> assertThat(e.port()).isEqualTo("byRole"))
                    .withMessageContaining("is on while unit is " + unit);
        }
    }

    @Test
    void theRulesSayTheSameToLayerRules() throws Exception {
        DiffusionModel model = planned();
        AllocateBits.Outputs out = allocate(model, 4.5, "3, 4, 6", true);

        DiffusionModel again = new LayerPrecision()
                .run(
                        new LayerPrecision.Inputs(model, LayerPrecision.Preset.NONE, out.rules(), 0, 0, 16, ""),
                        demo.context())
                .model();

        assertThat(again).isEqualTo(out.model());
    }

    @Test
    void whatCannotBeMetIsRefused() throws Exception {
        DiffusionModel model = planned();

        assertThatExceptionOfType(NodeInputException.class)
                .isThrownBy(() -> allocate(model, 3, "4, 8", true))
                .satisfies(e -> assertThat(e.port()).isEqualTo("meanBits"))
                .withMessageContaining("below that of the fewest bits, 4.0");
        assertThatExceptionOfType(NodeInputException.class)
                .isThrownBy(() -> allocate(model, 5, "4, nine", true))
                .satisfies(e -> assertThat(e.port()).isEqualTo("choices"))
                .withMessageContaining("'4, nine'");
        assertThatExceptionOfType(NodeInputException.class)
                .isThrownBy(() -> allocate(demo.model(), 5, "4, 8", true))
                .satisfies(e -> assertThat(e.port()).isEqualTo("model"));
    }
}
