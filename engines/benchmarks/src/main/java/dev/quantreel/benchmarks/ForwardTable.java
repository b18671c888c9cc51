package dev.quantreel.benchmarks;

import com.sun.management.OperatingSystemMXBean;
import dev.quantreel.engines.checkpoint.CheckpointFile;
import dev.quantreel.engines.checkpoint.CheckpointFiles;
import dev.quantreel.engines.dit.FloatLinears;
import dev.quantreel.engines.dit.LinearLayers;
import dev.quantreel.engines.dit.QuantizedLinears;
import dev.quantreel.engines.dit.SplitGraphs;
import dev.quantreel.engines.dit.TransformerCheckpoint;
import dev.quantreel.engines.onnx.Dialect;
import dev.quantreel.engines.onnx.OnnxModel;
import dev.quantreel.engines.onnx.proto.Onnx.ValueInfoProto;
import dev.quantreel.engines.quant.ActivationQuantizer;
import dev.quantreel.engines.quant.InputPlan;
import dev.quantreel.engines.quant.LayerRule;
import dev.quantreel.engines.quant.QuantizationPlan;
import dev.quantreel.engines.quant.QuantizationProgress;
import dev.quantreel.engines.quant.QuantizedWeights;
import dev.quantreel.engines.quant.RotationPlan;
import dev.quantreel.engines.quant.WeightPlan;
import dev.quantreel.engines.quant.WeightQuantizer;
import dev.quantreel.engines.runtime.CancellationToken;
import dev.quantreel.engines.runtime.EngineProvider.EngineOptions;
import dev.quantreel.engines.runtime.Session;
import dev.quantreel.engines.runtime.ort.OrtEngineProvider;
import dev.quantreel.engines.safetensors.SafetensorsWriter;
import dev.quantreel.engines.tensor.Checkpoint;
import dev.quantreel.engines.tensor.DType;
import dev.quantreel.engines.tensor.FloatWeights;
import dev.quantreel.engines.tensor.Tensor;
import java.io.IOException;
import java.lang.management.ManagementFactory;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.HashMap;
import java.util.Locale;
import java.util.Map;
import java.util.Set;
import java.util.stream.Collectors;

/// Prints CPU-seconds of one forward of the blocks of Wan 2.1 1.3B by precision and number of tokens, with the time
/// to build and open the graphs and the memory then resident. Few blocks are run and the times scaled to all.
public final class ForwardTable {

    private static final OperatingSystemMXBean MACHINE =
            (OperatingSystemMXBean) ManagementFactory.getOperatingSystemMXBean();

    private final int layers;
    private final Checkpoint checkpoint;
    private final int threads;
    private final int rotationBlock;

    private ForwardTable(int layers, int threads, int rotationBlock, Checkpoint checkpoint) {
        this.layers = layers;
        this.threads = threads;
        this.rotationBlock = rotationBlock;
        this.checkpoint = checkpoint;
    }

    /// @param args blocks to run, threads, rotation block (0 for none), precisions (`fp32`, `w8a8`, `w4a8`, `w4a4`
    /// joined by commas), token counts. With `-Dquantreel.file=PATH` the weights are written there once and mapped,
    /// as a released file would be.
    public static void main(String[] args) throws IOException {
        int layers = Integer.parseInt(args[0]);
        String file = System.getProperty("quantreel.file");
        if (file == null) {
            new ForwardTable(layers, Integer.parseInt(args[1]), Integer.parseInt(args[2]), SyntheticWan.of(layers))
                    .rows(args);
            return;
        }
        if (!Files.exists(Path.of(file))) {
            SafetensorsWriter.write(Path.of(file), SyntheticWan.of(layers));
            System.out.println("wrote " + file + "; run again to measure");
            return;
        }
        try (CheckpointFile opened = CheckpointFiles.open(Path.of(file))) {
            new ForwardTable(layers, Integer.parseInt(args[1]), Integer.parseInt(args[2]), opened).rows(args);
        }
    }

    private void rows(String... args) throws IOException {
        System.out.println("| precision | tokens | forward, CPU s | text graph as run, CPU s"
                + " | quantize / build graphs / open trunk, CPU s | GB when open | GB after the runs |");
        System.out.println("|---|---|---|---|---|---|---|");
        for (String precision : args[3].split(",", -1)) {
            for (int i = 4; i < args.length; i++) {
                row(precision, Integer.parseInt(args[i]));
            }
        }
    }

