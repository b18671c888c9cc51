package dev.quantreel.nodes;

import dev.quantreel.nodes.loading.EncoderOptions;
import dev.quantreel.nodes.loading.LoadDiT;
import dev.quantreel.nodes.loading.LoadTextEncoder;
import dev.quantreel.nodes.loading.LoadVAE;
import dev.quantreel.nodes.quantize.ARQActivation;
import dev.quantreel.nodes.quantize.BGRQuantize;
import dev.quantreel.nodes.quantize.MinMaxQuantize;
import dev.quantreel.nodes.quantize.RotatedInputs;
import dev.quantreel.nodes.quantize.RotationChoice;
import dev.quantreel.nodes.sampling.EmptyVideoLatent;
import dev.quantreel.nodes.sampling.EncodePrompt;
import dev.quantreel.nodes.sampling.SampleVideo;
import dev.quantreel.nodes.testing.SampleRequest;
import dev.quantreel.nodes.testing.TestContext;
import dev.quantreel.nodes.values.BitPlan;
import dev.quantreel.nodes.values.CachePlan;
import dev.quantreel.nodes.values.Conditioning;
import dev.quantreel.nodes.values.DiffusionModel;
import dev.quantreel.nodes.values.Latent;
import dev.quantreel.nodes.values.Pictures;
import dev.quantreel.nodes.values.TextModel;
import dev.quantreel.nodes.values.VideoDecoder;
import dev.quantreel.nodes.video.DecodeVAE;
import dev.quantreel.nodes.video.Tiles;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Optional;
import java.util.stream.Stream;

/// The demo model's nodes, wired by hand as a workflow would.
///
/// @param context folders hold copies of the demo model's files
public record DemoPipeline(TestContext context) {

    private static final Path MODELS = Path.of("../workflows/demo-models");

    /// Copies the demo model below `root`.
    public static DemoPipeline in(Path root) throws IOException {
        TestContext context = TestContext.in(root);
        for (String folder : new String[] {"diffusion_models", "text_encoders", "vae"}) {
            Path target = Files.createDirectories(context.folders().models(folder));
            try (Stream<Path> files = Files.list(MODELS.resolve(folder))) {
                for (Path file : files.toList()) {
                    Files.copy(file, target.resolve(file.getFileName()));
                }
            }
        }
        return new DemoPipeline(context);
    }

    private String file(String folder) {
        return context.folders().files(folder).stream()
                .filter(name -> name.contains("demo"))
                .findFirst()
                .orElseThrow();
    }

    public DiffusionModel model() throws Exception {
        return new LoadDiT()
                .run(new LoadDiT.Inputs(file("diffusion_models")), context)
                .model();
    }

    public VideoDecoder vae() throws Exception {
        return new LoadVAE()
                .run(new LoadVAE.Inputs(file("vae"), Optional.empty()), context)
                .vae();
    }

    public TextModel clip() throws Exception {
        return new LoadTextEncoder()
                .run(
                        new LoadTextEncoder.Inputs(
                                file("text_encoders"),
                                EncoderOptions.Type.AUTO,
                                EncoderOptions.Precision.FULL,
                                Optional.empty()),
                        context)
                .clip();
    }

    public Conditioning prompt(String text) throws Exception {
        return new EncodePrompt()
                .run(new EncodePrompt.Inputs(clip(), text), context)
                .conditioning();
    }

    public Latent latent() {
        return new EmptyVideoLatent()
                .run(new EmptyVideoLatent.Inputs(64, 64, 13, EmptyVideoLatent.Space.WAN_21, Optional.empty()), context)
                .latent();
    }

    public DiffusionModel bgr(DiffusionModel model, int bits) {
        return new BGRQuantize()
                .run(new BGRQuantize.Inputs(model, bits, 50, 1e-4, ""), context)
                .model();
    }

    public DiffusionModel arq(DiffusionModel model, ARQActivation.Mode mode, ARQActivation.Bits bits) {
        return new ARQActivation()
                .run(
                        new ARQActivation.Inputs(
                                model,
                                mode,
                                bits,
                                64,
                                0,
                                new RotatedInputs(256, 0, RotationChoice.BLOCKS, false, false)),
                        context)
                .model();
    }

    public DiffusionModel minMax(DiffusionModel model, MinMaxQuantize.ActivationBits activations) {
        return new MinMaxQuantize()
                .run(new MinMaxQuantize.Inputs(model, 4, MinMaxQuantize.Range.TENSOR, activations, ""), context)
                .model();
    }

    /// Eight steps from one seed.
    public SampleVideo.Outputs sample(DiffusionModel model, Optional<BitPlan> bits, Optional<CachePlan> cache)
            throws Exception {
        return new SampleRequest(model, prompt("a large red circle moving right on a navy background"), latent())
                .negative(prompt(""))
                .bits(bits)
                .cache(cache)
                .run(context);
    }

    public SampleVideo.Outputs sample(DiffusionModel model) throws Exception {
        return sample(model, Optional.empty(), Optional.empty());
    }

    public Pictures decode(Latent latent) throws Exception {
        return new DecodeVAE()
                .run(new DecodeVAE.Inputs(latent, vae(), new Tiles(0, 0)), context)
                .images();
    }
}
