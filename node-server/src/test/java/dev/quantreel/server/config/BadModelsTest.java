package dev.quantreel.server.config;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.logging.Handler;
import java.util.logging.LogRecord;
import java.util.logging.Logger;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.TestInstance;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/// Every mistake with files, from the command line: `models` lists it with its reason, `run` refuses it in the node
/// that meets it. Each message says what the file is, what was expected, and what would fit; no video is made.
@TestInstance(TestInstance.Lifecycle.PER_CLASS)
class BadModelsTest {

    private static final String WORKFLOW = """
            {"1": {"class_type": "LoadDiT", "inputs": {"file": "DIT"}},
             "2": {"class_type": "LoadTextEncoder", "inputs": {"file": "ENCODER", "type": "TYPE", "precision": "full"}},
             "3": {"class_type": "LoadVAE", "inputs": {"file": "VAE"}},
             "4": {"class_type": "EncodePrompt", "inputs": {"clip": ["2", 0], "text": "a cat"}},
             "5": {"class_type": "LoadLoRA", "inputs": {"model": ["1", 0], "file": "LORA", "strength": 1,
                   "form": "merge"}},
             "6": {"class_type": "EmptyVideoLatent", "inputs": {"width": 64, "height": 64, "frames": 5,
                   "space": "Wan 2.1", "model": ["1", 0]}},
             "7": {"class_type": "SampleVideo", "inputs": {"model": ["5", 0], "positive": ["4", 0],
                   "latent": ["6", 0], "seed": 7, "steps": 1, "cfg": 1, "shift": 3, "sigmas": "linear",
                   "sampler": "euler", "startStep": 0, "endStep": 10000, "addNoise": true, "leftoverNoise": false,
                   "guidancePasses": "auto"}},
             "8": {"class_type": "DecodeVAE", "inputs": {"samples": ["7", 0], "vae": ["3", 0], "tileSize": 0,
                   "overlap": 0}},
             "9": {"class_type": "SaveVideo", "inputs": {"images": ["8", 0], "filenamePrefix": "video/x",
                   "format": "mp4 (H.264)", "fps": 8, "quality": 90, "scale": 1}}}
            """;

    private static final String WHOLE = "wan_whole.safetensors";

    private final Path base;
    private final Path bad;
    private CommandLineRun listed = CommandLineRun.NONE;

    BadModelsTest(@TempDir Path base) {
        this.base = base;
        this.bad = base.resolve("bad");
    }

    /// The listing is of the bad files alone; a run finds the good ones beside them.
    @BeforeAll
    void write() {
        assertThat(CommandLineRun.quantreel("synth", "--bad", bad).code()).isZero();
        listed = CommandLineRun.quantreel("models", bad);
        Path models = base.resolve("models");
        assertThat(CommandLineRun.quantreel("synth", "--tiny", models, "--bad", models)
                        .code())
                .isZero();
    }

    @AfterEach
    void noVideoWasMade() {
        assertThat(base.resolve("output/video")).doesNotExist();
    }

    @Test
    void theListingCountsWhatIsDamagedAndEndsWithOne() {
        assertThat(listed.code()).isEqualTo(1);
        assertThat(listed.out()).contains("21 checkpoints, 12 damaged");
        assertThat(listed.err()).isEmpty();
    }

    @Test
    void theGoodFilesBesideThemMakeAVideo() throws IOException {
        CommandLineRun ran = run(
                workflow(WHOLE, "umt5_xxl_fp16", "wan", "wan_2.1_vae", "wan_kohya"),
                "--out",
                base.resolve("good").toString());

        assertThat(ran.code()).as(ran.err()).isZero();
        assertThat(base.resolve("good/video")).isDirectoryContaining("glob:**.mp4");
    }

    @ParameterizedTest(name = "{0}")
    @CsvSource(delimiter = '|', quoteCharacter = '"', textBlock = """
            truncated.safetensors                    | truncated: the tensors need | download or copy it again
            empty.safetensors                        | truncated: 0 bytes | 8 bytes of header length
            web_page.safetensors                     | this is a web page, not a checkpoint | the download went wrong
            git_lfs.safetensors                      | a Git LFS pointer, not the checkpoint | git lfs pull
            pickle.pt                                | a Python pickle, which can run arbitrary code | Convert it to safetensors
            truncated_shard.safetensors.index.json   | truncated_shard-00002-of-00002.safetensors: tensor | download or copy it again
            missing_shard.safetensors.index.json     | shard missing_shard-00002-of-00002.safetensors is missing | download the missing one
            missing_key.safetensors.index.json       | 'blocks.9.ffn.2.weight': the index puts it into | index and shards are of different
            mixed_layouts.safetensors                | mixes the layouts original and diffusers | take the file from its source again
            mixed_prefixes.safetensors               | mixes names without a prefix and with the prefix model | take the file from its source
            missing_tensor.safetensors               | blocks.1.ffn.2.weight is missing | expected [128x64]
            fp8_without_scales.safetensors           | is fp8_e4m3fn without its scale | scale_weight is needed to read it
            fp8_some_scales.safetensors              | 'blocks.1.ffn.2.weight': is fp8_e4m3fn without its scale | download the file again
            unknown_type.gguf                        | unknown type 99, which cannot be read | accepted are F32 F16 BF16 Q4_0
            """)
    void aBadTransformerIsExplainedByListingAndRun(String file, String what, String remedy) throws IOException {
        assertThat(listed.out().lines().filter(line -> line.startsWith("diffusion_models/" + file + ": ")))
                .singleElement()
                .asString()
                .contains(what, remedy)
                .doesNotContain(bad.toString());

        assertFails(run(workflow(file, "umt5_xxl_fp16", "wan", "wan_2.1_vae", "wan_kohya")), "Load DiT", what, remedy);
    }

