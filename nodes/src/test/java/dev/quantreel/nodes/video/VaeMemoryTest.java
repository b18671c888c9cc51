package dev.quantreel.nodes.video;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatExceptionOfType;

import dev.quantreel.engines.memory.MachineMemory;
import dev.quantreel.engines.memory.ResidentMemory;
import dev.quantreel.engines.tensor.DType;
import dev.quantreel.engines.tensor.Shape;
import dev.quantreel.engines.tensor.Tensor;
import dev.quantreel.engines.vae.DecodeOptions;
import dev.quantreel.engines.vae.VaeDecoder;
import dev.quantreel.engines.video.Frames;
import dev.quantreel.nodes.loading.LoadVAE;
import dev.quantreel.nodes.spi.NodeInputException;
import dev.quantreel.nodes.testing.TestContext;
import dev.quantreel.nodes.testing.TinyModels;
import dev.quantreel.nodes.values.Latent;
import dev.quantreel.nodes.values.VideoDecoder;
import java.nio.file.Path;
import java.util.Optional;
import org.assertj.core.api.ThrowableAssert.ThrowingCallable;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/// What a VAE does when little memory is left.
class VaeMemoryTest {

    private final TestContext context;

    VaeMemoryTest(@TempDir Path root) {
        this.context = TestContext.in(root);
    }

    @AfterEach
    void close() throws Exception {
        System.clearProperty(MachineMemory.PROPERTY);
        context.close();
    }

    private VideoDecoder vae() throws Exception {
        String name = new TinyModels(context.folders()).golden("vae", "wan21_vae_dec", "wan_2.1_vae");
        return new LoadVAE()
                .run(new LoadVAE.Inputs(name, Optional.empty()), context)
                .vae();
    }

    private Frames decoded(Latent latent, VideoDecoder vae) throws Exception {
        return new DecodeVAE()
                .run(new DecodeVAE.Inputs(latent, vae, new Tiles(0, 0)), context)
                .images()
                .frames();
    }

    private static void assertRejected(String port, ThrowingCallable run, String... parts) {
        assertThatExceptionOfType(NodeInputException.class)
                .isThrownBy(run)
                .satisfies(e -> assertThat(e.port()).isEqualTo(port))
                .satisfies(e -> assertThat(e.getMessage()).contains(parts));
    }

    private static Latent wide(int side) {
        return new Latent(Tensor.zeros(DType.F32, Shape.of(1, 16, 1, side, side)));
    }

    /// Leaves room for a tile of 256 pixels and not for one of 512.
    private void leaveLittle(VideoDecoder vae) throws Exception {
        VaeDecoder decoder = vae.open(context);
        long small = decoder.workingBytes(wide(64).samples().shape(), new DecodeOptions(256, 64));
        long large = decoder.workingBytes(wide(64).samples().shape(), new DecodeOptions(512, 64));
        assertThat(large).isGreaterThan(3 * small);
        System.gc();
        long limit = ResidentMemory.now().anonymousBytes() + (small + large) / 2;
        System.setProperty(MachineMemory.PROPERTY, Long.toString(limit / 1000) + "k");
    }

    @Test
    void tilesAreChosenThatFitIntoWhatIsLeft() throws Exception {
        VideoDecoder vae = vae();
        Frames whole = decoded(wide(64), vae);
        String before = plan();
        context.statuses().clear();
        leaveLittle(vae);

        Frames tiled = decoded(wide(64), vae);

        assertThat(plan()).contains("working memory").isNotEqualTo(before);
        assertThat(tiled.height()).isEqualTo(whole.height()).isEqualTo(512);
        assertThat(context.progressValues()).as("one run, then one per tile").hasSizeGreaterThan(4);
    }

    private String plan() {
        return context.statuses().stream()
                .filter(status -> status.startsWith("memory plan"))
                .findFirst()
                .orElseThrow();
    }

    @Test
    void aTileThatDoesNotFitIsRefusedWithOneThatDoes() throws Exception {
        VideoDecoder vae = vae();
        leaveLittle(vae);
        assertRejected(
                "tileSize",
                () -> new DecodeVAE().run(new DecodeVAE.Inputs(wide(64), vae, new Tiles(512, 64)), context),
                "at its peak",
                "> decoding",
                "It would fit with tileSize ");
        System.setProperty(MachineMemory.PROPERTY, "1m");
        assertRejected("samples", () -> decoded(wide(64), vae), "models closed that are open");
        assertThat(context.statuses()).anyMatch(status -> status.startsWith("latent saved as"));
    }
}
