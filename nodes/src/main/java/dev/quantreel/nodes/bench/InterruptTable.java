package dev.quantreel.nodes.bench;

import dev.quantreel.engines.checkpoint.CheckpointFile;
import dev.quantreel.engines.checkpoint.CheckpointFiles;
import dev.quantreel.engines.dit.TransformerCheckpoint;
import dev.quantreel.engines.dit.TransformerRelease;
import dev.quantreel.engines.evaluation.InterruptBenchmark;
import dev.quantreel.engines.evaluation.InterruptBenchmark.Stop;
import dev.quantreel.engines.quant.QuantizationPlan;
import dev.quantreel.engines.quant.QuantizationProgress;
import dev.quantreel.engines.quant.QuantizedWeights;
import dev.quantreel.engines.runtime.CancellationToken;
import dev.quantreel.engines.runtime.Engine;
import dev.quantreel.engines.runtime.EngineProvider.EngineOptions;
import dev.quantreel.engines.runtime.ort.OrtEngineProvider;
import dev.quantreel.engines.sampling.TorchNoise;
import dev.quantreel.engines.synth.RealSizeParts;
import dev.quantreel.engines.synth.SyntheticCheckpoint;
import dev.quantreel.engines.tensor.DType;
import dev.quantreel.engines.tensor.Shape;
import dev.quantreel.engines.tensor.Tensor;
import dev.quantreel.engines.text.EncoderPrecision;
import dev.quantreel.engines.text.TextEncoder;
import dev.quantreel.engines.vae.DecodeOptions;
import dev.quantreel.engines.vae.VaeDecoder;
import dev.quantreel.engines.video.FrameBuffer;
import dev.quantreel.nodes.spi.Benchmark;
import dev.quantreel.nodes.spi.NodeFolders;
import java.io.PrintStream;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.List;
import java.util.Locale;
import java.util.stream.Collectors;

/// `quantreel bench interrupt`: how long the longest single pieces of work go on after they were asked to stop: the VAE
/// of Wan 2.1, a text encoder of UMT5-XXL's widths, and quantization of Wan 1.3B's layers, with random weights.
public final class InterruptTable implements Benchmark {

    private static final List<Double> DELAYS = List.of(0.3, 0.9, 1.7, 2.6, 4.1);
    private static final int PROMPT_TOKENS = 512;

    @Override
    public String name() {
        return "interrupt";
    }

    @Override
    public String summary() {
        return "seconds until a VAE, a text encoder and quantization of real widths stop when asked to";
    }

    @Override
    public int run(List<String> arguments, NodeFolders folders, PrintStream out) throws Exception {
        if (!arguments.isEmpty()) {
            throw new IllegalArgumentException("bench interrupt takes no arguments, not " + arguments);
        }
        Path temp = Files.createDirectories(folders.temp());
        try (Engine engine = new OrtEngineProvider().create(EngineOptions.DEFAULTS)) {
            out.println("| work | stopped after (s), asked at " + DELAYS + " s | longest |");
            out.println("|---|---|---|");
            vae(engine, temp.resolve("interrupt-vae.safetensors"), out);
            encoder(engine, temp.resolve("interrupt-umt5.safetensors"), out);
            quantization(temp.resolve("interrupt-wan.safetensors"), out);
        }
        return 0;
    }

    private static void vae(Engine engine, Path path, PrintStream out) throws Exception {
        RealSizeParts.writeWanDecoder(path);
        try (CheckpointFile file = CheckpointFiles.open(path);
                VaeDecoder vae = VaeDecoder.open(engine, file)) {
            Tensor latent = TorchNoise.gaussian(1, Shape.of(1, vae.traits().latentChannels(), 5, 60, 104));
            row(
                    out,
                    "Wan 2.1 VAE, 832 x 480 x 17",
                    token -> vae.decode(latent, new FrameBuffer(), DecodeOptions.AUTO, token, (done, total) -> {}));
        } finally {
            Files.deleteIfExists(path);
        }
    }

    private static void encoder(Engine engine, Path path, PrintStream out) throws Exception {
        RealSizeParts.writeUmt5(path);
        int[] ids = new int[PROMPT_TOKENS];
        Arrays.setAll(ids, i -> i % 60);
        try (CheckpointFile file = CheckpointFiles.open(path);
                TextEncoder encoder = TextEncoder.open(engine, file, EncoderPrecision.FULL)) {
            row(out, "UMT5-XXL, 3 blocks, 512 tokens", token -> encoder.run(ids, token));
        } finally {
            Files.deleteIfExists(path);
        }
    }

    private static void quantization(Path path, PrintStream out) throws Exception {
        TransformerRelease wan = TransformerRelease.named("wan-t2v-1.3b");
        SyntheticCheckpoint.of(
                        wan.family(), wan.architecture(), new SyntheticCheckpoint.Options("original", DType.BF16, 4, 0))
                .write(path, bytes -> {}, CancellationToken.NONE);
        try (CheckpointFile file = CheckpointFiles.open(path)) {
            TransformerCheckpoint model = TransformerCheckpoint.of(file);
            row(
                    out,
                    "DVD-Quant W4 of Wan 1.3B, 4 blocks",
                    token -> QuantizedWeights.of(
                            model, QuantizationPlan.DVD_QUANT, model.blockLinears(), QuantizationProgress.NONE, token));
        } finally {
            Files.deleteIfExists(path);
        }
    }

    private static void row(PrintStream out, String what, InterruptBenchmark.Work work) throws InterruptedException {
        List<Stop> stops = InterruptBenchmark.measure(work, DELAYS);
        out.printf(
                Locale.ROOT,
                "| %s | %s | %.2f |%n",
                what,
                stops.stream()
                        .map(stop -> Double.isNaN(stop.stopSeconds())
                                ? "done before"
                                : String.format(Locale.ROOT, "%.2f", stop.stopSeconds()))
                        .collect(Collectors.joining(", ")),
                stops.stream()
                        .mapToDouble(Stop::stopSeconds)
                        .filter(s -> !Double.isNaN(s))
                        .max()
                        .orElse(0));
    }
}
