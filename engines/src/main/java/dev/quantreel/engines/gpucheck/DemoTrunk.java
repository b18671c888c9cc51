package dev.quantreel.engines.gpucheck;

import dev.quantreel.engines.dit.DiffusionTransformer;
import dev.quantreel.engines.dit.DiffusionTransformer.Blocks;
import dev.quantreel.engines.dit.DiffusionTransformer.Form;
import dev.quantreel.engines.dit.DiffusionTransformer.Modulation;
import dev.quantreel.engines.dit.FloatLinears;
import dev.quantreel.engines.dit.LayerProbe;
import dev.quantreel.engines.dit.LinearLayers;
import dev.quantreel.engines.dit.QuantizedLinears;
import dev.quantreel.engines.dit.QuantizedLinears.Arithmetic;
import dev.quantreel.engines.dit.TransformerCheckpoint;
import dev.quantreel.engines.dit.TransformerFacts;
import dev.quantreel.engines.export.ComputePrecision;
import dev.quantreel.engines.export.ExportForm;
import dev.quantreel.engines.export.ExportSettings;
import dev.quantreel.engines.export.ExportSource;
import dev.quantreel.engines.export.OnnxExport;
import dev.quantreel.engines.lowrank.LowRankBranches;
import dev.quantreel.engines.onnx.OnnxModel;
import dev.quantreel.engines.quant.QuantizationPlan;
import dev.quantreel.engines.quant.QuantizationProgress;
import dev.quantreel.engines.quant.QuantizedWeights;
import dev.quantreel.engines.quant.WeightQuantizer;
import dev.quantreel.engines.runtime.CancellationToken;
import dev.quantreel.engines.runtime.Engine;
import dev.quantreel.engines.runtime.Session;
import dev.quantreel.engines.safetensors.SafetensorsFile;
import dev.quantreel.engines.sampling.SplitModel;
import dev.quantreel.engines.sampling.SplitModel.Branch;
import dev.quantreel.engines.sampling.TorchNoise;
import dev.quantreel.engines.tensor.FloatWeights;
import dev.quantreel.engines.tensor.Shape;
import dev.quantreel.engines.tensor.Tensor;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Optional;
import java.util.function.UnaryOperator;
import java.util.stream.Collectors;

/// The demo model's transformer on an engine, run on noise: a whole diffusion transformer that fits anywhere. Not
/// thread-safe.
final class DemoTrunk implements AutoCloseable {

    private static final String FILE = "diffusion_models/quantreel_demo_dit_bf16.safetensors";
    private static final int WEIGHT_BITS = 4;
    private static final int FRAMES = 3;

    private final SafetensorsFile file;
    private final DiffusionTransformer transformer;
    private final SplitModel model;
    private final TransformerFacts facts;
    private final int side;
    private final long packedWeightBytes;

    private DemoTrunk(
            SafetensorsFile file, DiffusionTransformer transformer, TransformerCheckpoint checkpoint, int side) {
        this.facts = checkpoint.facts();
        this.side = side;
        this.packedWeightBytes = checkpoint.blockLinears().stream()
                .mapToLong(layer -> checkpoint.tensor(layer + ".weight").elements() * WEIGHT_BITS / Byte.SIZE)
                .sum();
        this.file = file;
        this.transformer = transformer;
        Shape text = Shape.of(1, facts.text().length(), facts.text().width());
        this.model = transformer.bind(TorchNoise.gaussian(1, text), TorchNoise.gaussian(2, text));
    }

    /// Noise, the same at each call.
    ///
    /// @param rows and columns of the latent, even
    Tensor latent(int rows) {
        return TorchNoise.gaussian(3, Shape.of(1, facts.latent().channels(), FRAMES, rows, rows));
    }

    /// What the model says of itself.
    TransformerFacts facts() {
        return facts;
    }

    /// The model, bound to two prompts of noise.
    SplitModel model() {
        return model;
    }

    /// What the linears compute with.
    enum Precision {
        FULL,
        W4,
        /// The graphs that *Export ONNX* writes for TensorRT, weights and activations in 8 bits, products in F32.
        QDQ_INT8
    }

    /// One pass.
    ///
    /// @param timestep 0 to 1000
    /// @param bits of activations
    record Pass(float timestep, int bits) {}

