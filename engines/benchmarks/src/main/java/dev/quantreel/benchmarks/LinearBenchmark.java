package dev.quantreel.benchmarks;

import dev.quantreel.engines.dit.FloatLinears;
import dev.quantreel.engines.dit.LinearLayers;
import dev.quantreel.engines.dit.QuantizedLinears;
import dev.quantreel.engines.onnx.Dim;
import dev.quantreel.engines.onnx.OnnxGraphBuilder;
import dev.quantreel.engines.onnx.Value;
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
import dev.quantreel.engines.tensor.Checkpoint;
import dev.quantreel.engines.tensor.DType;
import dev.quantreel.engines.tensor.FloatWeights;
import dev.quantreel.engines.tensor.MemoryCheckpoint;
import dev.quantreel.engines.tensor.Shape;
import dev.quantreel.engines.tensor.Tensor;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Random;
import java.util.concurrent.TimeUnit;
import org.jspecify.annotations.Nullable;
import org.openjdk.jmh.annotations.Benchmark;
import org.openjdk.jmh.annotations.BenchmarkMode;
import org.openjdk.jmh.annotations.Fork;
import org.openjdk.jmh.annotations.Measurement;
import org.openjdk.jmh.annotations.Mode;
import org.openjdk.jmh.annotations.OutputTimeUnit;
import org.openjdk.jmh.annotations.Param;
import org.openjdk.jmh.annotations.Scope;
import org.openjdk.jmh.annotations.Setup;
import org.openjdk.jmh.annotations.State;
import org.openjdk.jmh.annotations.TearDown;
import org.openjdk.jmh.annotations.Warmup;

/// One linear on ONNX Runtime with one thread, by activation mode; compare with `fp32` of the same run.
@State(Scope.Benchmark)
@BenchmarkMode(Mode.AverageTime)
@OutputTimeUnit(TimeUnit.MILLISECONDS)
@Warmup(iterations = 2, time = 1)
@Measurement(iterations = 5, time = 1)
@Fork(value = 1, jvmArgsAppend = "-Xmx2g")
public class LinearBenchmark {

    private static final String LAYER = "blocks.0.ffn.0";

    /// All modes, `fp32` first.
    static final List<String> MODES = List.of(
            "fp32",
            "token-8-still",
            "token-8",
            "auto-8",
            "auto-8-fixed",
            "auto-8-w8",
            "auto-4",
            "auto-4-fixed",
            "asymmetric-8-still",
            "channel-8",
            "channel-4-fixed",
            "channel_token-8",
            "block_exact-4");

    /// Quantizer and activation bits; `auto` and all others choose their bits at run time, `-fixed` at build time,
    /// `still` has no rotation; weights have 4 bits, with `-w8` 8.
    @Param({
        "fp32",
        "token-8-still",
        "token-8",
        "auto-8",
        "auto-8-fixed",
        "auto-8-w8",
        "auto-4",
        "auto-4-fixed",
        "asymmetric-8-still",
        "channel-8",
        "channel-4-fixed",
        "channel_token-8",
        "block_exact-4"
    })
    public String mode = "";

    /// Tokens, input and output channels.
    @Param({"1024/1536/1536", "1024/1536/8960"})
    public String shape = "";

    private final Map<String, Tensor> inputs = new HashMap<>();
    private @Nullable Session session;

    @Setup
    public void open() {
        int[] sizes = List.of(shape.split("/", -1)).stream()
                .mapToInt(Integer::parseInt)
                .toArray();
        Checkpoint checkpoint = new MemoryCheckpoint(
                "synthetic",
                Map.of(LAYER + ".weight", gaussian(sizes[2], sizes[1]), LAYER + ".bias", bias(sizes[2])),
                Map.of());
        int bits = mode.contains("-8") ? 8 : 4;
        LinearLayers linears =
                mode.equals("fp32") ? new FloatLinears(new FloatWeights(checkpoint)) : quantized(checkpoint, bits);
        OnnxGraphBuilder graph = OnnxGraphBuilder.create(LAYER);
        Value x = graph.input("x", DType.F32, Dim.of(1), Dim.of("tokens"), Dim.of(sizes[1]));
        linears.declareInputs(graph);
        Value y = linears.apply(graph, linears.prepare(graph, x, List.of(LAYER)), LAYER);
        graph.output("y", y, DType.F32, Dim.of(1), Dim.of("tokens"), Dim.of(sizes[2]));
        inputs.putAll(linears.inputs(bits));
        inputs.put("x", gaussian(sizes[0], sizes[1]).reshape(1, sizes[0], sizes[1]));
        session = new OrtEngineProvider().create(new EngineOptions(1)).open(graph.build(Map.of()));
    }

    private LinearLayers quantized(Checkpoint checkpoint, int bits) {
        ActivationQuantizer activations =
                switch (mode.substring(0, mode.indexOf('-'))) {
                    case "token" -> new ActivationQuantizer.Token();
                    case "auto" -> new ActivationQuantizer.Auto();
                    case "asymmetric" -> new ActivationQuantizer.TokenAsymmetric();
                    case "channel" -> new ActivationQuantizer.Channel();
                    case "channel_token" -> new ActivationQuantizer.ChannelToken();
                    case "block_exact" -> new ActivationQuantizer.BlockExact(64);
                    default -> throw new IllegalArgumentException("unknown mode " + mode);
                };
        RotationPlan rotation = mode.endsWith("still") ? new RotationPlan.None() : new RotationPlan.Hadamard(256, 1);
        QuantizationPlan plan = new QuantizationPlan(
                new WeightPlan(new WeightQuantizer.MinMax(), mode.endsWith("w8") ? 8 : 4),
                new InputPlan(rotation, activations),
                LayerRule.ALL);
        QuantizedWeights weights = QuantizedWeights.of(
                checkpoint, plan, List.of(LAYER), QuantizationProgress.NONE, CancellationToken.NONE);
        return mode.endsWith("fixed")
                ? QuantizedLinears.fixed(weights, QuantizedLinears.Arithmetic.INTEGER, bits)
                : QuantizedLinears.of(weights, QuantizedLinears.Arithmetic.INTEGER);
    }

    private static Tensor bias(int outputs) {
        return Tensor.zeros(DType.F32, Shape.of(outputs));
    }

    private static Tensor gaussian(int rows, int columns) {
        Random random = new Random(rows);
        float[] values = new float[rows * columns];
        for (int i = 0; i < values.length; i++) {
            values[i] = (float) random.nextGaussian();
        }
        return Tensor.of(Shape.of(rows, columns), values);
    }

    @Benchmark
    public Map<String, Tensor> run() {
        if (session == null) {
            throw new IllegalStateException("not opened");
        }
        return session.run(inputs, CancellationToken.NONE);
    }

    @TearDown
    public void close() {
        if (session != null) {
            session.close();
        }
    }
}
