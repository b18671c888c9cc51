package dev.quantreel.server.config;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assumptions.assumeThat;

import dev.quantreel.engines.torch.TorchEngine;
import dev.quantreel.server.graph.Validation;
import dev.quantreel.server.workflow.WorkflowFile;
import java.io.IOException;
import java.io.PrintWriter;
import java.io.StringWriter;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.Set;
import java.util.stream.Stream;
import org.junit.jupiter.api.DynamicTest;
import org.junit.jupiter.api.TestFactory;
import org.junit.jupiter.api.io.TempDir;

/// Every example workflow is valid with the nodes and models that come with the server.
class WorkflowsTest {

    private static final Set<String> SAMPLING = Set.of("SampleVideo", "Sweep", "ReportCard");
    private static final String TRAINING = "TrainErrorEstimate";

    @TestFactory
    Stream<DynamicTest> exampleWorkflowIsValid(@TempDir Path base) throws IOException {
        Application application = Application.create(withReleasedModels(base));
        Path folder = application.config().workflows();
        assertThat(folder).isDirectory();
        List<Path> files;
        try (Stream<Path> list = Files.list(folder)) {
            files = list.filter(file -> file.toString().endsWith(".json"))
                    .sorted()
                    .toList();
        }
        return files.stream()
                .map(file ->
                        DynamicTest.dynamicTest(String.valueOf(file.getFileName()), () -> validate(application, file)));
    }

    @TestFactory
    Stream<DynamicTest> exampleWorkflowRunsWithFewStepsAndLeavesFiles(@TempDir Path out) throws IOException {
        try (Stream<Path> list = Files.list(ServerConfig.homeFolder().resolve("workflows"))) {
            List<Path> files = list.filter(file -> file.toString().endsWith(".json"))
                    .filter(file -> String.valueOf(file.getFileName()).contains("-demo"))
                    .sorted()
                    .toList();
            return files.stream()
                    .map(file -> DynamicTest.dynamicTest(String.valueOf(file.getFileName()), () -> run(file, out)));
        }
    }

    /// The demo models, and empty files named as the released ones are: what a workflow asks for must exist under its
    /// very name.
    private static ServerConfig withReleasedModels(Path base) throws IOException {
        for (String file : List.of(
                "diffusion_models/wan2.1_t2v_1.3B_bf16",
                "diffusion_models/wan2.1_t2v_14B_bf16",
                "diffusion_models/wan2.1_i2v_480p_14B_bf16",
                "diffusion_models/wan2.2_t2v_high_noise_14B_fp16",
                "diffusion_models/wan2.2_t2v_low_noise_14B_fp16",
                "diffusion_models/wan2.2_i2v_high_noise_14B_fp16",
                "diffusion_models/wan2.2_i2v_low_noise_14B_fp16",
                "diffusion_models/wan2.2_ti2v_5B_fp16",
                "diffusion_models/hunyuan_video_t2v_720p_bf16",
                "text_encoders/umt5_xxl_fp8_e4m3fn_scaled",
                "text_encoders/llava_llama3_fp8_scaled",
                "text_encoders/clip_l",
                "clip_vision/clip_vision_h",
                "vae/wan_2.1_vae",
                "vae/wan2.2_vae",
                "vae/hunyuan_video_vae_bf16")) {
            Path path = base.resolve("models").resolve(file + ".safetensors");
            Files.createDirectories(path.getParent());
            Files.createFile(path);
        }
        Files.createDirectories(base.resolve("input"));
        Files.createFile(base.resolve("input/start.png"));
        return new ServerConfig(
                ServerConfig.homeFolder(),
                base,
                base.resolve("output"),
                base.resolve("input"),
                base.resolve("temp"),
                base.resolve("user"),
                List.of());
    }

    private static void run(Path file, Path out) throws IOException {
        Application application = Application.create(new FolderOptions().config(Optional.of(out)));
        List<String> arguments = new ArrayList<>(List.of("run", file.toString(), "--out", out.toString()));
        WorkflowFile.read(file, application.catalog(), List.of()).api().nodes().values().stream()
                .filter(node -> SAMPLING.contains(node.classType()))
                .forEach(node -> arguments.addAll(List.of("--set", node.id() + ".steps=4")));
        WorkflowFile.read(file, application.catalog(), List.of()).api().nodes().values().stream()
                .filter(node -> node.classType().equals("AllocateBits"))
                .forEach(node ->
                        arguments.addAll(List.of("--set", node.id() + ".steps=1", "--set", node.id() + ".noises=1")));
        WorkflowFile.read(file, application.catalog(), List.of()).api().nodes().values().stream()
                .filter(node -> node.classType().equals(TRAINING))
                .forEach(node -> {
                    assumeThat(TorchEngine.obstacle()).isEmpty();
                    arguments.addAll(
                            List.of("--set", node.id() + ".trainingSteps=2", "--set", node.id() + ".trajectories=1"));
                });
        StringWriter printed = new StringWriter();
        StringWriter errors = new StringWriter();
        int code = Main.commandLine()
                .setOut(new PrintWriter(printed))
                .setErr(new PrintWriter(errors))
                .execute(arguments.toArray(String[]::new));

        assertThat(errors.toString()).isEmpty();
        assertThat(code).isZero();
        assertThat(printed.toString()).contains(out.toString());
        for (String line : printed.toString().lines().toList()) {
            int path = line.indexOf(": " + out);
            if (path >= 0) {
                assertThat(Path.of(line.substring(path + 2))).isNotEmptyFile();
            }
        }
    }

    private static void validate(Application application, Path file) {
        WorkflowFile workflow = WorkflowFile.read(file, application.catalog(), List.of());
        Validation validation = application.validator().validate(workflow.api(), Set.of());

        assertThat(validation.nodeErrors()).isEmpty();
        assertThat(validation).isInstanceOf(Validation.Accepted.class);
        assertThat(file.resolveSibling(file.getFileName().toString().replace(".json", ".md")))
                .exists();
    }
}
