package dev.quantreel.nodes.sampling;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatExceptionOfType;

import dev.quantreel.engines.dit.BranchConditioning;
import dev.quantreel.engines.dit.TransformerFacts;
import dev.quantreel.engines.dit.wan.WanConfig;
import dev.quantreel.engines.dit.wan.WanTransformer;
import dev.quantreel.engines.metrics.LatentMetrics;
import dev.quantreel.engines.sampling.Guidance;
import dev.quantreel.engines.sampling.SamplingTrace.Step;
import dev.quantreel.engines.sampling.Solver;
import dev.quantreel.engines.sampling.TorchNoise;
import dev.quantreel.engines.tensor.DType;
import dev.quantreel.engines.tensor.LatentSpace;
import dev.quantreel.engines.tensor.Shape;
import dev.quantreel.engines.tensor.Tensor;
import dev.quantreel.engines.text.PromptEmbedding;
import dev.quantreel.nodes.DemoPipeline;
import dev.quantreel.nodes.sampling.EmptyVideoLatent.Space;
import dev.quantreel.nodes.spi.NodeInputException;
import dev.quantreel.nodes.testing.SampleRequest;
import dev.quantreel.nodes.values.Conditioning;
import dev.quantreel.nodes.values.DiffusionModel;
import dev.quantreel.nodes.values.Latent;
import dev.quantreel.nodes.values.LowNoiseModel;
import java.nio.file.Path;
import java.util.List;
import java.util.Optional;
import java.util.OptionalDouble;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.FieldSource;

class SampleVideoTest {

    static final List<String> SAMPLERS = Solver.NAMES;

    private final DemoPipeline demo;
    private final DiffusionModel model;
    private final Conditioning prompt;

    SampleVideoTest(@TempDir Path root) throws Exception {
        this.demo = DemoPipeline.in(root);
        this.model = demo.model();
        this.prompt = demo.prompt("a large red circle moving right on a navy background");
    }

    @AfterEach
    void close() throws Exception {
        demo.context().close();
    }

    private SampleRequest request() {
        return new SampleRequest(model, prompt, demo.latent()).cfg(1);
    }

    private Tensor samples(SampleRequest request) throws Exception {
        return request.run(demo.context()).latent().samples();
    }

    @ParameterizedTest
    @FieldSource("SAMPLERS")
    void everySamplerMakesAboutTheSameVideo(String sampler) throws Exception {
        Tensor fine = samples(request().steps(40));
        Tensor sampled = samples(request().steps(20).sampler(sampler, "linear"));

        // LCM draws noise anew at each step: another video of the same prompt.
        double bound = sampler.equals("lcm") ? 1.5 : 0.25;
        assertThat(LatentMetrics.relativeL2(sampled, fine)).isLessThan(bound);
    }

    @Test
    void twoSamplersInARowAreOne() throws Exception {
        Tensor whole = samples(request());
        Latent half =
                request().section(0, 5).noise(true, true).run(demo.context()).latent();
        Tensor rest = samples(
                new SampleRequest(model, prompt, half).cfg(1).section(5, 10_000).noise(false, false));

        assertThat(LatentMetrics.relativeL2(rest, whole)).isLessThan(1e-5);
        Tensor cut = samples(request().section(0, 5));
        assertThat(LatentMetrics.relativeL2(cut, half.samples()))
                .as("without noise left the fifth step goes to the end")
                .isGreaterThan(0.05);
    }

    @Test
    void theLowNoiseModelTakesOverBelowTheBoundaryWithItsOwnGuidance() throws Exception {
        Tensor one = samples(request());
        SampleVideo.Outputs two =
                request().lowNoise(new LowNoiseModel(model, 0.7, 1)).run(demo.context());
        assertThat(two.latent().samples().data().mismatch(one.data()))
                .as("twice the same model")
                .isEqualTo(-1);

        List<Step> guided = request()
                .cfg(3)
                .negative(demo.prompt(""))
                .lowNoise(new LowNoiseModel(model, 0.7, 1))
                .run(demo.context())
                .trace()
                .steps()
                .steps();
        for (Step step : guided) {
            assertThat(step.unconditional().name().equals("ABSENT"))
                    .as("timestep " + step.timestep())
                    .isEqualTo(step.timestep() < 700);
        }
    }

