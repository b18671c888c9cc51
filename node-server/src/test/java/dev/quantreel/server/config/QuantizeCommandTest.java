package dev.quantreel.server.config;

import static dev.quantreel.server.config.CommandLineRun.quantreel;
import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.nio.channels.FileChannel;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class QuantizeCommandTest {

    private final Path folder;
    private final Path source;
    private final Path target;

    QuantizeCommandTest(@TempDir Path folder) {
        this.folder = folder;
        this.source = folder.resolve("tiny/diffusion_models/wan2.1_t2v_tiny_fp32.safetensors");
        this.target = folder.resolve("out.safetensors");
    }

    @BeforeEach
    void models() throws IOException {
        assertThat(quantreel("synth", "--tiny", folder.resolve("tiny")).code()).isZero();
    }

    private CommandLineRun quantize(Object... more) {
        Object[] arguments = new Object[6 + more.length];
        System.arraycopy(
                new Object[] {"quantize", source, "--recipe", "../recipes/dvd-quant-w4.json", "--out", target},
                0,
                arguments,
                0,
                6);
        System.arraycopy(more, 0, arguments, 6, more.length);
        return quantreel(arguments);
    }

    @Test
    void writesAFileThatInspectAndModelsKnow() throws IOException {
        CommandLineRun run = quantize();

        assertThat(run.code()).as(run.err()).isZero();
        assertThat(run.out())
                .contains("recipe     dvd-quant-w4, W4A8, by Quantreel")
                .contains("times smaller than in bf16");
        CommandLineRun inspected = quantreel("inspect", target, "--source", source);
        assertThat(inspected.code()).as(inspected.err()).isZero();
        assertThat(inspected.out())
                .contains("safetensors, quantized dvd-quant-w4, W4A8")
                .contains("Quantreel layout")
                .contains("blocks.0.self_attn.q")
                .contains("\"kind\" : \"bgr\"")
                .contains("made from  " + source);
        Files.createDirectories(folder.resolve("models/diffusion_models"));
        Files.copy(target, folder.resolve("models/diffusion_models/q.safetensors"));
        assertThat(quantreel("models", folder.resolve("models")).out())
                .contains("q.safetensors")
                .contains("quantized dvd-quant-w4, W4A8");
    }

    @Test
    void anotherSourceIsToldByItsDigest() {
        assertThat(quantize().code()).isZero();
        Path other = folder.resolve("tiny/diffusion_models/wan2.1_t2v_tiny_fp16.safetensors");
        CommandLineRun run = quantreel("inspect", "--header", target, "--source", other);

        assertThat(run.code()).isEqualTo(1);
        assertThat(run.out()).contains("made from another file than").contains("it has changed since");
    }

    @Test
    void badInputIsExplained() throws IOException {
        Path recipe = folder.resolve("bad.json");
        Files.writeString(recipe, "{\"quantreel_recipe\":1, \"weights\":{\"bitts\":4}}");
        CommandLineRun unknown = quantreel("quantize", source, "--recipe", recipe, "--out", target);
        assertThat(unknown.code()).isEqualTo(2);
        assertThat(unknown.err())
                .contains("bad.json: weights: there is no field 'bitts'; accepted are quantizer, bits");

        assertThat(quantreel("quantize", source, "--recipe", "none", "--out", target)
                        .err())
                .contains("none: there is no such recipe");
        assertThat(quantreel("inspect", source, "--source", source).err())
                .contains("is no quantized file that names its source");

        assertThat(quantize().code()).isZero();
        assertThat(quantize().err()).contains("exists; --force replaces it");
        assertThat(quantize("--force").code()).isZero();
        try (FileChannel file = FileChannel.open(target, StandardOpenOption.WRITE)) {
            file.truncate(file.size() / 2);
        }
        assertThat(quantreel("inspect", target).err())
                .contains("out.safetensors")
                .contains("truncated");
    }

    /// GPTQ and a branch on statistics of the demo model, twice.
    @Test
    void aModelCanMakeTheStatisticsThatARecipeNeeds() throws IOException {
        Path demo = Path.of("../workflows/demo-models");
        Path recipe = folder.resolve("calibrated.json");
        Files.writeString(recipe, """
                {"quantreel_recipe": 1, "layers": {"keep": "blocks.[1-9]"}, "weights": {"bits": 4,
                 "quantizer": {"kind": "gptq"}, "branch": {"kind": "low_rank", "rank": 4, "iterations": 2},
                 "statistics": {"kind": "self_generated", "captions": ["a red circle"], "trajectories": 1, "steps": 2}}}
                """);
        Object[] arguments = {
            "quantize",
            demo.resolve("diffusion_models/quantreel_demo_dit_bf16.safetensors"),
            "--recipe",
            recipe,
            "--text-encoder",
            demo.resolve("text_encoders/quantreel_demo_umt5_bf16.safetensors"),
            "--size",
            "64x64x13",
            "--out",
            target
        };

        CommandLineRun run = quantreel(arguments);
        assertThat(run.code()).as(run.err()).isZero();
        byte[] first = Files.readAllBytes(target);
        Files.delete(target);
        assertThat(quantreel(arguments).code()).isZero();
        assertThat(Files.readAllBytes(target)).isEqualTo(first);
        assertThat(quantreel("inspect", target).out()).contains("gptq", "self_generated", "a red circle");

        Files.delete(target);
        CommandLineRun without = quantreel("quantize", arguments[1], "--recipe", recipe, "--out", target);
        assertThat(without.code()).isEqualTo(2);
        assertThat(without.err()).contains("needs statistics of activations", "--text-encoder FILE");
        assertThat(quantize("--text-encoder", arguments[5]).err()).contains("the recipe needs no statistics");
    }
}