    @Test
    void aWeightThatIsNotANumberIsRefusedWhenTheModelIsLoaded() throws IOException {
        assertFails(
                run(workflow("not_a_number.safetensors", "umt5_xxl_fp16", "wan", "wan_2.1_vae", "wan_kohya")),
                "Load DiT",
                "blocks.1.ffn.2.weight",
                "NaN");
    }

    @Test
    void aLoraForAnotherFamilyOrSizeSaysWhatItIsForAndWhatWasExpected() throws IOException {
        assertThat(listed.out())
                .contains(
                        "loras/hunyuan_video.safetensors: LoRA for HunyuanVideo or Flux (diffusers), rank 4 fits none",
                        "loras/wan_14b.safetensors: LoRA for a Wan transformer, rank 4 fits none",
                        "by a matrix [5120x5120]",
                        "has [128x128] there: the LoRA was made for a model of another size");
        assertFails(
                run(workflow(WHOLE, "umt5_xxl_fp16", "wan", "wan_2.1_vae", "hunyuan_video")),
                "Load LoRA",
                "this is a LoRA for HunyuanVideo or Flux (diffusers)",
                "use a LoRA that was trained for Wan 2.1 / 2.2");
        assertFails(
                run(workflow(WHOLE, "umt5_xxl_fp16", "wan", "wan_2.1_vae", "wan_14b")),
                "Load LoRA",
                "[5120x5120]",
                "a model of another size");
    }

    @Test
    void aT5WhereUmt5IsReadIsNamedWithTheFileThatFits() throws IOException {
        assertThat(listed.out())
                .contains("needs the text encoder UMT5-XXL (umt5_xxl_fp16.safetensors);"
                        + " text_encoders/t5xxl_fp16.safetensors is T5-XXL, which does not fit");
        assertFails(
                run(workflow(WHOLE, "t5xxl_fp16", "wan", "wan_2.1_vae", "wan_kohya")),
                "Load Text Encoder",
                "which is T5-XXL and belongs to LTX-Video, CogVideoX, Latte",
                "Wan reads UMT5-XXL (umt5_xxl_fp16.safetensors)");
        assertFails(
                run(workflow(WHOLE, "t5xxl_fp16", "auto", "wan_2.1_vae", "wan_kohya")),
                "Sample Video",
                "comes from T5-XXL",
                "reads UMT5-XXL (umt5_xxl_fp16.safetensors)");
    }

    @ParameterizedTest
    @CsvSource({"wan2.2_vae, Wan 2.2 VAE", "hunyuan_video_vae_bf16, HunyuanVideo VAE"})
    void aVaeOfOtherLatentsIsNamedWithTheFileThatFits(String vae, String title) throws IOException {
        assertThat(listed.out())
                .contains(
                        "needs a VAE for Wan 2.1 latents of 16 channels (wan_2.1_vae.safetensors",
                        "vae/" + vae + ".safetensors is " + title);
        assertFails(
                run(workflow(WHOLE, "umt5_xxl_fp16", "wan", vae, "wan_kohya")),
                "Decode VAE",
                title,
                "the latent is one of Wan 2.1; accepted is wan_2.1_vae.safetensors");
    }

    @Test
    void aYamlFileWithAWrongPathIsNamedWithLineAndFolder() throws IOException {
        Path yaml = bad.resolve("extra_model_paths.yaml");
        List<String> warnings = new ArrayList<>();
        Logger logger = Logger.getLogger(FolderOptions.class.getName());
        Handler handler = new Collected(warnings);
        logger.addHandler(handler);
        CommandLineRun ran;
        try {
            ran = run(
                    workflow("only_there.safetensors", "umt5_xxl_fp16", "wan", "wan_2.1_vae", "wan_kohya"),
                    "--extra-model-paths-config",
                    yaml.toString());
        } finally {
            logger.removeHandler(handler);
        }

        assertThat(warnings).anySatisfy(warning -> assertThat(warning)
                .contains(yaml + ", line 2", "base_path is", "nowhere", "does not exist"));
        assertThat(ran.code()).isEqualTo(2);
        assertThat(ran.err())
                .contains("node 1 (LoadDiT)", "'only_there.safetensors' not in", WHOLE)
                .doesNotContain("\tat ");
    }

    private static final class Collected extends Handler {

        private final List<String> messages;

        private Collected(List<String> messages) {
            this.messages = messages;
        }

        @Override
        public void publish(LogRecord entry) {
            messages.add(entry.getMessage());
        }

        @Override
        public void flush() {}

        @Override
        public void close() {}
    }

    private static String workflow(String dit, String encoder, String type, String vae, String lora) {
        return WORKFLOW.replace("DIT", dit)
                .replace("ENCODER", encoder + ".safetensors")
                .replace("TYPE", type)
                .replace("VAE\"}", vae + ".safetensors\"}")
                .replace("LORA", lora + ".safetensors");
    }

    private CommandLineRun run(String workflow, String... more) throws IOException {
        Path file = Files.writeString(base.resolve("workflow.json"), workflow);
        List<Object> arguments = new ArrayList<>(List.of("run", file, "--base-directory", base));
        arguments.addAll(List.of(more));
        return CommandLineRun.quantreel(arguments.toArray());
    }

    private static void assertFails(CommandLineRun ran, String node, String... parts) {
        assertThat(ran.code()).isEqualTo(1);
        assertThat(ran.err()).contains("(" + node + ")").contains(parts).doesNotContain("\tat ");
    }
}
