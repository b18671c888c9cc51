package dev.quantreel.nodes.bench;

import dev.quantreel.engines.evaluation.DemoBenchmark;
import dev.quantreel.engines.evaluation.DemoModel;
import dev.quantreel.engines.evaluation.DistillationBenchmark;
import dev.quantreel.engines.evaluation.DistillationBenchmark.Outcome;
import dev.quantreel.engines.runtime.CancellationToken;
import dev.quantreel.engines.runtime.Engine;
import dev.quantreel.engines.runtime.EngineProvider.EngineOptions;
import dev.quantreel.engines.runtime.ort.OrtEngineProvider;
import dev.quantreel.engines.torch.TorchEngine;
import dev.quantreel.nodes.spi.Benchmark;
import dev.quantreel.nodes.spi.NodeFolders;
import java.io.PrintStream;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.Optional;

/// `quantreel bench qvdit`: W3A6 and W4A6 on the demo model, plain and with Q-VDiT's error estimation,
/// solved and, where PyTorch is installed, trained.
public final class DistillationTable implements Benchmark {

    private static final List<String> NUMBERS =
            List.of("--prompts", "--seeds", "--trajectories", "--steps", "--blocks");
    private static final List<String> LISTS = List.of("--methods", "--settings");
    private static final int STEPS = 100;
    private static final int BLOCKS = 4;

    @Override
    public String name() {
        return "qvdit";
    }

    @Override
    public String summary() {
        return "Q-VDiT's error estimation, solved and trained, at W3A6 and W4A6 on the demo model"
                + "  [--prompts 8] [--seeds 2] [--trajectories 8] [--steps 100] [--blocks 4]"
                + " [--methods bgr,dvd] [--settings W3A6]";
    }

    @Override
    public int run(List<String> arguments, NodeFolders folders, PrintStream out) throws Exception {
        CommandWords words = CommandWords.parse("bench qvdit", arguments, NUMBERS, LISTS);
        int steps = words.number("--steps", STEPS);
        Optional<String> obstacle = steps == 0 ? Optional.empty() : TorchEngine.obstacle();
        obstacle.ifPresent(reason -> out.println("Nothing is trained: " + reason + "\n"));
        DistillationBenchmark.Options options = new DistillationBenchmark.Options(
                words.number("--prompts", DemoBenchmark.PROMPTS.size()),
                words.number("--seeds", 2),
                words.number("--trajectories", 8),
                obstacle.isPresent() ? 0 : steps,
                words.number("--blocks", BLOCKS));
        try (Engine engine = new OrtEngineProvider().create(EngineOptions.DEFAULTS);
                DemoModel model = DemoModel.open(engine, DemoFiles.of(folders))) {
            out.printf(
                    "%s; %d prompts x %d seeds, %d steps, cfg %.1f; estimate from %d trajectories of 8 steps, other"
                            + " prompts and noise%n%n",
                    engine.description(),
                    options.prompts(),
                    options.seeds(),
                    model.settings().steps(),
                    model.settings().cfg(),
                    options.trajectories());
            out.println("| method | tf | gain % | final | TMD | PSNR | weights MB | estimate s |");
            out.println("|---|---|---|---|---|---|---|---|");
            List<Outcome> rows = new ArrayList<>();
            new DistillationBenchmark(model, options, DistillationTable::progress, CancellationToken.NONE)
                    .run(
                            name -> isWanted(name, words.list("--methods")) && isWanted(name, words.list("--settings")),
                            outcome -> {
                                rows.add(outcome);
                                print(outcome, plain(rows), out);
                            });
            out.println();
            out.println(
                    "tf: teacher-forced relative L2 of the velocity, one conditional pass at full precision's"
                            + " latents, mean ± standard deviation; gain: of tf against the same quantization alone,"
                            + " mean ± standard deviation over the generations; final: relative L2 of the final latent, free running; TMD: temporal divergence of the final latent.");
        }
        return 0;
    }

    private static boolean isWanted(String name, List<String> words) {
        return words.isEmpty()
                || words.stream()
                        .anyMatch(word -> name.toLowerCase(Locale.ROOT).contains(word.toLowerCase(Locale.ROOT)));
    }

    /// The last row without an estimate.
    private static Outcome plain(List<Outcome> rows) {
        return rows.stream()
                .filter(row -> row.seconds() == 0)
                .reduce((a, b) -> b)
                .orElseThrow();
    }

    private static void print(Outcome outcome, Outcome plain, PrintStream out) {
        boolean isPlain = outcome == plain;
        DistillationBenchmark.Spread gain = outcome.gain(plain);
        out.printf(
                Locale.ROOT,
                "| %s | %.4f ± %.4f | %s | %.3f | %.2e | %.1f | %.3f | %s |%n",
                outcome.name(),
                outcome.teacherForced().mean(),
                outcome.teacherForced().deviation(),
                isPlain ? "" : String.format(Locale.ROOT, "%.1f ± %.1f", 100 * gain.mean(), 100 * gain.deviation()),
                outcome.finalLatent(),
                outcome.temporal(),
                outcome.psnr(),
                outcome.bytes() / 1e6,
                isPlain ? "" : String.format(Locale.ROOT, "%.0f", outcome.seconds()));
        out.flush();
    }

    private static void progress(String what, int done, int total) {
        System.err.printf("\r\033[K%s %d/%d", what, done + 1, total);
        if (done + 1 == total) {
            System.err.print("\r\033[K");
        }
    }
}
