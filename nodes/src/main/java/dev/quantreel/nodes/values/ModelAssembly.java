package dev.quantreel.nodes.values;

import dev.quantreel.engines.artifact.Artifact;
import dev.quantreel.engines.dit.DiffusionTransformer;
import dev.quantreel.engines.dit.DiffusionTransformer.Blocks;
import dev.quantreel.engines.dit.FloatLinears;
import dev.quantreel.engines.dit.LayerProbe;
import dev.quantreel.engines.dit.LinearLayers;
import dev.quantreel.engines.dit.LowRankLinears;
import dev.quantreel.engines.dit.QuantizedLinears;
import dev.quantreel.engines.dit.QuantizedLinears.Arithmetic;
import dev.quantreel.engines.dit.TransformerCheckpoint;
import dev.quantreel.engines.lora.LoraForm;
import dev.quantreel.engines.lowrank.LowRankBranches;
import dev.quantreel.engines.quant.QuantizationPlan;
import dev.quantreel.engines.quant.QuantizedMatrix;
import dev.quantreel.engines.quant.QuantizedWeights;
import dev.quantreel.engines.quant.WeightMemory;
import dev.quantreel.engines.runtime.Engine;
import dev.quantreel.engines.runtime.tensorrt.TensorRtEngine;
import dev.quantreel.engines.sampling.Guidance.Passes;
import dev.quantreel.engines.tensor.FloatWeights;
import dev.quantreel.nodes.spi.NodeContext;
import dev.quantreel.nodes.spi.NodeInputException;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.security.MessageDigest;
import java.security.NoSuchAlgorithmException;
import java.util.HexFormat;
import java.util.Optional;
import java.util.function.Function;

/// Carries out the plan of a [DiffusionModel], once: what comes out is kept in the resource cache under the digests of
/// checkpoint and plan, and shared by all nodes.
public final class ModelAssembly {

    private static final System.Logger LOG = System.getLogger(ModelAssembly.class.getName());
    private static final String PORT = "model";

    private ModelAssembly() {}

    /// Weights ready to build graphs from.
    ///
    /// @param checkpoint the file under canonical names
    /// @param quantized empty for full precision
    /// @param lease of the file behind both, and of what goes beside its linears
    public record Weights(
            TransformerCheckpoint checkpoint, Optional<QuantizedWeights> quantized, SharedFile.Lease lease)
            implements AutoCloseable {

        /// How the linears of the blocks are emitted.
        public LinearLayers linears(Arithmetic arithmetic) {
            return linears(weights -> QuantizedLinears.of(weights, arithmetic));
        }

        /// The same with activations of fixed bits, where they are quantized at all.
        public LinearLayers linears(Arithmetic arithmetic, int activationBits) {
            return linears(weights -> QuantizedLinears.fixed(weights, arithmetic, activationBits));
        }

        private LinearLayers linears(Function<QuantizedWeights, LinearLayers> emission) {
            LinearLayers linears =
                    quantized.map(emission).orElseGet(() -> new FloatLinears(new FloatWeights(checkpoint)));
            LowRankBranches own = quantized.map(QuantizedWeights::branches).orElse(LowRankBranches.NONE);
            return LowRankLinears.of(linears, own.plus(lease.branches()));
        }

        /// Bytes of the weights as published figures count them, with what goes beside them.
        public WeightMemory memory() {
            WeightMemory codes = quantized.map(QuantizedWeights::memory).orElseGet(() -> {
                long bytes = 2
                        * checkpoint.names().stream()
                                .mapToLong(name -> checkpoint.shape(name).elements())
                                .sum();
                return new WeightMemory(bytes, 0, bytes);
            });
            return codes.plus(lease.branches().bytes());
        }

        @Override
        public void close() {
            lease.close();
        }
    }

    private record Opened(DiffusionTransformer transformer, SharedFile.Lease lease) implements AutoCloseable {
        @Override
        public void close() {
            transformer.close();
            lease.close();
        }
    }

