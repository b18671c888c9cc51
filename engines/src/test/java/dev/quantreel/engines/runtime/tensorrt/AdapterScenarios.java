package dev.quantreel.engines.runtime.tensorrt;

import dev.quantreel.engines.export.OptimizationProfile;
import dev.quantreel.engines.export.OptimizationProfile.Extents;
import dev.quantreel.engines.runtime.cuda.driver.CppObject;
import dev.quantreel.engines.runtime.tensorrt.BuildOptions.Weights;
import dev.quantreel.engines.tensor.DType;
import dev.quantreel.engines.tensor.Shape;
import java.io.IOException;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import java.util.Optional;
import java.util.stream.Stream;

/// The adapters on JavaCPP's own machine code and a library in the place of TensorRT, in a process of its
/// own: scenarios by name, each of which leaves what the library was called for in `NAME.txt`, and what was
/// said of it.
final class AdapterScenarios {

    /// Functions that fail, one in each scenario of the same name.
    static final List<String> BUILD_FAILURES = List.of(
            "createInferBuilder",
            "createInferBuilder small",
            "IBuilder.createNetworkV2",
            "createParser",
            "IParser.parseFromFile",
            "IBuilder.createBuilderConfig",
            "IBuilder.createOptimizationProfile",
            "IOptimizationProfile.setDimensions",
            "IOptimizationProfile.setShapeValuesV2",
            "IOptimizationProfile.isValid",
            "IBuilderConfig.addOptimizationProfile",
            "IBuilder.buildSerializedNetwork");

    /// The same of opening, filling and running.
    static final List<String> RUN_FAILURES = List.of(
            "createInferRuntime",
            "createInferRuntime small",
            "IRuntime.deserializeCudaEngine",
            "createInferRefitter",
            "createParserRefitter",
            "IParserRefitter.refitFromFile",
            "IRefitter.getMissingWeights",
            "IRefitter.refitCudaEngine",
            "ICudaEngine.setWeightStreamingBudgetV2",
            "ICudaEngine.createEngineInspector",
            "IEngineInspector.getEngineInformation",
            "ICudaEngine.createExecutionContext",
            "IExecutionContext.setInputShape",
            "IExecutionContext.getTensorShape",
            "IExecutionContext.setTensorAddress",
            "IExecutionContext.enqueueV3");

    private final Path folder;
    private final JavaCppTensorRt library = new JavaCppTensorRt(CppObject::delete);

    private AdapterScenarios(Path folder) {
        this.folder = folder;
    }

    /// @param args the folder that the library writes to
    public static void main(String[] args) throws IOException {
        AdapterScenarios all = new AdapterScenarios(Path.of(args[0]));
        all.files();
        all.scenario(
                "versions",
                () -> all.said(all.library.boundVersion() + " " + all.library.libraryVersion() + " "
                        + all.library.parserVersion()));
        all.scenario("in-plan", () -> all.build(options(0, Weights.IN_PLAN, false)));
        all.scenario("stripped", () -> all.build(options(0, Weights.STRIPPED, false)));
        all.scenario("refittable", () -> all.build(options(1 << 20, Weights.REFITTABLE, true)));
        all.timingCaches();
        for (String failure : BUILD_FAILURES) {
            all.scenario(failure, () -> all.build(options(0, Weights.IN_PLAN, false)), failure);
        }
        all.scenario("run", all::run);
        for (String failure : RUN_FAILURES) {
            all.scenario(failure, all::run, failure);
        }
        all.scenario("errors", all::errorsOfEarlierCalls, "ITimingCache.combine", "IBuilderConfig.setTimingCache warn");
    }

    private static BuildOptions options(long workspace, Weights weights, boolean streaming) {
        return new BuildOptions(workspace, Duration.ofMinutes(1), 4, weights, streaming);
    }

    private void files() throws IOException {
        Files.writeString(folder.resolve("m.onnx"), "graph");
        Extents rows = new Extents(List.of(1L, 4L), List.of(2L, 4L), List.of(6L, 4L));
        Extents grid = new Extents(List.of(1L, 1L), List.of(2L, 3L), List.of(5L, 6L));
        OptimizationProfile profile = new OptimizationProfile(
                "m",
                List.of(
                        new OptimizationProfile.Input("x", DType.F32, rows, Optional.empty()),
                        new OptimizationProfile.Input(
                                "grid", DType.I64, Extents.fixed(List.of(2L)), Optional.of(grid))));
        Files.writeString(OptimizationProfile.beside(folder.resolve("m.onnx")), profile.toJson());
    }

