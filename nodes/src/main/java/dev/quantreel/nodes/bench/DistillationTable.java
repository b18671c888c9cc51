package dev.quantreel.nodes.bench;

import dev.quantreel.engines.evaluation.DemoModel;
import dev.quantreel.engines.evaluation.DistillationBenchmark;
import dev.quantreel.engines.evaluation.DistillationBenchmark.Outcome;
import dev.quantreel.engines.runtime.CancellationToken;
import dev.quantreel.engines.runtime.Engine;
import dev.quantreel.engines.runtime.EngineProvider.EngineOptions;
import dev.quantreel.engines.runtime.ort.OrtEngineProvider;
import dev.quantreel.nodes.spi.Benchmark;
import dev.quantreel.nodes.spi.NodeFolders;
import java.io.PrintStream;
import java.util.HashMap;
import java.util.List;
import java.util.Map;

/// `quantreel bench qvdit`: W3A6 and W4A6 on the demo model, plain and with Q-VDiT's error estimation.
public final class DistillationTable implements Benchmark {

    private static final Map<String, Integer> DEFAULTS = Map.of("--prompts", 8, "--seeds", 2, "--trajectories", 8);

    @Override
    public String name() {
        return "qvdit";
    }

    @Override
    public String summary() {
        return "Q-VDiT's error estimation at W3A6 and W4A6 on the demo model"
                + "  [--prompts 8] [--seeds 2] [--trajectories 8]";
    }

    @Override
    public int run(List<String> arguments, NodeFolders folders, PrintStream out) throws Exception {
        Map<String, Integer> numbers = numbers(arguments);
        DistillationBenchmark.Options options = new DistillationBenchmark.Options(
                numbers.getOrDefault("--prompts", 8),
                numbers.getOrDefault("--seeds", 2),
                numbers.getOrDefault("--trajectories", 8));
        DemoModel.Files files = new DemoModel.Files(
                folders.resolve("transformer", "diffusion_models", "quantreel_demo_dit_bf16.safetensors"),
                folders.resolve("text encoder", "text_encoders", "quantreel_demo_umt5_bf16.safetensors"),
                folders.resolve("vae", "vae", "quantreel_demo_taehv_bf16.safetensors"));
        try (Engine engine = new OrtEngineProvider().create(EngineOptions.DEFAULTS);
                DemoModel model = DemoModel.open(engine, files)) {
            out.printf(
                    "%s; %d prompts x %d seeds, %d steps, cfg %.1f; estimate from %d trajectories of 8 steps, other"
                            + " prompts and noise%n%n",
                    engine.description(),
                    options.prompts(),
                    options.seeds(),
                    model.settings().steps(),
                    model.settings().cfg(),
                    options.trajectories());
            out.println("| method | tf | gain | final | TMD | PSNR | weights MB | estimate s |");
            out.println("|---|---|---|---|---|---|---|---|");
            double[] plain = new double[1];
            new DistillationBenchmark(model, options, DistillationTable::progress, CancellationToken.NONE)
                    .run(outcome -> print(outcome, plain, out));
            out.println();
            out.println("tf: teacher-forced relative L2 of the velocity, one conditional pass at full precision's"
                    + " latents, mean ± standard deviation; gain: of tf against the same quantization alone; final:"
                    + " relative L2 of the final latent, free running; TMD: temporal divergence of the final latent.");
        }
        return 0;
    }

    private static void print(Outcome outcome, double[] plain, PrintStream out) {
        boolean isPlain = outcome.seconds() == 0;
        plain[0] = isPlain ? outcome.teacherForced() : plain[0];
        out.printf(
                "| %s | %.4f ± %.4f | %s | %.3f | %.2e | %.1f | %.3f | %s |%n",
                outcome.name(),
                outcome.teacherForced(),
                outcome.deviation(),
                isPlain ? "" : "%.1f %%".formatted(100 * (1 - outcome.teacherForced() / plain[0])),
                outcome.finalLatent(),
                outcome.temporal(),
                outcome.psnr(),
                outcome.bytes() / 1e6,
                isPlain ? "" : "%.0f".formatted(outcome.seconds()));
        out.flush();
    }

    private static void progress(String what, int done, int total) {
        System.err.printf("\r\033[K%s %d/%d", what, done + 1, total);
        if (done + 1 == total) {
            System.err.print("\r\033[K");
        }
    }

    private static Map<String, Integer> numbers(List<String> arguments) {
        Map<String, Integer> numbers = new HashMap<>(DEFAULTS);
        for (int i = 0; i < arguments.size(); i += 2) {
            String name = arguments.get(i);
            String value = i + 1 < arguments.size() ? arguments.get(i + 1) : "";
            if (!DEFAULTS.containsKey(name) || !value.matches("\\d{1,6}")) {
                throw new IllegalArgumentException(
                        "bench qvdit takes --prompts, --seeds and --trajectories, each with a" + " number, not: " + name
                                + " " + value);
            }
            numbers.put(name, Integer.parseInt(value));
        }
        return numbers;
    }
}
