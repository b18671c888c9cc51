package dev.quantreel.engines.dit;

import static org.assertj.core.api.Assertions.assertThat;

import dev.quantreel.engines.dit.DiffusionTransformer.Blocks;
import dev.quantreel.engines.dit.QuantizedLinears.Arithmetic;
import dev.quantreel.engines.quant.QuantizationPlan;
import dev.quantreel.engines.quant.QuantizationProgress;
import dev.quantreel.engines.quant.QuantizedWeights;
import dev.quantreel.engines.quant.WeightQuantizer;
import dev.quantreel.engines.runtime.CancellationToken;
import dev.quantreel.engines.runtime.cuda.CudaEngine;
import dev.quantreel.engines.runtime.cuda.SimulatedEngine;
import dev.quantreel.engines.runtime.cuda.simulator.HostSimulator;
import dev.quantreel.engines.safetensors.SafetensorsFile;
import dev.quantreel.engines.sampling.SplitModel;
import dev.quantreel.engines.sampling.SplitModel.Branch;
import dev.quantreel.engines.sampling.SplitModel.Prelude;
import dev.quantreel.engines.sampling.TorchNoise;
import dev.quantreel.engines.tensor.Shape;
import dev.quantreel.engines.tensor.Tensor;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.stream.IntStream;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;

/// What sessions of the engine `cuda` keep and share while a model is sampled, on the host simulator: the demo
/// model, quantized.
class CudaSessionsTest {

    private static final Path FILE =
            Path.of("..", "workflows", "demo-models", "diffusion_models", "quantreel_demo_dit_bf16.safetensors");
    private static final CancellationToken NONE = CancellationToken.NONE;

    private static HostSimulator simulator;
    private static SafetensorsFile file;
    private static TransformerCheckpoint checkpoint;
    private static LinearLayers linears;

    @BeforeAll
    static void open() {
        simulator = HostSimulator.start();
        file = SafetensorsFile.open(FILE);
        checkpoint = TransformerCheckpoint.of(file);
        QuantizedWeights weights = QuantizedWeights.of(
                checkpoint,
                QuantizationPlan.DVD_QUANT.withWeights(new WeightQuantizer.MinMax(), 4),
                checkpoint.blockLinears(),
                QuantizationProgress.NONE,
                NONE);
        linears = QuantizedLinears.of(weights, Arithmetic.FUSED);
    }

    @AfterAll
    static void close() {
        file.close();
        simulator.close();
    }

    private static DiffusionTransformer open(CudaEngine engine, Blocks blocks) {
        return DiffusionTransformer.open(engine, checkpoint, linears, LayerProbe.NONE, blocks);
    }

    private static SplitModel bound(DiffusionTransformer transformer) {
        Shape text = Shape.of(1, 16, checkpoint.facts().text().width());
        return transformer.bind(TorchNoise.gaussian(1, text), TorchNoise.gaussian(2, text));
    }

    private static Tensor latent() {
        return TorchNoise.gaussian(3, Shape.of(1, checkpoint.facts().latent().channels(), 2, 6, 6));
    }

    private static float[] trunk(SplitModel model, Branch branch, int bits) {
        Prelude prelude = model.prelude(latent(), 700, branch, NONE);
        return model.trunk(prelude, branch, bits, NONE).toFloatArray();
    }

    @Test
    void oneTrunkPlanServesAllBitsOfAScheduleByStep() {
        try (CudaEngine engine = SimulatedEngine.open("offload=never");
                CudaEngine plain = SimulatedEngine.open("offload=never graphs=false");
                DiffusionTransformer transformer = open(engine, Blocks.ONE_BRANCH);
                DiffusionTransformer other = open(plain, Blocks.ONE_BRANCH)) {
            SplitModel model = bound(transformer);
            SplitModel expected = bound(other);
            trunk(model, Branch.CONDITIONAL, 8);
            int plans = engine.plans();
            for (int bits : new int[] {4, 6, 8, 4, 8, 4, 6, 8, 4}) {
                assertThat(trunk(model, Branch.CONDITIONAL, bits))
                        .as(bits + " bits")
                        .isEqualTo(trunk(expected, Branch.CONDITIONAL, bits));
            }
            // The text graph runs once for each of the other widths, from one plan as well.
            assertThat(engine.plans()).isEqualTo(plans);
        }
    }

    @Test
    void oneTrunkPlanServesAllBitsOfAScheduleByBlock() {
        try (CudaEngine engine = SimulatedEngine.open("offload=never");
                CudaEngine plain = SimulatedEngine.open("offload=never graphs=false");
                DiffusionTransformer transformer = open(engine, Blocks.BITS_BY_BLOCK);
                DiffusionTransformer other = open(plain, Blocks.BITS_BY_BLOCK)) {
            SplitModel.BlockwiseTrunk trunk =
                    bound(transformer).blockwiseTrunk().use().orElseThrow();
            SplitModel.BlockwiseTrunk expected =
                    bound(other).blockwiseTrunk().use().orElseThrow();
            int plans = 0;
            for (int step = 0; step < 8; step++) {
                int turn = step;
                List<Integer> bits = IntStream.range(0, trunk.blocks().size())
                        .map(block -> List.of(4, 8, 6).get((turn + block * (1 + turn / 3)) % 3))
                        .boxed()
                        .toList();
                assertThat(byBlock(transformer, trunk, bits)).isEqualTo(byBlock(other, expected, bits));
                plans = plans == 0 ? engine.plans() : plans;
            }
            assertThat(engine.plans()).isEqualTo(plans);
        }
    }

    private static float[] byBlock(
            DiffusionTransformer transformer, SplitModel.BlockwiseTrunk trunk, List<Integer> bits) {
        Prelude prelude = bound(transformer).prelude(latent(), 700, Branch.CONDITIONAL, NONE);
        return trunk.run(prelude, Branch.CONDITIONAL, bits, NONE).tokens().toFloatArray();
    }

    @Test
    void trunksForOneBranchAndForBothHoldTheirWeightsOnce() {
        try (CudaEngine engine = SimulatedEngine.open("offload=never");
                DiffusionTransformer transformer = open(engine, Blocks.ONE_BRANCH)) {
            long held = engine.heldBytes();
            List<DiffusionTransformer> more = new ArrayList<>();
            for (Blocks blocks : new Blocks[] {Blocks.BOTH_BRANCHES, Blocks.BITS_BY_BLOCK}) {
                more.add(open(engine, blocks));
            }

            assertThat(engine.heldBytes()).isEqualTo(held);

            more.forEach(DiffusionTransformer::close);
            assertThat(engine.heldBytes()).isEqualTo(held);
        }
    }
}
