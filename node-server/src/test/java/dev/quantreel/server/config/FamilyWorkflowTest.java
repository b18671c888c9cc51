package dev.quantreel.server.config;

import static org.assertj.core.api.Assertions.assertThat;

import dev.quantreel.engines.dit.hunyuan.HunyuanConfig;
import dev.quantreel.engines.dit.hunyuan.HunyuanVideoFamily;
import dev.quantreel.engines.dit.hunyuan.HunyuanVideoTransformer;
import dev.quantreel.engines.dit.wan.WanConfig;
import dev.quantreel.engines.dit.wan.WanFamily;
import dev.quantreel.engines.dit.wan.WanTransformer;
import dev.quantreel.engines.video.Frames;
import dev.quantreel.engines.video.VideoReader;
import dev.quantreel.nodes.testing.TestFolders;
import dev.quantreel.nodes.testing.TinyModels;
import dev.quantreel.server.workflow.WorkflowFile;
import java.awt.image.BufferedImage;
import java.io.IOException;
import java.io.PrintWriter;
import java.io.StringWriter;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.stream.Stream;
import javax.imageio.ImageIO;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;

/// The workflows of the released files run from text to video file: as they are, but for size, scale, steps and
/// prompt, on tiny random checkpoints under the names of the released ones.
class FamilyWorkflowTest {

    private static final int WIDTH = TinyModels.TEXT_WIDTH;

    private final Path base;
    private final TinyModels models;

    FamilyWorkflowTest(@TempDir Path base) {
        this.base = base;
        this.models = new TinyModels(new TestFolders(base));
    }

    static List<String> workflows() throws IOException {
        try (Stream<Path> list = Files.list(folder())) {
            return list.map(file -> String.valueOf(file.getFileName()))
                    .filter(name -> name.endsWith(".json") && !name.contains("-demo"))
                    .sorted()
                    .toList();
        }
    }

    private static Path folder() {
        return ServerConfig.homeFolder().resolve("workflows");
    }

    @Test
    void wanAndHunyuanVideoHaveWorkflows() throws IOException {
        assertThat(String.join(" ", workflows())).contains("t2v-wan2.1", "t2v-wan2.2", "i2v-wan2.2", "t2v-hunyuan");
    }

    @ParameterizedTest(name = "{0}")
    @MethodSource("workflows")
    void theWorkflowMakesAVideoFile(String name) throws IOException {
        released();
        Path file = folder().resolve(name);
        StringWriter printed = new StringWriter();
        StringWriter errors = new StringWriter();
        int code = Main.commandLine()
                .setOut(new PrintWriter(printed))
                .setErr(new PrintWriter(errors))
                .execute(arguments(file).toArray(String[]::new));

        assertThat(errors.toString()).isEmpty();
        assertThat(code).isZero();
        List<Path> saved;
        try (Stream<Path> files = Files.list(base.resolve("output/video"))) {
            saved = files.toList();
        }
        assertThat(saved).singleElement().asString().endsWith(".mp4");
        Frames frames = new VideoReader().read(saved.getFirst()).frames();
        assertThat(List.of(frames.count(), frames.height(), frames.width())).containsExactly(5, 64, 64);
    }

    private List<String> arguments(Path file) {
        List<String> arguments = new ArrayList<>(List.of("run", file.toString(), "--base-directory", base.toString()));
        Application application = Application.create(new ServerConfig(
                ServerConfig.homeFolder(),
                base,
                base.resolve("output"),
                base.resolve("input"),
                base.resolve("temp"),
                base.resolve("user"),
                List.of()));
        WorkflowFile.read(file, application.catalog(), List.of())
                .api()
                .nodes()
                .values()
                .forEach(node -> {
                    List<String> changes =
                            switch (node.classType()) {
                                case "EmptyVideoLatent", "ImageToVideo" -> List.of("width=64", "height=64", "frames=5");
                                case "EncodePrompt" -> List.of("text=a cat"); // the tiny CLIP-L has 16 positions
                                case "SampleVideo" -> List.of("steps=4");
                                case "SaveVideo" -> List.of("scale=1");
                                default -> List.of();
                            };
                    changes.forEach(change -> arguments.addAll(List.of("--set", node.id() + "." + change)));
                });
        return arguments;
    }

    private void released() throws IOException {
        for (String name : List.of(
                "wan2.1_t2v_1.3B_bf16",
                "wan2.1_t2v_14B_bf16",
                "wan2.2_t2v_high_noise_14B_fp16",
                "wan2.2_t2v_low_noise_14B_fp16")) {
            wan(name, 16, 16, 0, false);
        }
        wan("wan2.1_i2v_480p_14B_bf16", 36, 16, WIDTH, false);
        wan("wan2.2_i2v_high_noise_14B_fp16", 36, 16, 0, false);
        wan("wan2.2_i2v_low_noise_14B_fp16", 36, 16, 0, false);
        wan("wan2.2_ti2v_5B_fp16", 48, 48, 0, true);
        HunyuanConfig hunyuan = new HunyuanConfig(
                4,
                4,
                2,
                128,
                1,
                new HunyuanConfig.Depth(1, 1, 1),
                WIDTH,
                256,
                new HunyuanConfig.Rope(List.of(16, 56, 56), 256));
        models.transformer(
                "hunyuan_video_t2v_720p_bf16",
                new HunyuanVideoFamily(),
                new HunyuanVideoTransformer(hunyuan, WIDTH, true));
        models.golden("text_encoders", "umt5_encoder", "umt5_xxl_fp8_e4m3fn_scaled");
        models.golden("text_encoders", "llama", "llava_llama3_fp8_scaled");
        models.golden("text_encoders", "clip_l");
        models.golden("clip_vision", "clip_vision", "clip_vision_h");
        models.golden("vae", "wan21_vae_diffusers", "wan_2.1_vae");
        models.golden("vae", "wan22_vae_diffusers", "wan2.2_vae");
        models.golden("vae", "hunyuan_vae_dec", "hunyuan_video_vae_bf16");
        Files.createDirectories(base.resolve("input"));
        BufferedImage picture = new BufferedImage(96, 64, BufferedImage.TYPE_INT_RGB);
        picture.setRGB(10, 10, 0xff0000);
        ImageIO.write(picture, "png", base.resolve("input/start.png").toFile());
    }

    private void wan(String name, int in, int out, int imageDim, boolean perFrame) throws IOException {
        WanConfig config = new WanConfig(in, out, 128, 64, 1, 2, WIDTH, 256, 512, imageDim, perFrame);
        models.transformer(name, new WanFamily(), new WanTransformer(config));
    }
}