    /// The weights of a model, quantized on first use with progress; owned by the resource cache. Models that differ in
    /// the LoRAs beside their weights alone share their codes.
    ///
    /// @throws NodeInputException naming the model when its plan does not fit it
    /// @throws java.util.concurrent.CancellationException when interrupted
    /// @throws Exception when the file cannot be read
    public static Weights weights(DiffusionModel model, NodeContext context) throws Exception {
        requireOwnEstimate(model);
        return context.resources().get(weightsKey(model), Weights.class, () -> {
            Optional<QuantizedWeights> codes = codesBeneath(model, context);
            SharedFile.Lease lease = model.file().open(context).again();
            try {
                TransformerCheckpoint checkpoint = TransformerCheckpoint.of(lease.file());
                if (codes.isPresent()) {
                    return new Weights(checkpoint, codes.map(same -> beside(same, checkpoint, lease)), lease);
                }
                Optional<QuantizedWeights> quantized = plan(model).isEmpty()
                        ? Optional.empty()
                        : Optional.of(carryOut(model, lease, plan(model).get(), context));
                return new Weights(checkpoint, quantized, lease);
            } catch (IllegalArgumentException e) {
                lease.close();
                throw new NodeInputException(PORT, "cannot be quantized as planned: " + e.getMessage(), e);
            } catch (RuntimeException e) {
                lease.close();
                throw e;
            }
        });
    }

    private static void requireOwnEstimate(DiffusionModel model) {
        model.file().estimate().ifPresent(estimate -> {
            String plan = planText(model);
            if (!estimate.plan().equals(plan)
                    || !estimate.model().equals(model.file().withoutBranches().digest())) {
                throw new NodeInputException(
                        PORT,
                        "was changed after its error was estimated; Q-VDiT Error Estimation goes behind all nodes that"
                                + " quantize it or merge LoRAs into it");
            }
        });
    }

    /// The quantization of a model in words that are equal for equal ones.
    public static String planText(DiffusionModel model) {
        return plan(model)
                .map(asked -> asked + model.additions().calibrationKey(asked))
                .orElse("full precision");
    }

    private static QuantizedWeights beside(
            QuantizedWeights codes, TransformerCheckpoint checkpoint, SharedFile.Lease lease) {
        if (codes.plan().input().fusedValues() && !lease.branches().isEmpty()) {
            throw new IllegalArgumentException(
                    "its values take over rotations, which a LoRA beside the weights does not"
                            + " know of; switch fuseValues off, or merge the LoRA into the file");
        }
        return codes.beside(checkpoint.asPlanned(codes.plan()));
    }

    /// The codes of the model without the LoRAs beside its weights; empty when it has none, or in full precision.
    private static Optional<QuantizedWeights> codesBeneath(DiffusionModel model, NodeContext context) throws Exception {
        DiffusionModel beneath = model.with(model.file().withoutBranches());
        return beneath.equals(model) || plan(model).isEmpty()
                ? Optional.empty()
                : weights(beneath, context).quantized();
    }

    private static Optional<QuantizationPlan> plan(DiffusionModel model) {
        try {
            return model.plan();
        } catch (IllegalArgumentException e) {
            throw new NodeInputException(PORT, "cannot be quantized as planned: " + e.getMessage(), e);
        }
    }

    /// Quantizes, or takes the codes of a file that is quantized already.
    private static QuantizedWeights carryOut(
            DiffusionModel model, SharedFile.Lease lease, QuantizationPlan plan, NodeContext context) throws Exception {
        ModelFile file = model.file();
        TransformerCheckpoint checkpoint = TransformerCheckpoint.of(lease.file());
        Optional<Artifact> artifact = Artifact.of(lease.file().stored());
        if (artifact.isEmpty()) {
            return quantize(model, checkpoint, plan, context);
        }
        if (file.loras().stream().anyMatch(lora -> lora.form() == LoraForm.MERGED)) {
            throw new IllegalArgumentException(file.name() + " holds quantized weights, into which no LoRA can be"
                    + " merged; add it beside the weights, or load "
                    + artifact.get().header().source().name());
        }
        context.status("laying out the codes of " + file.name());
        return artifact.get()
                .weights(checkpoint, plan, context.cancellation())
                .withModulationsIn(matrix -> inFile(matrix, context));
    }

    private static QuantizedWeights quantize(
            DiffusionModel model, TransformerCheckpoint checkpoint, QuantizationPlan plan, NodeContext context)
            throws Exception {
        QuantizedWeights linears = QuantizedWeights.of(
                source(model, checkpoint, plan, context),
                plan,
                (layer, done, total) -> {
                    context.status("quantizing " + layer + " " + done + "/" + total);
                    context.progress(done, total);
                },
                context.cancellation());
        return linears.withModulations(
                checkpoint.architecture().modulationLinears(),
                checkpoint.architecture()::modulationBits,
                matrix -> inFile(matrix, context),
                (layer, done, total) -> context.status("quantizing " + layer + " " + done + "/" + total),
                context.cancellation());
    }