    @Test
    void onePassOfBothBranchesMakesTheVideoOfTwo() throws Exception {
        SampleRequest guided = request().cfg(4).negative(demo.prompt("a blue square"));
        SampleVideo.Outputs serial = guided.passes("serial").run(demo.context());
        SampleVideo.Outputs batched = guided.passes("batched").run(demo.context());

        assertThat(LatentMetrics.relativeL2(
                        batched.latent().samples(), serial.latent().samples()))
                .isLessThan(1e-5);
        assertThat(batched.trace().steps().trunkPasses()).isEqualTo(16);
        assertThat(samples(request().passes("batched")).shape())
                .as("without guidance there is one branch")
                .isEqualTo(serial.latent().samples().shape());
    }

    @Test
    void autoLeavesPassesSerialWhereOnePassDoesNotFitOrGainsNothing() throws Exception {
        SampleVideo.Inputs in = request().cfg(4).negative(demo.prompt("")).inputs();
        BranchConditioning branch = BranchConditioning.of(TorchNoise.gaussian(1, Shape.of(1, 4, 8)));

        assertThat(new PassChoice(in, demo.context(), false).guidance(model, 4, branch, branch))
                .isEqualTo(Guidance.serial(4));
        assertThat(demo.context().statuses()).anyMatch(status -> status.contains("one pass would not fit"));
        assertThat(new PassChoice(in, demo.context(), true).guidance(model, 4, branch, branch))
                .isEqualTo(new Guidance(4, Guidance.Passes.BATCHED));
        Latent large = new Latent(Tensor.zeros(DType.F32, Shape.of(1, 16, 2, 24, 24)));
        SampleVideo.Inputs long288 = new SampleRequest(model, prompt, large).inputs();
        assertThat(new PassChoice(long288, demo.context(), true).guidance(model, 4, branch, branch))
                .isEqualTo(Guidance.serial(4));
        assertThat(demo.context().statuses()).anyMatch(status -> status.contains("no time at 288 tokens"));
        assertRejected("guidancePasses", request().passes("both"), "'both'", "auto, serial, batched");
    }

    @Test
    void branchesThatCannotShareAPassAreRefusedByNameAndAutoKeepsThemApart() throws Exception {
        BranchConditioning given = new BranchConditioning(
                PromptEmbedding.of(TorchNoise.gaussian(1, Shape.of(1, 4, 8))),
                Optional.of(new BranchConditioning.Image(Optional.empty(), Optional.empty(), 1)),
                OptionalDouble.empty());
        BranchConditioning free = BranchConditioning.of(TorchNoise.gaussian(1, Shape.of(1, 4, 8)));

        assertThatExceptionOfType(NodeInputException.class)
                .isThrownBy(() -> new PassChoice(request().passes("batched").inputs(), demo.context(), true)
                        .guidance(model, 4, given, free))
                .withMessageContainingAll("different timesteps", "accepted are serial and auto");
        assertThat(new PassChoice(request().passes("auto").inputs(), demo.context(), true)
                        .guidance(model, 4, given, free))
                .isEqualTo(Guidance.serial(4));
    }

    @Test
    void modelsOfDifferentKindsAreNoPair() {
        DiffusionModel other = new DiffusionModel(
                model.file(),
                new WanTransformer(new WanConfig(36, 16, 256, 1024, 8, 4, 128, 256, 16, 0, false)),
                model.weights(),
                model.activations(),
                model.additions(),
                model.execution());
        assertRejected("lowNoise", request().lowNoise(new LowNoiseModel(other, 0.9, 1)), "Wan 2.2 I2V", "accepted");
        assertRejected(
                "positive", new SampleRequest(other, prompt, demo.latent()).cfg(1), "no image", "Image To Video");
    }

