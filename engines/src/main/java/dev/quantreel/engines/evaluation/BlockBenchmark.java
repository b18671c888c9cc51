package dev.quantreel.engines.evaluation;

import dev.quantreel.engines.dit.BranchConditioning;
import dev.quantreel.engines.dit.LatentSize;
import dev.quantreel.engines.dit.QuantizedLinears;
import dev.quantreel.engines.dit.QuantizedLinears.Arithmetic;
import dev.quantreel.engines.dit.wan.WanConfig;
import dev.quantreel.engines.dit.wan.WanTransformer;
import dev.quantreel.engines.onnx.Dialect;
import dev.quantreel.engines.onnx.OnnxModel;
import dev.quantreel.engines.quant.QuantizationPlan;
import dev.quantreel.engines.quant.QuantizationProgress;
import dev.quantreel.engines.quant.QuantizedWeights;
import dev.quantreel.engines.quant.WeightQuantizer;
import dev.quantreel.engines.runtime.CancellationToken;
import dev.quantreel.engines.runtime.Engine;
import dev.quantreel.engines.runtime.Session;
import dev.quantreel.engines.tensor.DType;
import dev.quantreel.engines.tensor.MemoryCheckpoint;
import dev.quantreel.engines.tensor.Shape;
import dev.quantreel.engines.tensor.Tensor;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.SplittableRandom;
import java.util.function.LongSupplier;

/// Blocks of Wan of real width with random weights of 4 bits, by one engine: what a block takes at each width of
/// activations, without what goes into a trunk and out of it. Weights are not searched for (MinMax); speed and memory
/// do not depend on their values.
///
/// @param engine runs the trunks; stays open
/// @param heldBytes what the engine holds of its device, asked after the runs of each width
/// @param cancellation asked between runs
public record BlockBenchmark(Engine engine, LongSupplier heldBytes, CancellationToken cancellation) {

    private static final int TEXT = 512;

    /// Sizes of a released model.
    public enum Model {
        /// Wan 2.1 1.3B.
        WAN_1_3B(1536, 8960, 12, 30),
        /// Wan 2.1 14B.
        WAN_14B(5120, 13824, 40, 40);

        private final int dim;
        private final int ffnDim;
        private final int heads;
        private final int layers;

        Model(int dim, int ffnDim, int heads, int layers) {
            this.dim = dim;
            this.ffnDim = ffnDim;
            this.heads = heads;
            this.layers = layers;
        }

        /// Blocks of the whole model.
        public int layers() {
            return layers;
        }

        WanTransformer transformer(int blocks) {
            return new WanTransformer(new WanConfig(16, 16, dim, ffnDim, heads, blocks, 4096, 256, TEXT, 0, false));
        }
    }

    /// What is run.
    ///
    /// @param latent size of the latent; tokens are a quarter of its pixels in every frame
    /// @param blocks of the longer trunk, at least 2; [Model#layers] for a whole step
    /// @param bits of activations, one after the other in one session
    /// @param repetitions after the first run, which plans
    public record Work(Model model, LatentSize latent, int blocks, List<Integer> bits, int repetitions) {
        public Work {
            bits = List.copyOf(bits);
            if (blocks < 2 || repetitions < 1) {
                throw new IllegalArgumentException(blocks + " blocks and " + repetitions
                        + " repetitions; at least 2 blocks and 1 repetition are needed");
            }
        }

        long tokens() {
            return (long) latent.frames() * (latent.height() / 2) * (latent.width() / 2);
        }
    }

    /// Times at one width of activations.
    ///
    /// @param bits of activations
    /// @param trunkMillis fastest run of all blocks, with what goes in and out
    /// @param blockMillis of one block: what the longer trunk takes more than one block, by block
    /// @param heldBytes of the device, after the runs
    /// @param isFinite whether every value that came out is a number
    public record Line(int bits, double trunkMillis, double blockMillis, long heldBytes, boolean isFinite) {

        /// One row of a report.
        public String text(Work work) {
            return String.format(
                    Locale.ROOT,
                    "%s, %d tokens, W4A%d: %.2f ms a block, %.1f ms for %d blocks%s",
                    work.model(),
                    work.tokens(),
                    bits,
                    blockMillis,
                    trunkMillis,
                    work.blocks(),
                    isFinite ? "" : ", OUTPUT IS NOT FINITE");
        }
    }

