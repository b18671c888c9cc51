package dev.quantreel.nodes.sampling;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatExceptionOfType;
import static org.assertj.core.api.Assertions.catchThrowableOfType;

import dev.quantreel.engines.memory.MachineMemory;
import dev.quantreel.nodes.DemoPipeline;
import dev.quantreel.nodes.sampling.EmptyVideoLatent.Space;
import dev.quantreel.nodes.spi.NodeInputException;
import dev.quantreel.nodes.testing.SampleRequest;
import dev.quantreel.nodes.values.Conditioning;
import dev.quantreel.nodes.values.DiffusionModel;
import dev.quantreel.nodes.values.Latent;
import dev.quantreel.nodes.values.LowNoiseModel;
import java.nio.file.Path;
import java.util.Locale;
import java.util.Optional;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class MemoryRefusalTest {

    private static final Pattern PEAK = Pattern.compile("needs ([0-9.]+) GB at its peak");

    private final DemoPipeline demo;
    private final DiffusionModel model;
    private final Conditioning prompt;

    MemoryRefusalTest(@TempDir Path root) throws Exception {
        this.demo = DemoPipeline.in(root);
        this.model = demo.model();
        this.prompt = demo.prompt("a large red circle moving right on a navy background");
    }

    @AfterEach
    void close() throws Exception {
        System.clearProperty(MachineMemory.PROPERTY);
        demo.context().close();
    }

    private SampleRequest request(int side, int frames) {
        Latent latent = new EmptyVideoLatent()
                .run(new EmptyVideoLatent.Inputs(side, side, frames, Space.WAN_21, Optional.empty()), demo.context())
                .latent();
        return new SampleRequest(model, prompt, latent).cfg(1).steps(2);
    }

    private static void limit(double gigabytes) {
        System.setProperty(MachineMemory.PROPERTY, String.format(Locale.ROOT, "%.3fg", gigabytes));
    }

    private NodeInputException refusal(SampleRequest request) {
        return catchThrowableOfType(NodeInputException.class, () -> request.run(demo.context()));
    }

    /// What a request needs, in GB, found by leaving it nothing.
    private double needed(SampleRequest request) {
        limit(0.001);
        Matcher peak = PEAK.matcher(refusal(request).getMessage());
        assertThat(peak.find()).isTrue();
        return Double.parseDouble(peak.group(1));
    }

    @Test
    void aVideoThatDoesNotFitIsRefusedWithThePlanAndWhatWouldFitBeforeTheModelIsOpened() {
        double large = needed(request(1024, 81));
        limit(large - 0.2);

        NodeInputException refused = refusal(request(1024, 81));

        assertThat(refused.port()).isEqualTo("latent");
        assertThat(refused.getMessage())
                .contains("the budget that was set")
                .contains("> sampling")
                .contains("activations", "program")
                .contains("It would fit with")
                .contains("instead of 21 latent frames")
                .contains("instead of 128 x 128 cells");
        assertThat(demo.context().loadedKeys()).noneMatch(key -> key.startsWith("dit:") || key.startsWith("weights:"));
    }

    @Test
    void whatWasOfferedIsAccepted() throws Exception {
        limit(needed(request(64, 13)) + 0.02);

        assertThat(request(64, 13).run(demo.context()).latent().samples().elements())
                .isPositive();
        assertThat(demo.context().statuses()).anyMatch(status -> status.startsWith("memory plan"));
    }

    @Test
    void nothingIsOfferedWhereNothingFits() {
        limit(0.001);

        assertThat(refusal(request(64, 13)).getMessage()).contains("Nothing smaller of this kind fits");
    }

    @Test
    void theSecondExpertIsCountedAndTakesTurnsWhereBothDoNotFit() throws Exception {
        LowNoiseModel low = new LowNoiseModel(demo.bgr(model, 4), 0.7, 1);
        double one = needed(request(64, 13));

        limit(one + 0.01);
        request(64, 13).lowNoise(low).run(demo.context());
        assertThat(demo.context().statuses())
                .anyMatch(status -> status.contains("(high-noise expert)") || status.contains("(low-noise expert)"))
                .anyMatch(status -> status.startsWith("closed ") && status.endsWith("to make room"));

        demo.context().statuses().clear();
        limit(10 * one);
        request(64, 13).lowNoise(low).run(demo.context());
        assertThat(demo.context().statuses())
                .anyMatch(status -> status.contains("high-noise expert, ") && status.contains("low-noise expert, "))
                .noneMatch(status -> status.endsWith("to make room"));
    }

    @Test
    void theDecoderOfPreviewsIsCounted() throws Exception {
        double without = needed(request(512, 13));
        double with = needed(request(512, 13).preview(demo.vae()));

        assertThat(with).isGreaterThan(without + 0.01);
        assertThatExceptionOfType(NodeInputException.class)
                .isThrownBy(() -> request(512, 13).preview(demo.vae()).run(demo.context()))
                .withMessageContaining("decoder of previews");
    }

    @Test
    void aTextEncoderThatDoesNotFitIsRefusedBeforeItIsOpened() {
        demo.context().resources().release(0);
        limit(0.001);

        assertThatExceptionOfType(NodeInputException.class)
                .isThrownBy(() -> demo.prompt("a blue square that no cache knows"))
                .satisfies(e -> assertThat(e.port()).isEqualTo("clip"))
                .withMessageContaining("> text encoder")
                .withMessageContaining("at its peak");
    }
}