    @Test
    void aLatentOfAnotherSpaceIsNamedAlthoughItHasAsManyChannels() {
        Latent hunyuan = new EmptyVideoLatent()
                .run(new EmptyVideoLatent.Inputs(64, 64, 13, Space.HUNYUAN_VIDEO, Optional.empty()), demo.context())
                .latent();
        assertRejected(
                "latent", new SampleRequest(model, prompt, hunyuan).cfg(1), "HunyuanVideo", "Wan 2.1", "Empty Video");
    }

    @Test
    void theResultIsOfTheModelsSpaceAlsoWhereTheGivenLatentHasNone() throws Exception {
        Latent unknown = new Latent(demo.latent().samples());

        assertThat(new SampleRequest(model, prompt, unknown)
                        .steps(1)
                        .cfg(1)
                        .run(demo.context())
                        .latent()
                        .space())
                .contains(LatentSpace.WAN_21);
    }

    @Test
    void emptySectionsAndUnknownSamplersAreNamed() {
        assertRejected("startStep", request().section(8, 10_000), "is 8", "number of steps, 8");
        assertRejected("startStep", request().section(3, 3), "endStep, which is 3");
        assertRejected("sampler", request().sampler("heun", "linear"), "'heun'", "uni_pc");
    }

    @Test
    void autoIsWhatWansAuthorsTakeAndAShiftOf0Theirs() throws Exception {
        Tensor auto = samples(request().sampler("auto", "auto").shift(0));
        Tensor named = samples(request().sampler("wan_unipc", "unipc").shift(5));

        assertThat(auto.data().mismatch(named.data())).isEqualTo(-1);
        assertThat(demo.context().statuses())
                .anyMatch(status -> status.contains("cfg 5, shift 5, wan_unipc on unipc levels"));
    }

    @ParameterizedTest
    @CsvSource({
        "WAN_22, 1280, 704, 121, 48x31x44x80",
        "LTX_VIDEO, 768, 512, 97, 128x13x16x24",
        "HUNYUAN_VIDEO_15, 848, 480, 121, 32x31x30x53",
        "STABLE_DIFFUSION, 512, 512, 16, 4x16x64x64"
    })
    void latentsHaveTheGridOfTheirModel(Space space, int width, int height, int frames, String expected) {
        Latent latent = new EmptyVideoLatent()
                .run(new EmptyVideoLatent.Inputs(width, height, frames, space, Optional.empty()), demo.context())
                .latent();

        assertThat(latent.samples().shape().toString()).isEqualTo("[1x" + expected + "]");
        assertThat(latent.space().map(LatentSpace::title)).contains(space.toString());
    }

    @Test
    void aConnectedModelTellsWhatFits() {
        Latent latent = new EmptyVideoLatent()
                .run(new EmptyVideoLatent.Inputs(64, 64, 13, Space.LTX_VIDEO, Optional.of(model)), demo.context())
                .latent();
        TransformerFacts.Latent facts = model.facts().latent();

        assertThat(latent.samples().shape().dim(1)).isEqualTo(facts.channels());
        assertThat(latent.space()).contains(facts.space());
        assertThatExceptionOfType(NodeInputException.class)
                .isThrownBy(() -> new EmptyVideoLatent.Inputs(64, 64, 12, Space.LTX_VIDEO, Optional.of(model)))
                .withMessageContaining(model.facts().variant());
    }

    private void assertRejected(String port, SampleRequest request, String... parts) {
        assertThatExceptionOfType(NodeInputException.class)
                .isThrownBy(() -> request.run(demo.context()))
                .satisfies(e -> assertThat(e.port()).isEqualTo(port))
                .satisfies(e -> assertThat(e.getMessage()).contains(parts));
    }
}
