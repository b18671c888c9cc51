package dev.quantreel.nodes.bench;

import dev.quantreel.engines.evaluation.DemoBenchmark;
import dev.quantreel.engines.evaluation.DemoModel;
import dev.quantreel.engines.evaluation.ScheduleBenchmark;
import dev.quantreel.engines.evaluation.ScheduleTable;
import dev.quantreel.engines.runtime.Engine;
import dev.quantreel.engines.runtime.EngineProvider.EngineOptions;
import dev.quantreel.engines.runtime.ort.OrtEngineProvider;
import dev.quantreel.nodes.spi.Benchmark;
import dev.quantreel.nodes.spi.NodeFolders;
import java.io.PrintStream;
import java.util.List;

/// `quantreel bench schedules`: bit schedules at equal mean bits, and step caches at equal passes, on the demo model.
public final class SchedulesTable implements Benchmark {

    @Override
    public String name() {
        return "schedules";
    }

    @Override
    public String summary() {
        return "bit schedules at 6 bits and step caches at half of the passes on the demo model, tested in pairs"
                + "  [--prompts 8] [--seeds 2] [--steps 0]";
    }

    @Override
    public int run(List<String> arguments, NodeFolders folders, PrintStream out) throws Exception {
        CommandWords words =
                CommandWords.parse("bench schedules", arguments, List.of("--prompts", "--seeds", "--steps"), List.of());
        DemoBenchmark.Options options = DemoTable.options(words);
        RowByRow lines = new RowByRow();
        try (Engine engine = new OrtEngineProvider().create(EngineOptions.DEFAULTS);
                DemoModel model = DemoModel.open(engine, DemoFiles.of(folders))) {
            DemoTable.head(engine, model, options, out);
            int code = lines.print(
                    (cancellation, rows) ->
                            new ScheduleBenchmark(model, options, lines::progress, cancellation).run(rows),
                    ScheduleTable::markdown,
                    out);
            out.println("DVD-Quant W4. tf, final: as in bench demo; less the first's: mean of the pairs' differences to"
                    + " the group's first line ± its standard error, and the probability of one as large by chance"
                    + " (permutation test, * below 0.05); passes: through the blocks, both guidance branches. Polynomials"
                    + " and ratios come from other captions and noises.");
            return code;
        }
    }
}