    private void row(String precision, int tokens) throws IOException {
        long start = MACHINE.getProcessCpuTime();
        TransformerCheckpoint model = TransformerCheckpoint.of(checkpoint);
        LinearLayers linears = linears(precision, rotationBlock, model);
        long quantized = MACHINE.getProcessCpuTime();
        SplitGraphs graphs = model.graphs(linears, new TransformerCheckpoint.Options(Dialect.ONNX_RUNTIME, Set.of()));
        long built = MACHINE.getProcessCpuTime();
        Map<String, Tensor> scalars = linears.inputs(precision.endsWith("a4") ? 4 : 8);
        double textSeconds;
        try (Session text = open(graphs.text().orElseThrow())) {
            textSeconds = cpuSeconds(text, inputs(graphs.text().orElseThrow(), scalars, tokens), 1);
        }
        System.gc();
        long textDone = MACHINE.getProcessCpuTime();
        try (Session trunk = open(graphs.trunk())) {
            long opened = MACHINE.getProcessCpuTime();
            String open = resident();
            double seconds = cpuSeconds(trunk, inputs(graphs.trunk(), scalars, tokens), 4);
            System.out.printf(
                    Locale.ROOT,
                    "| %s | %d | %.3f | %.3f | %.1f / %.1f / %.1f | %s | %s |%n",
                    precision,
                    tokens,
                    seconds * SyntheticWan.LAYERS / layers,
                    textSeconds,
                    (quantized - start) / 1e9,
                    (built - quantized) / 1e9,
                    (opened - textDone) / 1e9,
                    open,
                    resident());
        }
    }

    /// Random values for everything that a graph reads.
    static Map<String, Tensor> inputs(OnnxModel model, Map<String, Tensor> scalars, int tokens) {
        Map<String, Tensor> inputs = new HashMap<>(scalars);
        for (ValueInfoProto input : model.proto().getGraph().getInputList()) {
            long[] dims = input.getType().getTensorType().getShape().getDimList().stream()
                    .mapToLong(dim -> !dim.hasDimParam()
                            ? dim.getDimValue()
                            : dim.getDimParam().equals("tokens") ? tokens : SyntheticWan.TEXT)
                    .toArray();
            inputs.computeIfAbsent(input.getName(), name -> SyntheticWan.gaussian(DType.F32, name.hashCode(), 1, dims));
        }
        return inputs;
    }

    private Session open(OnnxModel model) {
        return new OrtEngineProvider().create(new EngineOptions(threads)).open(model);
    }

    /// @param precision `fp32`, `w8a8`, `w4a8` or `w4a4`
    /// @param rotationBlock 0 for none
    static LinearLayers linears(String precision, int rotationBlock, TransformerCheckpoint model) {
        if (precision.equals("fp32")) {
            return new FloatLinears(new FloatWeights(model));
        }
        QuantizationPlan plan = new QuantizationPlan(
                new WeightPlan(new WeightQuantizer.MinMax(), precision.startsWith("w8") ? 8 : 4),
                new InputPlan(
                        rotationBlock > 0 ? new RotationPlan.Hadamard(rotationBlock, 1) : new RotationPlan.None(),
                        new ActivationQuantizer.Auto()),
                LayerRule.ALL);
        QuantizedWeights weights = QuantizedWeights.of(
                model, plan, model.architecture().blockLinears(), QuantizationProgress.NONE, CancellationToken.NONE);
        return QuantizedLinears.of(weights, QuantizedLinears.Arithmetic.INTEGER);
    }

    /// The process clock ticks in hundredths of a second, so several runs are timed together; smallest mean.
    private static double cpuSeconds(Session session, Map<String, Tensor> inputs, int turns) {
        long start = System.nanoTime();
        session.run(inputs, CancellationToken.NONE);
        int together = (int) Math.clamp(1_000_000_000L / (System.nanoTime() - start), 1, turns * 5);
        double smallest = Double.MAX_VALUE;
        for (int turn = 0; turn < turns; turn++) {
            long before = MACHINE.getProcessCpuTime();
            for (int run = 0; run < together; run++) {
                session.run(inputs, CancellationToken.NONE);
            }
            smallest = Math.min(smallest, (MACHINE.getProcessCpuTime() - before) / 1e9 / together);
        }
        return smallest;
    }

    /// Private memory, mapped files, and the largest sum of both so far.
    static String resident() throws IOException {
        return Files.readAllLines(Path.of("/proc/self/status")).stream()
                .filter(line -> line.startsWith("RssAnon") || line.startsWith("RssFile") || line.startsWith("VmHWM"))
                .map(line -> line.split("\\s+"))
                .map(words -> String.format(Locale.ROOT, "%s %.2f", words[0], Long.parseLong(words[1]) / 1e6))
                .collect(Collectors.joining(", "));
    }
}
