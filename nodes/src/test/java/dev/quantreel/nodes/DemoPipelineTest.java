package dev.quantreel.nodes;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatExceptionOfType;

import dev.quantreel.engines.cache.StepWindow;
import dev.quantreel.engines.metrics.LatentMetrics;
import dev.quantreel.engines.metrics.Psnr;
import dev.quantreel.engines.sampling.SamplingTrace;
import dev.quantreel.engines.schedule.Alternating;
import dev.quantreel.engines.tensor.Tensor;
import dev.quantreel.engines.video.Frames;
import dev.quantreel.engines.video.VideoMetadata;
import dev.quantreel.engines.video.VideoReader;
import dev.quantreel.nodes.quantize.ARQActivation;
import dev.quantreel.nodes.quantize.MinMaxQuantize;
import dev.quantreel.nodes.sampling.SampleVideo;
import dev.quantreel.nodes.spi.WorkflowMetadata;
import dev.quantreel.nodes.values.BitPlan;
import dev.quantreel.nodes.values.CachePlan;
import dev.quantreel.nodes.values.DiffusionModel;
import dev.quantreel.nodes.values.Pictures;
import dev.quantreel.nodes.video.FileKind;
import dev.quantreel.nodes.video.SaveVideo;
import java.nio.file.Path;
import java.util.List;
import java.util.Optional;
import java.util.concurrent.CancellationException;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class DemoPipelineTest {

    private final DemoPipeline demo;

    DemoPipelineTest(@TempDir Path root) throws Exception {
        this.demo = DemoPipeline.in(root);
    }

    @BeforeEach
    void runsInsideAWorkflow() {
        demo.context()
                .running(new WorkflowMetadata(Optional.of("{\"1\":{\"class_type\":\"LoadDiT\"}}"), Optional.empty()));
    }

    @AfterEach
    void close() throws Exception {
        demo.context().close();
    }

    private DiffusionModel dvdQuant(ARQActivation.Bits bits) throws Exception {
        return demo.arq(demo.bgr(demo.model(), 4), ARQActivation.Mode.AUTO, bits);
    }

    @Test
    void theQuantizedVideoIsCloseToFullPrecisionAndReadableFromItsFile() throws Exception {
        Pictures reference = demo.decode(demo.sample(demo.model()).latent());
        Pictures quantized =
                demo.decode(demo.sample(dvdQuant(ARQActivation.Bits.FOUR)).latent());
        Pictures minMax = demo.decode(demo.sample(demo.minMax(demo.model(), MinMaxQuantize.ActivationBits.FOUR))
                .latent());
        SaveVideo.Outputs saved =
                new SaveVideo().run(new SaveVideo.Inputs(quantized, "demo", FileKind.MP4, 8, 90, 0), demo.context());

        double psnr = Psnr.of(reference.frames(), quantized.frames()).ofFrames();
        double baseline = Psnr.of(reference.frames(), minMax.frames()).ofFrames();
        System.out.printf("DVD-Quant W4A4 %.1f dB, MinMax W4A4 per tensor %.1f dB%n", psnr, baseline);
        assertThat(psnr).isGreaterThan(15).isGreaterThan(baseline + 1);
        Path file = saved.video().files().getFirst();
        Frames read = new VideoReader().read(file).frames();
        assertThat(List.of(read.count(), read.width(), read.height())).containsExactly(13, 256, 256);
        assertThat(VideoMetadata.read(file)).containsKey("prompt");
    }

    @Test
    void theOrderOfQuantizeNodesDoesNotMatter() throws Exception {
        DiffusionModel model = demo.model();
        DiffusionModel bgrFirst = demo.arq(demo.bgr(model, 4), ARQActivation.Mode.TOKEN, ARQActivation.Bits.EIGHT);
        DiffusionModel arqFirst = demo.bgr(demo.arq(model, ARQActivation.Mode.TOKEN, ARQActivation.Bits.EIGHT), 4);

        assertThat(bgrFirst).isEqualTo(arqFirst);
        assertThat(bgrFirst.precision()).isEqualTo("W4A8");
    }

    @Test
    void weightsAreQuantizedOnceWithProgressAndReused() throws Exception {
        demo.sample(dvdQuant(ARQActivation.Bits.FOUR));
        List<String> first = quantizing();
        demo.sample(dvdQuant(ARQActivation.Bits.EIGHT));

        assertThat(first)
                .isNotEmpty()
                .allMatch(status -> status.matches("quantizing (blocks|time_projection)\\.\\S+ \\d+/\\d+"));
        assertThat(quantizing()).as("8 bits use the same weights").isEqualTo(first);
    }

    private List<String> quantizing() {
        return demo.context().statuses().stream()
                .filter(status -> status.startsWith("quantizing"))
                .toList();
    }

    @Test
    void quantizingCanBeInterrupted() throws Exception {
        DiffusionModel model = dvdQuant(ARQActivation.Bits.FOUR);
        demo.context().cancelAt("quantizing blocks.0.self_attn.k");

        assertThatExceptionOfType(CancellationException.class).isThrownBy(() -> demo.sample(model));
        assertThat(quantizing().size()).isLessThan(5);
    }

    @Test
    void teaCacheSkipsStepsAndStaysClose() throws Exception {
        DiffusionModel model = demo.model();
        SampleVideo.Outputs every = demo.sample(model);
        SampleVideo.Outputs cached = demo.sample(
                model, Optional.empty(), Optional.of(new CachePlan.Tea(Optional.empty(), false, 0.5, StepWindow.ALL)));
        SamplingTrace trace = cached.trace().steps();

        assertThat(trace.reusedPasses()).isBetween(2L, 12L);
        assertThat(trace.steps().getFirst().isComputed()).isTrue();
        assertThat(trace.steps().getLast().isComputed()).isTrue();
        assertThat(every.trace().steps().reusedPasses()).isZero();
        Tensor reference = every.latent().samples();
        assertThat(LatentMetrics.relativeL2(cached.latent().samples(), reference))
                .isBetween(1e-4, 0.6);
    }

    @Test
    void theBitScheduleSwitchesBitsStepByStep() throws Exception {
        DiffusionModel model = dvdQuant(ARQActivation.Bits.FOUR);
        SampleVideo.Outputs switched =
                demo.sample(model, Optional.of(new BitPlan(new Alternating(4, 8), "ABS")), Optional.empty());
        SampleVideo.Outputs low = demo.sample(model);

        assertThat(switched.trace().steps().steps())
                .extracting(SamplingTrace.Step::activationBits)
                .containsExactly(8, 4, 8, 4, 8, 4, 8, 4);
        assertThat(switched.trace().steps().meanActivationBits()).isEqualTo(6);
        assertThat(low.trace().steps().meanActivationBits()).isEqualTo(4);
        assertThat(LatentMetrics.relativeL2(
                        switched.latent().samples(), low.latent().samples()))
                .isGreaterThan(1e-3);
    }

    @Test
    void samplingReportsProgressAndPreviews() throws Exception {
        demo.sample(demo.model());

        assertThat(demo.context().statuses()).contains("step 1/8", "step 8/8");
        assertThat(demo.context().previews()).hasSize(8);
        assertThat(demo.context().previews().getLast().getWidth()).isEqualTo(256);
    }

    @Test
    void freeingMemoryBetweenNodesDoesNotBreakValuesOnLinks() throws Exception {
        DiffusionModel model = dvdQuant(ARQActivation.Bits.FOUR);
        SampleVideo.Outputs first = demo.sample(model);
        demo.context().close();
        SampleVideo.Outputs second = demo.sample(model);

        assertThat(second.latent().samples().toFloatArray())
                .isEqualTo(first.latent().samples().toFloatArray());
    }
}
