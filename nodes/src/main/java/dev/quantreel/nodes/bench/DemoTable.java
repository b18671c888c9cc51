package dev.quantreel.nodes.bench;

import dev.quantreel.engines.evaluation.ComparisonTable;
import dev.quantreel.engines.evaluation.DemoBenchmark;
import dev.quantreel.engines.evaluation.DemoModel;
import dev.quantreel.engines.evaluation.RankingTable;
import dev.quantreel.engines.evaluation.Row;
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

/// `quantreel bench demo`: every method of the paper's tables on the demo model, one Markdown table.
public final class DemoTable implements Benchmark {

    private static final Map<String, Integer> DEFAULTS = Map.of("--prompts", 5, "--seeds", 2, "--steps", 0);

    @Override
    public String name() {
        return "demo";
    }

    @Override
    public String summary() {
        return "all methods on the demo model: error, PSNR, bits, speed, bytes  [--prompts 5] [--seeds 2] [--steps 0]";
    }

    @Override
    public int run(List<String> arguments, NodeFolders folders, PrintStream out) throws Exception {
        Map<String, Integer> numbers = numbers(arguments);
        DemoBenchmark.Options options = new DemoBenchmark.Options(
                numbers.getOrDefault("--prompts", 5),
                numbers.getOrDefault("--seeds", 2),
                numbers.getOrDefault("--steps", 0));
        DemoModel.Files files = new DemoModel.Files(
                folders.resolve("transformer", "diffusion_models", "quantreel_demo_dit_bf16.safetensors"),
                folders.resolve("text encoder", "text_encoders", "quantreel_demo_umt5_bf16.safetensors"),
                folders.resolve("vae", "vae", "quantreel_demo_taehv_bf16.safetensors"));
        try (Engine engine = new OrtEngineProvider().create(EngineOptions.DEFAULTS);
                DemoModel model = DemoModel.open(engine, files)) {
            int steps = options.steps() == 0 ? model.settings().steps() : options.steps();
            out.printf(
                    "%s; %s, %d processors, %s; %d prompts x %d seeds, %d steps, cfg %.1f%n",
                    engine.description(),
                    System.getProperty("os.arch"),
                    Runtime.getRuntime().availableProcessors(),
                    "Java " + Runtime.version(),
                    options.prompts(),
                    options.seeds(),
                    steps,
                    model.settings().cfg());
            List<Row> rows = new DemoBenchmark(model, options, DemoTable::progress, CancellationToken.NONE).run();
            out.println();
            out.print(ComparisonTable.markdown(rows));
            out.println();
            out.print(RankingTable.markdown(rows));
            out.println();
            out.println(
                    "tf: teacher-forced, one conditional pass at full precision's latents; final: free running; mean ± standard deviation;"
                            + " s/step: fastest generation; speed: ratio to full precision in this run; passes: trunk passes of"
                            + " both guidance branches; 4-bit activations have no faster integer unit on this engine. Ranking: statistics from 8 captions and noises that"
                            + " are not measured at; the first row that needs statistics pays for them.");
        }
        return 0;
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
            if (!DEFAULTS.containsKey(name) || !value.matches("\\d{1,4}")) {
                throw new IllegalArgumentException("bench demo: '" + name + " " + value + "' is not one of "
                        + DEFAULTS.keySet().stream().sorted().toList() + " with a number");
            }
            numbers.put(name, Integer.parseInt(value));
        }
        return numbers;
    }
}
