package dev.quantreel.engines.artifact;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatExceptionOfType;
import static org.assertj.core.api.Assertions.assertThatIllegalArgumentException;

import dev.quantreel.engines.checkpoint.CheckpointFiles;
import dev.quantreel.engines.dit.TinyTransformer;
import dev.quantreel.engines.dit.TransformerCheckpoint;
import dev.quantreel.engines.quant.ActivationStatistics;
import dev.quantreel.engines.quant.LayerRule;
import dev.quantreel.engines.quant.QuantizationPlan;
import dev.quantreel.engines.quant.RowTasks;
import dev.quantreel.engines.quant.WeightQuantizer;
import dev.quantreel.engines.runtime.CancellationToken;
import dev.quantreel.engines.tensor.CheckpointException;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.channels.FileChannel;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.CancellationException;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.function.BooleanSupplier;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class ArtifactWriterTest {
    private static final TinyTransformer WAN = new TinyTransformer("wan_t2v_comfy.safetensors", 3);
    private static final TinyTransformer HUNYUAN = new TinyTransformer("hunyuan_video_diffusers.safetensors", 3);

    private final Path target;

    ArtifactWriterTest(@TempDir Path folder) {
        this.target = folder.resolve("out.safetensors");
    }

    private static Recipe recipe(int bits) {
        QuantizationPlan plan = QuantizationPlan.DVD_QUANT;
        return new Recipe("test", plan.withWeights(plan.weights(), bits), 8);
    }

    private static ArtifactWriter.Document document(TransformerCheckpoint source, Recipe recipe) {
        return new ArtifactWriter.Document(
                recipe, new ArtifactSource(source.source(), source.digest(), 1234, "test, f32"), "Quantreel test");
    }

    private static LayerSource streamed(TransformerCheckpoint source) {
        return new StreamedLayers(
                source, recipe(4).plan(), ActivationStatistics.NONE, RowTasks.parallel(CancellationToken.NONE));
    }

    private static ArtifactWriter.Source from(TransformerCheckpoint source) {
        return new ArtifactWriter.Source(source, source, source.digest());
    }

    private void write(TransformerCheckpoint source, Recipe recipe) {
        write(source, recipe, ArtifactWriter.Watch.NONE);
    }

    private void write(TransformerCheckpoint source, Recipe recipe, ArtifactWriter.Watch watch) {
        ArtifactWriter.write(from(source), target, document(source, recipe), watch);
    }

    private static CancellationToken when(BooleanSupplier asked) {
        return new CancellationToken() {
            @Override
            public boolean cancelled() {
                return asked.getAsBoolean();
            }

            @Override
            public Registration onCancel(Runnable hook) {
                return () -> {};
            }
        };
    }

    @Test
    void anInterruptedRunGoesOnAndGivesTheBytesOfOneThatWasNotStopped() throws IOException {
        TransformerCheckpoint source = HUNYUAN.checkpoint();
        write(source, recipe(4));
        byte[] whole = Files.readAllBytes(target);
        Files.delete(target);

        int runs = 0;
        List<String> written = new ArrayList<>();
        while (!Files.exists(target)) {
            AtomicInteger fresh = new AtomicInteger();
            runs++;
            try {
                write(
                        source,
                        recipe(4),
                        new ArtifactWriter.Watch(
                                step -> {
                                    if (!step.resumed()) {
                                        written.add(step.unit());
                                        fresh.incrementAndGet();
                                    }
                                },
                                when(() -> fresh.get() >= 15)));
            } catch (CancellationException e) {
                assertThat(target).doesNotExist();
                assertThat(PartialFile.part(target)).exists();
            }
        }

        assertThat(runs).isGreaterThan(3);
        assertThat(written).doesNotHaveDuplicates().containsExactlyElementsOf(source.names());
        assertThat(Files.readAllBytes(target)).isEqualTo(whole);
        assertThat(target.getParent()).isDirectoryNotContaining("glob:**.{part,journal}");
    }

    @Test
    void whatAKillLeftHalfWrittenIsWrittenAgain() throws IOException {
        TransformerCheckpoint source = WAN.checkpoint();
        write(source, recipe(4));
        byte[] whole = Files.readAllBytes(target);
        Files.delete(target);
        stopAfter(20, source);
        Path journal = PartialFile.journal(target);
        String lines = Files.readString(journal);
        Files.writeString(journal, lines.substring(0, lines.length() - 5)); // the last line was being written
        try (FileChannel part = FileChannel.open(PartialFile.part(target), StandardOpenOption.WRITE)) {
            int somewhere = Math.toIntExact(offsetOf(source, "blocks.0.self_attn.q.weight"));
            part.write(ByteBuffer.wrap(new byte[] {1, 2, 3, 4}), somewhere); // a block of the disk was lost
        }

        List<String> written = new ArrayList<>();
        write(
                source,
                recipe(4),
                new ArtifactWriter.Watch(
                        step -> {
                            if (!step.resumed()) {
                                written.add(step.unit());
                            }
                        },
                        CancellationToken.NONE));

        assertThat(Files.readAllBytes(target)).isEqualTo(whole);
        assertThat(written)
                .contains("blocks.0.self_attn.q.weight")
                .hasSize(source.names().size() - 19); // the one under way when it was stopped got there, too
    }

    private long offsetOf(TransformerCheckpoint source, String weight) {
        LayerSource layers = streamed(source);
        return ArtifactPlan.of(source, document(source, recipe(4)), layers, target)
                .extent(weight + ".codes")
                .beginBytes();
    }

    private void stopAfter(int units, TransformerCheckpoint source) {
        AtomicInteger done = new AtomicInteger();
        assertThatExceptionOfType(CancellationException.class)
                .isThrownBy(() -> write(
                        source,
                        recipe(4),
                        new ArtifactWriter.Watch(step -> done.incrementAndGet(), when(() -> done.get() >= units))));
    }

    @Test
    void anUnfinishedFileSaysThatItIsOne() {
        stopAfter(10, WAN.checkpoint());

        assertThatExceptionOfType(CheckpointException.class)
                .isThrownBy(() -> CheckpointFiles.open(PartialFile.part(target)).close())
                .withMessageContaining("is an unfinished quantized file")
                .withMessageContaining("Run the same `quantreel quantize` again");
    }

    @Test
    void aFileCutShortIsRefused() throws IOException {
        write(WAN.checkpoint(), recipe(4));
        try (FileChannel file = FileChannel.open(target, StandardOpenOption.WRITE)) {
            file.truncate(file.size() / 2);
        }

        assertThatExceptionOfType(CheckpointException.class)
                .isThrownBy(() -> CheckpointFiles.open(target).close())
                .withMessageContaining("out.safetensors")
                .withMessageContaining("truncated");
    }

    @Test
    void aPartOfAnotherSourceOrRecipeIsRefusedUntilItIsDiscarded() {
        stopAfter(10, WAN.checkpoint());

        assertThatExceptionOfType(CheckpointException.class)
                .isThrownBy(() -> write(WAN.checkpoint(), recipe(3)))
                .withMessageContaining("was begun from another source, with another recipe")
                .withMessageContaining("--restart");
        TransformerCheckpoint source = WAN.checkpoint();
        ArtifactWriter.Document other = new ArtifactWriter.Document(
                recipe(4), new ArtifactSource(source.source(), "0".repeat(64), 1234, "test, f32"), "Quantreel test");
        assertThatExceptionOfType(CheckpointException.class)
                .isThrownBy(() -> ArtifactWriter.write(
                        new ArtifactWriter.Source(source, source, "0".repeat(64)),
                        target,
                        other,
                        ArtifactWriter.Watch.NONE))
                .withMessageContaining("was begun from another source");

        assertThat(ArtifactWriter.discard(target)).isTrue();
        write(WAN.checkpoint(), recipe(3));
        assertThat(target).exists();
    }

    @Test
    void aFullDiskKeepsWhatIsDoneAndSaysSo() throws IOException {
        TransformerCheckpoint source = WAN.checkpoint();
        write(source, recipe(4));
        byte[] whole = Files.readAllBytes(target);
        Files.delete(target);
        AtomicInteger writes = new AtomicInteger();
        ArtifactWriter.Target full = new ArtifactWriter.Target(target, (file, bytes, position) -> {
            if (writes.incrementAndGet() > 40) {
                throw new IOException("No space left on device");
            }
            return file.write(bytes, position);
        });
        LayerSource layers = streamed(source);

        assertThatExceptionOfType(CheckpointException.class)
                .isThrownBy(() -> ArtifactWriter.write(
                        from(source), layers, full, document(source, recipe(4)), ArtifactWriter.Watch.NONE))
                .withMessageContaining("cannot be written: No space left on device; what is done is kept in"
                        + " out.safetensors.part, the same command goes on there");
        assertThat(target).doesNotExist();

        AtomicInteger resumed = new AtomicInteger();
        write(
                source,
                recipe(4),
                new ArtifactWriter.Watch(step -> resumed.addAndGet(step.resumed() ? 1 : 0), CancellationToken.NONE));
        assertThat(resumed).hasValueGreaterThan(5);
        assertThat(Files.readAllBytes(target)).isEqualTo(whole);
    }

    @Test
    void aSecondWriterOfTheSameFileIsRefused() {
        TransformerCheckpoint source = WAN.checkpoint();
        List<String> refused = new ArrayList<>();
        write(
                source,
                recipe(4),
                new ArtifactWriter.Watch(
                        step -> {
                            if (refused.isEmpty()) {
                                assertThatExceptionOfType(CheckpointException.class)
                                        .isThrownBy(() -> write(source, recipe(4)))
                                        .satisfies(e -> refused.add(String.valueOf(e.getMessage())));
                            }
                        },
                        CancellationToken.NONE));

        assertThat(refused).singleElement().asString().contains("is being written by this process already");
    }

    @Test
    void aRecipeThatNeedsTheModelToRunOrKeepsEverythingIsRefused() {
        QuantizationPlan plan = QuantizationPlan.DVD_QUANT;
        Recipe gptq = new Recipe("", plan.withWeights(new WeightQuantizer.Gptq(), 4), 8);

        assertThatIllegalArgumentException()
                .isThrownBy(() -> write(WAN.checkpoint(), gptq))
                .withMessageContaining("save it with Save Quantized");
        assertThatIllegalArgumentException()
                .isThrownBy(() -> write(WAN.checkpoint(), new Recipe("", plan.withLayers(new LayerRule(".")), 8)))
                .withMessageContaining("keeps every linear");
        assertThat(target.getParent()).isEmptyDirectory();
    }
}
