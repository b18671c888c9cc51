package dev.quantreel.benchmarks;

import com.sun.management.OperatingSystemMXBean;
import dev.quantreel.engines.dit.FloatLinears;
import dev.quantreel.engines.dit.LinearLayers;
import dev.quantreel.engines.dit.QuantizedLinears;
import dev.quantreel.engines.dit.SplitGraphs;
import dev.quantreel.engines.dit.TransformerCheckpoint;
import dev.quantreel.engines.onnx.Dialect;
import dev.quantreel.engines.onnx.OnnxModel;
import dev.quantreel.engines.onnx.proto.Onnx.ValueInfoProto;
import dev.quantreel.engines.quant.ActivationQuantizer;
import dev.quantreel.engines.quant.LayerRule;
import dev.quantreel.engines.quant.QuantizationPlan;
import dev.quantreel.engines.quant.QuantizationProgress;
import dev.quantreel.engines.quant.QuantizedWeights;
import dev.quantreel.engines.quant.RotationPlan;
import dev.quantreel.engines.quant.WeightQuantizer;
import dev.quantreel.engines.runtime.CancellationToken;
import dev.quantreel.engines.runtime.EngineProvider.EngineOptions;
import dev.quantreel.engines.runtime.Session;
import dev.quantreel.engines.runtime.ort.OrtEngineProvider;
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

/// Prints CPU-seconds of one forward of the blocks of Wan 2.1 1.3B by precision and number of tokens, with the time
/// to build and open the graphs and the memory then resident. Few blocks are run and the times scaled to all.
public final class ForwardTable {

    private static final OperatingSystemMXBean MACHINE =
            (OperatingSystemMXBean) ManagementFactory.getOperatingSystemMXBean();

    private final int layers;
    private final Checkpoint checkpoint;
    private final int threads;
    private final int rotationBlock;

    private ForwardTable(int layers, int threads, int rotationBlock) {
        this.layers = layers;
        this.threads = threads;
        this.rotationBlock = rotationBlock;
        this.checkpoint = SyntheticWan.of(layers);
    }

    /// @param args blocks to run, threads, rotation block (0 for none), precisions (`fp32`, `w8a8`, `w4a8`, `w4a4`
    /// joined by commas), token counts
    public static void main(String[] args) throws IOException {
        ForwardTable table =
                new ForwardTable(Integer.parseInt(args[0]), Integer.parseInt(args[1]), Integer.parseInt(args[2]));
        for (String precision : args[3].split(",", -1)) {
            for (int i = 4; i < args.length; i++) {
                table.row(precision, Integer.parseInt(args[i]));
            }
        }
    }

    private void row(String precision, int tokens) throws IOException {
        long start = System.nanoTime();
        TransformerCheckpoint model = TransformerCheckpoint.of(checkpoint);
        LinearLayers linears = linears(precision, model);
        long quantized = System.nanoTime();
        SplitGraphs graphs = model.graphs(linears, new TransformerCheckpoint.Options(Dialect.ONNX_RUNTIME, Set.of()));
        long built = System.nanoTime();
        Map<String, Tensor> scalars = linears.inputs(precision.endsWith("a4") ? 4 : 8);
        try (Session text = open(graphs.text().orElseThrow());
                Session trunk = open(graphs.trunk())) {
            long opened = System.nanoTime();
            double scale = (double) SyntheticWan.LAYERS / layers;
            double textSeconds = cpuSeconds(text, inputs(graphs.text().orElseThrow(), scalars, tokens));
            double seconds = cpuSeconds(trunk, inputs(graphs.trunk(), scalars, tokens));
            System.out.printf(
                    Locale.ROOT,
                    "| %s | %d | %.3f | %.3f | quantize %.1f s, build %.1f s, open %.1f s | %s |%n",
                    precision,
                    tokens,
                    seconds * scale,
                    textSeconds * scale,
                    (quantized - start) / 1e9,
                    (built - quantized) / 1e9,
                    (opened - built) / 1e9,
                    resident());
        }
    }

    /// Random values for everything that a graph reads.
    private static Map<String, Tensor> inputs(OnnxModel model, Map<String, Tensor> scalars, int tokens) {
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

    private Session open(OnnxModel model) throws IOException {
        String folder = System.getProperty("dump");
        if (folder != null) {
            dev.quantreel.engines.onnx.OnnxWriter.write(model, Path.of(folder, model.name() + ".onnx"));
        }
        return new OrtEngineProvider().create(new EngineOptions(threads)).open(model);
    }

    private LinearLayers linears(String precision, TransformerCheckpoint model) {
        if (precision.equals("fp32")) {
            return new FloatLinears(new FloatWeights(model));
        }
        QuantizationPlan plan = new QuantizationPlan(
                new WeightQuantizer.MinMax(),
                precision.startsWith("w8") ? 8 : 4,
                rotationBlock > 0 ? new RotationPlan.Hadamard(rotationBlock, 1) : new RotationPlan.None(),
                new ActivationQuantizer.Auto(),
                LayerRule.ALL);
        QuantizedWeights weights = QuantizedWeights.of(
                model, plan, model.architecture().blockLinears(), QuantizationProgress.NONE, CancellationToken.NONE);
        return QuantizedLinears.of(weights, QuantizedLinears.Arithmetic.INTEGER);
    }

    /// The process clock ticks in hundredths of a second, so several runs are timed together; smallest mean.
    private static double cpuSeconds(Session session, Map<String, Tensor> inputs) {
        long start = System.nanoTime();
        session.run(inputs, CancellationToken.NONE);
        int together = (int) Math.clamp(1_000_000_000L / (System.nanoTime() - start), 1, 20);
        double smallest = Double.MAX_VALUE;
        for (int turn = 0; turn < 4; turn++) {
            long before = MACHINE.getProcessCpuTime();
            for (int run = 0; run < together; run++) {
                session.run(inputs, CancellationToken.NONE);
            }
            smallest = Math.min(smallest, (MACHINE.getProcessCpuTime() - before) / 1e9 / together);
        }
        return smallest;
    }

    private static String resident() throws IOException {
        return String.join(
                ", ",
                Files.readAllLines(Path.of("/proc/self/status")).stream()
                        .filter(line -> line.startsWith("VmRSS") || line.startsWith("VmHWM"))
                        .map(line -> line.replaceAll("\\s+", " "))
                        .toList());
    }
}
