package dev.quantreel.benchmarks;

import com.sun.management.OperatingSystemMXBean;
import dev.quantreel.engines.dit.LinearLayers;
import dev.quantreel.engines.dit.LowRankLinears;
import dev.quantreel.engines.dit.TransformerCheckpoint;
import dev.quantreel.engines.lowrank.LowRankBranch;
import dev.quantreel.engines.lowrank.LowRankBranch.Basis;
import dev.quantreel.engines.lowrank.LowRankBranches;
import dev.quantreel.engines.onnx.Dialect;
import dev.quantreel.engines.onnx.OnnxModel;
import dev.quantreel.engines.runtime.CancellationToken;
import dev.quantreel.engines.runtime.EngineProvider.EngineOptions;
import dev.quantreel.engines.runtime.Session;
import dev.quantreel.engines.runtime.ort.OrtEngineProvider;
import dev.quantreel.engines.tensor.DType;
import dev.quantreel.engines.tensor.Shape;
import dev.quantreel.engines.tensor.Tensor;
import java.io.IOException;
import java.lang.management.ManagementFactory;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Set;

/// Prints what 16-bit low-rank branches beside all block linears of Wan 2.1 1.3B cost: CPU-seconds of one forward of
/// the trunk by rank, beside those without branches, in one run. The sessions take turns, so that whatever else the
/// machine does meets all of them.
public final class LowRankTable {

    private static final OperatingSystemMXBean MACHINE =
            (OperatingSystemMXBean) ManagementFactory.getOperatingSystemMXBean();

    private final TransformerCheckpoint model;
    private final LinearLayers linears;
    private final Map<String, Tensor> scalars;
    private final int tokens;

    private LowRankTable(TransformerCheckpoint model, LinearLayers linears, Map<String, Tensor> scalars, int tokens) {
        this.model = model;
        this.linears = linears;
        this.scalars = scalars;
        this.tokens = tokens;
    }

    /// @param args blocks to run, threads, rotation block (0 for none), precision (`fp32`, `w8a8`, `w4a8`, `w4a4`),
    /// tokens, turns, then ranks
    public static void main(String[] args) throws IOException {
        TransformerCheckpoint model = TransformerCheckpoint.of(SyntheticWan.of(Integer.parseInt(args[0])));
        String precision = args[3];
        LinearLayers linears = ForwardTable.linears(precision, Integer.parseInt(args[2]), model);
        LowRankTable table = new LowRankTable(
                model, linears, linears.inputs(precision.endsWith("a4") ? 4 : 8), Integer.parseInt(args[4]));
        List<Row> rows = new ArrayList<>();
        rows.add(table.row(0, Integer.parseInt(args[1])));
        for (int i = 6; i < args.length; i++) {
            rows.add(table.row(Integer.parseInt(args[i]), Integer.parseInt(args[1])));
        }
        for (int turn = 0; turn < Integer.parseInt(args[5]); turn++) {
            rows.forEach(Row::turn);
        }
        System.out.println("| " + precision + ", " + args[4] + " tokens, rank | branches, MB | forward, CPU s"
                + " | times without | memory after the first run |");
        System.out.println("|---|---|---|---|---|");
        for (Row row : rows) {
            System.out.printf(
                    Locale.ROOT,
                    "| %s | %.1f | %.3f | %.2f | %s |%n",
                    row.rank == 0 ? "none" : Integer.toString(row.rank),
                    row.bytes / 1e6 * SyntheticWan.LAYERS / Integer.parseInt(args[0]),
                    row.seconds * SyntheticWan.LAYERS / Integer.parseInt(args[0]),
                    row.seconds / rows.getFirst().seconds,
                    row.memory);
            row.session.close();
        }
    }

    /// One rank under measurement.
    private static final class Row {
        private final int rank;
        private final long bytes;
        private final Session session;
        private final Map<String, Tensor> inputs;
        private final String memory;
        private double seconds = Double.MAX_VALUE;

        Row(int rank, long bytes, Session session, Map<String, Tensor> inputs) throws IOException {
            this.rank = rank;
            this.bytes = bytes;
            this.session = session;
            this.inputs = inputs;
            session.run(inputs, CancellationToken.NONE);
            this.memory = ForwardTable.resident();
        }

        /// The process clock ticks in hundredths of a second, so runs of half a second or more are timed.
        void turn() {
            long begin = System.nanoTime();
            long before = MACHINE.getProcessCpuTime();
            int runs = 0;
            while (runs == 0 || System.nanoTime() - begin < 500_000_000) {
                session.run(inputs, CancellationToken.NONE);
                runs++;
            }
            seconds = Math.min(seconds, (MACHINE.getProcessCpuTime() - before) / 1e9 / runs);
        }
    }

    private Row row(int rank, int threads) throws IOException {
        LowRankBranches branches = rank == 0 ? LowRankBranches.NONE : branches(rank);
        OnnxModel trunk = model.graphs(
                        LowRankLinears.of(linears, branches),
                        new TransformerCheckpoint.Options(Dialect.ONNX_RUNTIME, Set.of()))
                .trunk();
        Session session =
                new OrtEngineProvider().create(new EngineOptions(threads)).open(trunk);
        return new Row(rank, branches.bytes(), session, ForwardTable.inputs(trunk, scalars, tokens));
    }

    private LowRankBranches branches(int rank) {
        Map<String, List<LowRankBranch>> byLayer = new LinkedHashMap<>();
        for (String layer : model.blockLinears()) {
            Shape shape = model.shape(layer + ".weight");
            Tensor down = SyntheticWan.gaussian(DType.BF16, byLayer.size(), 0.02f, rank, shape.dim(1));
            Tensor up = SyntheticWan.gaussian(DType.BF16, byLayer.size() + 1000L, 0.02f, shape.dim(0), rank);
            byLayer.put(layer, List.of(new LowRankBranch(down, up, 0.5f, Basis.ORIGINAL)));
        }
        return LowRankBranches.of(byLayer);
    }
}
