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
import java.nio.file.Path;
import java.util.Collection;
import java.util.List;
import java.util.Optional;
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
        return new AllocateBits()
                .run(
                        new AllocateBits.Inputs(
                                model,
                                demo.prompt("a small green square moving up on a black background"),
                                demo.latent(),
                                meanBits,
                                choices,
                                byRole,
                                measure,
                                2,
                                1,
                                "r/bits"),
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
