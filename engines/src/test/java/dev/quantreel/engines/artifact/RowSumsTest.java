package dev.quantreel.engines.artifact;

import static org.assertj.core.api.Assertions.assertThat;

import dev.quantreel.engines.checkpoint.CheckpointFile;
import dev.quantreel.engines.checkpoint.CheckpointFiles;
import dev.quantreel.engines.dit.QuantizedLinears;
import dev.quantreel.engines.dit.QuantizedLinears.Arithmetic;
import dev.quantreel.engines.dit.TinyTransformer;
import dev.quantreel.engines.dit.TransformerCheckpoint;
import dev.quantreel.engines.metrics.LatentMetrics;
import dev.quantreel.engines.quant.QuantizationPlan;
import dev.quantreel.engines.quant.QuantizationProgress;
import dev.quantreel.engines.quant.QuantizedWeights;
import dev.quantreel.engines.quant.RowTasks;
import dev.quantreel.engines.quant.WeightMatrix;
import dev.quantreel.engines.runtime.CancellationToken;
import dev.quantreel.engines.runtime.Engine;
import dev.quantreel.engines.runtime.EngineProvider.EngineOptions;
import dev.quantreel.engines.runtime.ort.OrtEngineProvider;
import dev.quantreel.engines.tensor.Tensor;
import java.nio.file.Path;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class RowSumsTest {

    private static final Engine ENGINE = new OrtEngineProvider().create(new EngineOptions(1));
    private static final TinyTransformer WAN = new TinyTransformer("wan_t2v_comfy.safetensors", 3);

    private final Path target;

    RowSumsTest(@TempDir Path folder) {
        this.target = folder.resolve("out.safetensors");
    }

    private static ArtifactWriter.Document document(TransformerCheckpoint source, QuantizationPlan plan) {
        return new ArtifactWriter.Document(
                new Recipe("test", plan, 8), new ArtifactSource(source.source(), source.digest(), 1234, "test, f32"));
    }

    private void write(TransformerCheckpoint source, QuantizationPlan plan) {
        ArtifactWriter.write(
                new ArtifactWriter.Source(source, source, source.digest()),
                target,
                document(source, plan),
                ArtifactWriter.Watch.NONE);
    }

    private static QuantizedWeights inMemory(TransformerCheckpoint source, QuantizationPlan plan) {
        return QuantizedWeights.of(
                        source, plan, source.blockLinears(), QuantizationProgress.NONE, CancellationToken.NONE)
                .withModulations(
                        source.architecture().modulationLinears(),
                        source.architecture()::modulationBits,
                        QuantizationProgress.NONE,
                        CancellationToken.NONE);
    }

    /// The mean of a token is multiplied with the sums of the original rows, which codes do not tell.
    @Test
    void sumsOfRowsForSplitMeansAreThoseOfTheOriginal() {
        TransformerCheckpoint source = WAN.checkpoint();
        QuantizationPlan plain = QuantizationPlan.DVD_QUANT;
        QuantizationPlan split =
                new QuantizationPlan(plain.weight(), plain.input().withMeanSplit(true), plain.layers());
        write(source, split);
        assertSumsOfOriginal(source, split);
        QuantizedWeights prepared = inMemory(source, split);
        ArtifactWriter.write(source, prepared, target, document(source, split), ArtifactWriter.Watch.NONE);
        assertSumsOfOriginal(source, split);
        write(source, plain);
        try (CheckpointFile file = CheckpointFiles.open(target)) {
            assertThat(file.stored().names()).noneMatch(name -> name.endsWith(".row_sums"));
        }
    }

    private void assertSumsOfOriginal(TransformerCheckpoint source, QuantizationPlan plan) {
        RowTasks tasks = RowTasks.parallel(CancellationToken.NONE);
        try (CheckpointFile file = CheckpointFiles.open(target)) {
            TransformerCheckpoint opened = TransformerCheckpoint.of(file);
            QuantizedWeights loaded =
                    Artifact.of(file.stored()).orElseThrow().weights(opened, plan, CancellationToken.NONE);
            for (String layer : source.blockLinears()) {
                String name = layer + ".weight";
                float[] expected = WeightMatrix.of(name, source.tensor(name)).rowSums(tasks);
                assertThat(loaded.rowSums(layer, tasks)).isEqualTo(expected);
                assertThat(WeightMatrix.of(name, opened.tensor(name)).rowSums(tasks))
                        .isNotEqualTo(expected);
            }
            QuantizedWeights here = inMemory(source, plan);
            Tensor actual = WAN.prediction(ENGINE, opened, QuantizedLinears.of(loaded, Arithmetic.INTEGER));
            assertThat(LatentMetrics.relativeL2(
                            actual, WAN.prediction(ENGINE, QuantizedLinears.of(here, Arithmetic.INTEGER))))
                    .isZero();
        }
    }
}