    /// Runs a trunk of one block and one of all, at each width in turn.
    public List<Line> run(Work work) {
        Map<Integer, Double> single = new HashMap<>();
        for (Line line : trunk(work, 1)) {
            single.put(line.bits, line.trunkMillis);
        }
        List<Line> lines = new ArrayList<>();
        for (Line line : trunk(work, work.blocks)) {
            double rest = line.trunkMillis - single.getOrDefault(line.bits, 0.0);
            lines.add(new Line(line.bits, line.trunkMillis, rest / (work.blocks - 1), line.heldBytes, line.isFinite));
        }
        return lines;
    }

    private List<Line> trunk(Work work, int blocks) {
        WanTransformer transformer = work.model.transformer(blocks);
        QuantizedLinears linears = linears(transformer);
        OnnxModel model = transformer
                .graphs(checkpoint(transformer), linears, Dialect.ONNX_RUNTIME)
                .trunk();
        Map<String, Tensor> inputs = inputs(work, transformer, blocks);
        List<Line> lines = new ArrayList<>();
        try (Session session = engine.open(model)) {
            for (int bits : work.bits) {
                Map<String, Tensor> all = new HashMap<>(inputs);
                all.putAll(linears.inputs(bits));
                double best = Double.MAX_VALUE;
                boolean finite = true;
                for (int run = 0; run <= work.repetitions; run++) {
                    cancellation.throwIfCancelled();
                    long start = System.nanoTime();
                    Tensor out = session.run(all, "out", cancellation);
                    double millis = (System.nanoTime() - start) / 1e6;
                    best = run == 0 ? best : Math.min(best, millis);
                    finite &= isFinite(out);
                }
                lines.add(new Line(bits, best, best, heldBytes.getAsLong(), finite));
            }
        }
        return lines;
    }

    private QuantizedLinears linears(WanTransformer transformer) {
        QuantizedWeights weights = QuantizedWeights.of(
                checkpoint(transformer),
                QuantizationPlan.DVD_QUANT.withWeights(new WeightQuantizer.MinMax(), 4),
                transformer.blockLinears(),
                QuantizationProgress.NONE,
                cancellation);
        return QuantizedLinears.of(weights, engine.hasFusedLinears() ? Arithmetic.FUSED : Arithmetic.INTEGER);
    }

    /// Random tensors of one block, which all blocks share.
    private static MemoryCheckpoint checkpoint(WanTransformer transformer) {
        Map<String, Tensor> tensors = new LinkedHashMap<>();
        Map<String, Tensor> ofBlock = new HashMap<>();
        transformer.shapes().forEach((name, shape) -> {
            String role = name.replaceFirst("^blocks\\.\\d+\\.", "");
            tensors.put(name, ofBlock.computeIfAbsent(role, missing -> random(role.hashCode(), shape)));
        });
        return new MemoryCheckpoint("random Wan", tensors, Map.of());
    }

    private static Map<String, Tensor> inputs(Work work, WanTransformer transformer, int blocks) {
        int dim = work.model.dim;
        Map<String, Tensor> inputs = new HashMap<>(
                transformer.positionInputs(work.latent, BranchConditioning.of(random(1, Shape.of(1, 1, 4096)))));
        inputs.keySet().retainAll(List.of("rope_cos", "rope_sin"));
        inputs.put("tokens", random(2, Shape.of(1, work.tokens(), dim)));
        inputs.put("time_projection", random(3, Shape.of(1, 6, dim)));
        for (int i = 0; i < blocks; i++) {
            inputs.put("blocks." + i + ".k", random(4, Shape.of(1, TEXT, dim)));
            inputs.put("blocks." + i + ".v", random(5, Shape.of(1, TEXT, dim)));
        }
        return inputs;
    }

    /// Even values of standard deviation 0.02 for weights of two axes, else of 1; fast rather than normal.
    private static Tensor random(long seed, Shape shape) {
        float width = (float) Math.sqrt(3) * (shape.rank() == 2 ? 0.02f : 1);
        Tensor tensor = Tensor.zeros(DType.F32, shape);
        SplittableRandom random = new SplittableRandom(seed);
        long elements = shape.elements();
        for (long i = 0; i < elements; i++) {
            tensor.data().set(Tensor.FLOAT, 4 * i, width * (2 * random.nextInt(1 << 24) / (float) (1 << 24) - 1));
        }
        return tensor;
    }

    private static boolean isFinite(Tensor tensor) {
        for (long i = 0; i < tensor.elements(); i++) {
            if (!Float.isFinite(tensor.data().get(Tensor.FLOAT, 4 * i))) {
                return false;
            }
        }
        return true;
    }
}
