package dev.quantreel.nodes.quantize;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatExceptionOfType;
import static org.assertj.core.api.Assumptions.assumeThat;

import dev.quantreel.engines.torch.TorchEngine;
import dev.quantreel.nodes.DemoPipeline;
import dev.quantreel.nodes.spi.NodeInputException;
import dev.quantreel.nodes.values.DiffusionModel;
import dev.quantreel.nodes.values.ModelAssembly;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Optional;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class TrainErrorEstimateTest {

    private final DemoPipeline demo;

    TrainErrorEstimateTest(@TempDir Path root) throws Exception {
        assumeThat(TorchEngine.obstacle()).isEmpty();
        this.demo = DemoPipeline.in(root);
    }

    @AfterEach
    void close() throws Exception {
        demo.context().close();
    }

    private TrainErrorEstimate.Outputs train(DiffusionModel model, int steps) throws Exception {
        return new TrainErrorEstimate()
                .run(
                        new TrainErrorEstimate.Inputs(
                                model,
                                new WatchedVideos(
                                        demo.prompt("a small blue ring moving up on a gray background"),
                                        Optional.empty(),
                                        demo.latent(),
                                        4,
                                        1,
                                        3,
                                        7),
                                1,
                                steps,
                                0.02,
                                100,
                                4,
                                "training/test",
                                16),
                        demo.context());
    }

    private DiffusionModel w3a6() throws Exception {
        return demo.arq(demo.bgr(demo.model(), 3), ARQActivation.Mode.AUTO, ARQActivation.Bits.SIX);
    }

    @Test
    void aTrainedModelHasBranchesAndItsStateIsTakenUpAgain() throws Exception {
        DiffusionModel plain = w3a6();
        TrainErrorEstimate.Outputs out = train(plain, 3);

        assertThat(out.report()).contains("up to the last blocks", "->", "of 40 layers have a branch");
        assertThat(out.plot().frames().count()).isEqualTo(1);
        assertThat(demo.context().folders().output().resolve("training/test.state.safetensors"))
                .isRegularFile();
        assertThat(ModelAssembly.weights(out.model(), demo.context())
                        .lease()
                        .branches()
                        .byLayer())
                .isNotEmpty();
        DiffusionModel again = train(plain, 3).model();
        assertThat(again.file().digest()).isEqualTo(out.model().file().digest());

        assertThatExceptionOfType(NodeInputException.class)
                .isThrownBy(() -> train(plain, 4))
                .withMessageContainingAll("another settings", "delete it")
                .satisfies(e -> assertThat(e.port()).isEqualTo("filenamePrefix"));
        assertThatExceptionOfType(NodeInputException.class)
                .as("another quantization behind the trained estimate")
                .isThrownBy(() -> ModelAssembly.weights(demo.bgr(out.model(), 4), demo.context()))
                .withMessageContaining("goes behind all nodes");
    }

    @Test
    void aDamagedStateIsNamedByItsInput() throws Exception {
        Path state = demo.context().folders().output().resolve("training/test.state.safetensors");
        Files.createDirectories(state.getParent());
        Files.writeString(state, "nonsense");
        DiffusionModel model = w3a6();

        assertThatExceptionOfType(NodeInputException.class)
                .isThrownBy(() -> train(model, 3))
                .withMessageContainingAll("test.state.safetensors", "damaged")
                .satisfies(e -> assertThat(e.port()).isEqualTo("filenamePrefix"));
    }

    @Test
    void fullPrecisionIsRefusedByPort() throws Exception {
        DiffusionModel full = demo.model();

        assertThatExceptionOfType(NodeInputException.class)
                .isThrownBy(() -> train(full, 3))
                .withMessageContaining("full precision")
                .satisfies(e -> assertThat(e.port()).isEqualTo("model"));
    }
}