    /// @param models folder with the demo model
    /// @param side rows and columns of the latent, even
    static DemoTrunk open(Engine engine, Path models, Precision precision, int side) {
        SafetensorsFile file = SafetensorsFile.open(models.resolve(FILE));
        try {
            TransformerCheckpoint checkpoint = TransformerCheckpoint.of(file);
            if (precision == Precision.QDQ_INT8) {
                return exported(engine, file, checkpoint, side);
            }
            LinearLayers linears = precision == Precision.FULL
                    ? new FloatLinears(new FloatWeights(checkpoint))
                    : QuantizedLinears.of(
                            quantized(checkpoint), engine.hasFusedLinears() ? Arithmetic.FUSED : Arithmetic.INTEGER);
            return new DemoTrunk(file, DiffusionTransformer.open(engine, checkpoint, linears), checkpoint, side);
        } catch (RuntimeException | Error e) {
            file.close();
            throw e;
        }
    }

    private static QuantizedWeights quantized(TransformerCheckpoint checkpoint) {
        return QuantizedWeights.of(
                checkpoint,
                QuantizationPlan.DVD_QUANT.withWeights(new WeightQuantizer.MinMax(), WEIGHT_BITS),
                checkpoint.blockLinears(),
                QuantizationProgress.NONE,
                CancellationToken.NONE);
    }

    private static DemoTrunk exported(Engine engine, SafetensorsFile file, TransformerCheckpoint checkpoint, int side) {
        OnnxExport.Result result = new OnnxExport(
                        new ExportSource(checkpoint, Optional.of(quantized(checkpoint)), LowRankBranches.NONE, true),
                        ExportSettings.of(ExportForm.QDQ_INT8, ComputePrecision.FP32),
                        UnaryOperator.identity(),
                        CancellationToken.NONE)
                .build();
        Map<String, OnnxModel> graphs =
                result.graphs().values().stream().collect(Collectors.toMap(OnnxModel::name, graph -> graph));
        Form form = new Form(Blocks.ONE_BRANCH, Modulation.EVERY_STEP);
        DiffusionTransformer transformer = DiffusionTransformer.open(
                new Exported(engine, graphs), checkpoint, result.linears(), LayerProbe.NONE, form);
        return new DemoTrunk(file, transformer, checkpoint, side);
    }

    /// Opens exported graphs in place of those that a transformer builds, which have the same names.
    private record Exported(Engine engine, Map<String, OnnxModel> graphs) implements Engine {

        @Override
        public String id() {
            return engine.id();
        }

        @Override
        public String description() {
            return engine.description();
        }

        @Override
        public Session open(OnnxModel model) {
            return engine.open(Objects.requireNonNull(graphs.get(model.name()), model.name()));
        }

        @Override
        public Tensor place(Tensor tensor) {
            return engine.place(tensor);
        }

        @Override
        public void close() {}
    }

    /// Velocities, one tensor a pass.
    List<Tensor> run(List<Pass> passes) {
        return run(passes, side, CancellationToken.NONE);
    }

    /// Velocities of a latent of another size, one tensor a pass.
    ///
    /// @param rows and columns of the latent, even
    List<Tensor> run(List<Pass> passes, int rows, CancellationToken cancellation) {
        List<Tensor> velocities = new ArrayList<>();
        for (Pass pass : passes) {
            SplitModel.Prelude prelude =
                    model.prelude(latent(rows), pass.timestep(), Branch.CONDITIONAL, CancellationToken.NONE);
            Tensor tokens = model.trunk(prelude, Branch.CONDITIONAL, pass.bits(), cancellation);
            velocities.add(model.head(prelude, tokens, CancellationToken.NONE));
        }
        return velocities;
    }

    /// Largest relative distance of one of several tensors from its expectation.
    static double distance(List<Tensor> actual, List<Tensor> expected) {
        double worst = 0;
        for (int i = 0; i < expected.size(); i++) {
            float[] a = actual.get(i).toFloatArray();
            float[] b = expected.get(i).toFloatArray();
            double difference = 0;
            double norm = 0;
            for (int j = 0; j < b.length; j++) {
                difference += Math.pow((double) a[j] - b[j], 2);
                norm += (double) b[j] * b[j];
            }
            // Not finite where one of the values is not: compares false with every bound.
            worst = Math.max(worst, Math.sqrt(difference / norm));
        }
        return worst;
    }

    /// What the block linears' weights take as codes of 4 bits.
    long packedWeightBytes() {
        return packedWeightBytes;
    }

    @Override
    public void close() {
        try (file) {
            transformer.close();
        }
    }
}
