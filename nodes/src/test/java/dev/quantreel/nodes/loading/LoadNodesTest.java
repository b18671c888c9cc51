package dev.quantreel.nodes.loading;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatExceptionOfType;
import static org.assertj.core.api.Assertions.assertThatIllegalStateException;

import dev.quantreel.engines.runtime.EngineException;
import dev.quantreel.engines.safetensors.SafetensorsFile;
import dev.quantreel.engines.tensor.DType;
import dev.quantreel.nodes.DemoPipeline;
import dev.quantreel.nodes.spi.NodeInputException;
import dev.quantreel.nodes.spi.NodeInputs;
import dev.quantreel.nodes.values.DiffusionModel;
import dev.quantreel.nodes.values.EngineChoice;
import java.io.RandomAccessFile;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.FileTime;
import java.util.Arrays;
import java.util.Optional;
import org.assertj.core.api.ThrowableAssert.ThrowingCallable;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class LoadNodesTest {

    private final DemoPipeline demo;
    private final Path folder;
    private final Path original;

    LoadNodesTest(@TempDir Path root) throws Exception {
        this.demo = DemoPipeline.in(root);
        this.folder = demo.context().folders().models("diffusion_models");
        this.original = folder.resolve(
                demo.context().folders().files("diffusion_models").getFirst());
    }

    @AfterEach
    void close() throws Exception {
        demo.context().close();
    }

    private void loadDiT(String name) throws Exception {
        new LoadDiT().run(new LoadDiT.Inputs(name), demo.context());
    }

    private static void assertRefused(ThrowingCallable loading, String... parts) {
        assertThatExceptionOfType(NodeInputException.class)
                .isThrownBy(loading)
                .satisfies(e -> assertThat(e.port()).isEqualTo("file"))
                .satisfies(e -> assertThat(e.getMessage()).contains(parts));
    }

    @Test
    void theDemoModelTellsItsSizesAndStaysAPlan() throws Exception {
        DiffusionModel model = demo.model();

        assertThat(model.facts().latent().channels()).isEqualTo(16);
        assertThat(model.facts().text().width()).isEqualTo(128);
        assertThat(model.plan()).isEmpty();
        assertThat(model.precision()).isEqualTo("full precision");
        assertThat(demo.context().loadedKeys()).as("nothing stays open").isEmpty();
    }

    @Test
    void aMissingFileListsWhatThereIs() {
        assertRefused(() -> loadDiT("none.safetensors"), "none.safetensors", "quantreel_demo_dit");
    }

    @Test
    void aTruncatedFileIsNamed() throws Exception {
        byte[] bytes = Files.readAllBytes(original);
        Files.write(folder.resolve("cut.safetensors"), Arrays.copyOf(bytes, bytes.length / 2));

        assertRefused(() -> loadDiT("cut.safetensors"), "cut.safetensors", "bytes");
    }

    @Test
    void aPickleIsRefusedWithTheReason() throws Exception {
        Files.write(folder.resolve("model.pt"), new byte[] {'P', 'K', 3, 4, 0, 0});
        Files.write(folder.resolve("renamed.safetensors"), new byte[] {(byte) 0x80, 2, '}', 'q', 0, 0, 0, 0, 0, 0});

        assertRefused(() -> loadDiT("model.pt"), "model.pt", "pickle");
        assertRefused(() -> loadDiT("renamed.safetensors"), "renamed.safetensors", "pickle");
    }

    @Test
    void anotherFamilyIsRecognised() throws Exception {
        Path vae = demo.context().folders().models("vae");
        Files.copy(vae.resolve(demo.context().folders().files("vae").getFirst()), folder.resolve("vae.safetensors"));
        Files.copy(original, vae.resolve("dit.safetensors"));
        Path encoders = demo.context().folders().models("text_encoders");
        Files.copy(original, encoders.resolve("dit.safetensors"));

        assertRefused(() -> loadDiT("vae.safetensors"), "TAEHV", "accepted is a diffusion transformer", "Wan 2.1");
        assertRefused(
                () -> new LoadVAE().run(new LoadVAE.Inputs("dit.safetensors", Optional.empty()), demo.context()),
                "dit.safetensors",
                "TAEHV");
        assertRefused(
                () -> new LoadTextEncoder()
                        .run(
                                new LoadTextEncoder.Inputs(
                                        "dit.safetensors",
                                        EncoderOptions.Type.AUTO,
                                        EncoderOptions.Precision.FULL,
                                        Optional.empty()),
                                demo.context()),
                "dit.safetensors",
                "UMT5");
    }

    @Test
    void aNanAmongTheWeightsIsNamedWithItsTensor() throws Exception {
        Path broken = folder.resolve("nan.safetensors");
        Files.copy(original, broken);
        long offset;
        try (SafetensorsFile file = SafetensorsFile.open(broken)) {
            assertThat(file.tensor("blocks.0.ffn.0.weight").dtype()).isEqualTo(DType.BF16);
            offset = file.header().dataOffsetBytes()
                    + Optional.ofNullable(file.header().entries().get("blocks.0.ffn.0.weight"))
                            .orElseThrow()
                            .beginBytes()
                    + 2 * 12;
        }
        try (RandomAccessFile file = new RandomAccessFile(broken.toFile(), "rw")) {
            file.seek(offset);
            file.write(new byte[] {(byte) 0xC0, 0x7F});
        }

        assertRefused(
                () -> loadDiT("nan.safetensors"),
                "nan.safetensors",
                "NaN at element 12 of blocks.0.ffn.0.weight",
                "accepted are finite weights");
    }

    @Test
    void aFileReplacedAfterLoadingIsNoticed() throws Exception {
        DiffusionModel model = demo.model();
        Files.setLastModifiedTime(original, FileTime.fromMillis(1_000_000));

        assertThatIllegalStateException()
                .isThrownBy(() -> demo.sample(model))
                .withMessageContaining("changed since it was loaded");
    }

    @Test
    void theFingerprintFollowsTheFile() throws Exception {
        NodeInputs constants =
                NodeInputs.EMPTY.with("file", original.getFileName().toString());
        String before = new LoadDiT().fingerprint(constants, demo.context().folders());
        Files.setLastModifiedTime(original, FileTime.fromMillis(1_000_000));

        assertThat(new LoadDiT().fingerprint(constants, demo.context().folders()))
                .isNotEqualTo(before);
    }

    @Test
    void anUnknownEngineListsTheKnown() {
        assertThatExceptionOfType(EngineException.class)
                .isThrownBy(() -> new EngineChoice("abacus", 0).open(demo.context()))
                .withMessageContaining("abacus")
                .withMessageContaining("ort-cpu");
    }
}
