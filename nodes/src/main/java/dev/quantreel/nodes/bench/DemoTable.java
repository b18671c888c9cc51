package dev.quantreel.nodes.bench;

import dev.quantreel.engines.evaluation.DemoBenchmark;
import dev.quantreel.engines.evaluation.DemoModel;
import dev.quantreel.engines.evaluation.MethodTable;
import dev.quantreel.engines.runtime.Engine;
import dev.quantreel.engines.runtime.EngineProvider.EngineOptions;
import dev.quantreel.engines.runtime.ort.OrtEngineProvider;
import dev.quantreel.nodes.spi.Benchmark;
import dev.quantreel.nodes.spi.NodeFolders;
import java.io.PrintStream;
import java.util.List;

/// `quantreel bench demo`: every method at W4A8, W4A6, W4A4 and W3A6 on the demo model, one Markdown table.
public final class DemoTable implements Benchmark {

    private static final List<String> NUMBERS = List.of("--prompts", "--seeds", "--steps");
    private static final List<String> LISTS = List.of("--methods", "--settings");

    @Override
    public String name() {
        return "demo";
    }

    @Override
    public String summary() {
        return "all methods at W4A8, W4A6, W4A4, W3A6 on the demo model: error, bytes, seconds"
                + "  [--prompts 8] [--seeds 2] [--steps 0] [--methods gptq,dvd] [--settings W4A8,W4A4]";
    }

    @Override
    public int run(List<String> arguments, NodeFolders folders, PrintStream out) throws Exception {
        CommandWords words = CommandWords.parse("bench demo", arguments, NUMBERS, LISTS);
        DemoBenchmark.Options options = options(words);
        DemoBenchmark.Selection selection =
                new DemoBenchmark.Selection(words.list("--methods"), words.list("--settings"));
        RowByRow lines = new RowByRow();
        try (Engine engine = new OrtEngineProvider().create(EngineOptions.DEFAULTS);
                DemoModel model = DemoModel.open(engine, DemoFiles.of(folders))) {
            head(engine, model, options, out);
            int code = lines.print(
                    (cancellation, rows) ->
                            new DemoBenchmark(model, options, lines::progress, cancellation).run(selection, rows),
                    MethodTable::markdown,
                    out);
            out.println("tf: teacher-forced relative L2 of the velocity, one conditional pass at full precision's"
                    + " latents, mean ± standard deviation over the generations, which ranks; final: relative L2 of the"
                    + " final latent, free running; quantize s: with the trajectories of a method's statistics (8"
                    + " captions and noises that are not measured at); ms/step: fastest generation. 4-bit activations"
                    + " have no faster integer unit on this engine.");
            return code;
        }
    }

    static DemoBenchmark.Options options(CommandWords words) {
        return new DemoBenchmark.Options(
                words.number("--prompts", DemoBenchmark.PROMPTS.size()),
                words.number("--seeds", 2),
                words.number("--steps", 0));
    }

    /// What was measured on.
    static void head(Engine engine, DemoModel model, DemoBenchmark.Options options, PrintStream out) {
        out.printf(
                "%s; %s, %d processors, Java %s; %d prompts x %d seeds, %d steps, cfg %.1f%n",
                engine.description(),
                System.getProperty("os.arch"),
                Runtime.getRuntime().availableProcessors(),
                Runtime.version(),
                options.prompts(),
                options.seeds(),
                options.settings(model).steps(),
                model.settings().cfg());
    }
}