    /// The matrix with its codes in a temporary file, for it is used before the first step alone; in memory where no
    /// file can be written.
    private static QuantizedMatrix inFile(QuantizedMatrix matrix, NodeContext context) {
        try {
            return matrix.inFile(context.folders().cache());
        } catch (IOException e) {
            LOG.log(
                    System.Logger.Level.WARNING,
                    () -> "codes of " + matrix.name() + " stay in memory, "
                            + context.folders().cache() + " takes none: " + e.getMessage());
            return matrix;
        }
    }

    /// What a plan is carried out on: the weights as it wants them, and the statistics that it needs.
    ///
    /// @param checkpoint of the model, in full precision
    /// @throws Exception when its engine is not available
    public static QuantizedWeights.Source source(
            DiffusionModel model, TransformerCheckpoint checkpoint, QuantizationPlan plan, NodeContext context)
            throws Exception {
        return new QuantizedWeights.Source(
                checkpoint.asPlanned(plan), checkpoint.blockLinears(), SelfStatistics.of(model, plan, context));
    }

    /// The model opened on its engine; owned by the resource cache.
    ///
    /// @param passes how the branches of guidance will run; a model that is open already serves both ways
    /// @throws Exception as [#weights], or when the engine refuses a graph
    public static DiffusionTransformer transformer(DiffusionModel model, Passes passes, NodeContext context)
            throws Exception {
        return transformer(model, Blocks.of(passes), context);
    }

    /// The model opened on its engine; owned by the resource cache.
    ///
    /// @param blocks how the blocks will run; a model that is open already serves every way
    /// @throws Exception as [#weights], or when the engine refuses a graph
    public static DiffusionTransformer transformer(DiffusionModel model, Blocks blocks, NodeContext context)
            throws Exception {
        Engine engine = model.execution().engine().open(context);
        return context.resources()
                .get(transformerKey(model, engine), Opened.class, () -> {
                    Weights weights = weights(model, context);
                    context.status("opening " + model.file().name() + ", " + model.precision() + ", on " + engine.id());
                    return new Opened(
                            engine instanceof TensorRtEngine tensorRt
                                    ? new TensorRtAssembly(model, weights, blocks).open(tensorRt, context)
                                    : opened(model, weights, engine, LayerProbe.NONE, blocks),
                            weights.lease().again());
                })
                .transformer();
    }

    /// Closes the model and forgets its quantized weights; whoever needs it again opens it anew.
    ///
    /// @throws Exception when its engine is not available
    public static void release(DiffusionModel model, NodeContext context) throws Exception {
        Engine engine = model.execution().engine().open(context);
        context.resources().release(transformerKey(model, engine));
        context.resources().release(weightsKey(model));
        context.resources().release(weightsKey(model.with(model.file().withoutBranches())));
    }

    private static String weightsKey(DiffusionModel model) {
        return "weights:" + identity(model);
    }

    private static String transformerKey(DiffusionModel model, Engine engine) {
        return "dit:" + identity(model) + ":" + model.execution().arithmetic() + ":" + engine.id() + ":"
                + model.execution().engine().threads() + ":"
                + model.execution().engine().settings();
    }

    /// Opens a transformer that the caller owns.
    ///
    /// @param probe watches layers
    public static DiffusionTransformer transformer(
            DiffusionModel model, Weights weights, Engine engine, LayerProbe probe) {
        return opened(model, weights, engine, probe, Blocks.ONE_BRANCH);
    }

    private static DiffusionTransformer opened(
            DiffusionModel model, Weights weights, Engine engine, LayerProbe probe, Blocks blocks) {
        try {
            return DiffusionTransformer.open(
                    engine, weights.checkpoint(), weights.linears(arithmetic(model, engine)), probe, blocks);
        } catch (IllegalArgumentException e) {
            throw new NodeInputException(PORT, "cannot be run as planned: " + e.getMessage(), e);
        }
    }

    /// Integer products in the operators that the engine runs in one pass, where it has them.
    private static Arithmetic arithmetic(DiffusionModel model, Engine engine) {
        Arithmetic asked = model.execution().arithmetic();
        return asked == Arithmetic.INTEGER && engine.hasFusedLinears() ? Arithmetic.FUSED : asked;
    }

    /// Equal for equal checkpoints and plans.
    private static String identity(DiffusionModel model) {
        String plan = planText(model);
        try {
            byte[] digest = MessageDigest.getInstance("SHA-256").digest(plan.getBytes(StandardCharsets.UTF_8));
            return model.file().digest() + ":" + HexFormat.of().formatHex(digest, 0, 16);
        } catch (NoSuchAlgorithmException e) {
            throw new IllegalStateException("every Java platform has SHA-256", e);
        }
    }
}