    private interface Work {
        void run() throws IOException;
    }

    private void scenario(String name, Work work, String... failures) throws IOException {
        Files.deleteIfExists(folder.resolve("trace"));
        Files.writeString(folder.resolve("refuse"), String.join("\n", failures));
        try {
            work.run();
        } catch (TensorRtException e) {
            said("failed: " + e.getMessage());
        }
        Path trace = folder.resolve("trace");
        Files.move(Files.exists(trace) ? trace : Files.createFile(trace), folder.resolve(name + ".txt"));
    }

    private void said(String line) throws IOException {
        Files.writeString(
                folder.resolve("trace"),
                line + "\n",
                StandardCharsets.UTF_8,
                java.nio.file.StandardOpenOption.CREATE,
                java.nio.file.StandardOpenOption.APPEND);
    }

    private void build(BuildOptions options) throws IOException {
        Path plan = folder.resolve("m.plan");
        Files.deleteIfExists(plan);
        StringBuilder logged = new StringBuilder();
        library.build(
                new BuildRequest(
                        folder.resolve("m.onnx"),
                        OptimizationProfile.beside(folder.resolve("m.onnx")),
                        plan,
                        folder.resolve("times"),
                        options),
                message -> {
                    if (message instanceof BuildMessage.Log(BuildMessage.Severity severity, String text)) {
                        logged.append("logged ")
                                .append(severity)
                                .append(' ')
                                .append(text)
                                .append('\n');
                    }
                });
        if (!logged.isEmpty()) {
            said(logged.toString().strip());
        }
        said("plan " + Files.readString(plan) + ", times " + Files.readString(folder.resolve("times")));
    }

    /// Files of times: none, a good one, a damaged one, one of another driver, one that appears while we build.
    private void timingCaches() throws IOException {
        BuildOptions options = options(0, Weights.IN_PLAN, false);
        Path times = folder.resolve("times");
        Files.delete(times);
        scenario("times none", () -> build(options));
        Files.writeString(times, "earlier");
        scenario("times known", () -> build(options));
        Files.writeString(times, "damaged");
        scenario("times damaged", () -> build(options), "IBuilderConfig.createTimingCache");
        Files.writeString(times, "other");
        scenario("times of another driver", () -> build(options), "IBuilderConfig.setTimingCache");
        Files.writeString(times, "other");
        scenario("times not combined", () -> build(options), "ITimingCache.combine");
        scenario("times not written", () -> build(options), "ITimingCache.serialize");
    }

    /// As a workshop does: opened, filled, streamed, looked at, run, closed.
    private void run() throws IOException {
        try (Arena arena = Arena.ofConfined()) {
            MemorySegment bytes = arena.allocateFrom("plan").asSlice(0, 4);
            try (TensorRtBindings.Plan plan = library.open(bytes)) {
                said("tensors " + plan.tensors() + ", on the host "
                        + plan.tensors().stream().filter(plan::isReadOnHost).toList());
                plan.refit(folder.resolve("m.onnx"));
                said(plan.streamWeights(100_000).toString());
                said(plan.streamWeights(5_000).toString());
                said(plan.streamWeights(-1).toString());
                said(plan.layers());
                try (TensorRtBindings.Context context = plan.newContext()) {
                    context.inputShape("x", Shape.of(6, 4));
                    context.address("grid", 0x1000);
                    said("shape " + context.shape("y"));
                    context.scratch(0x20000, context.scratchBytes());
                    context.enqueue(0x77);
                }
            }
        }
    }

    /// What the library logged and survived is no reason of what fails later.
    private void errorsOfEarlierCalls() throws IOException {
        build(options(0, Weights.IN_PLAN, false));
        Files.writeString(folder.resolve("refuse"), "IRuntime.deserializeCudaEngine");
        try {
            run();
        } catch (TensorRtException e) {
            said("failed: " + e.getMessage());
        }
    }

    /// Lines of a scenario.
    static List<String> lines(Path folder, String scenario) throws IOException {
        try (Stream<String> lines = Files.lines(folder.resolve(scenario + ".txt"))) {
            return lines.toList();
        }
    }
}
