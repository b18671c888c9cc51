package dev.quantreel.engines.runtime.tensorrt;

import static org.assertj.core.api.Assertions.assertThat;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import java.io.File;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.HashSet;
import java.util.List;
import java.util.Set;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.condition.EnabledOnOs;
import org.junit.jupiter.api.condition.OS;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;

/// What the adapters ask of TensorRT, in which order, and what they free: JavaCPP's real machine code calls
/// a library of ours (`native-stubs/tensorrt.cpp`) that has TensorRT's names and virtual tables. See
/// [AdapterScenarios].
@EnabledOnOs(value = OS.LINUX, architectures = "amd64")
class TensorRtAdapterTest {

    @TempDir
    @SuppressWarnings("NullAway.Init")
    private static Path folder;

    @BeforeAll
    static void theScenariosAreRun() throws IOException, InterruptedException {
        assumeTrue(
                TensorRtAdapterTest.class.getResource("/org/bytedeco/tensorrt/linux-x86_64/libjninvinfer.so") != null,
                "skipped: the native parts of the bindings are not on the class path");
        Path libraries = folder.resolve("libraries");
        StandInLibraries.compile(libraries);
        StandInLibraries.compileParser(libraries);
        Process process = StandInLibraries.process(AdapterScenarios.class, libraries.toString(), folder);
        assertThat(process.waitFor(2, TimeUnit.MINUTES)).isTrue();
        assertThat(process.exitValue())
                .as(Files.readString(folder.resolve("said")))
                .isZero();
    }

    private static List<String> lines(String scenario) throws IOException {
        return AdapterScenarios.lines(folder, scenario);
    }

    /// Calls without objects and what was said.
    private static List<String> calls(String scenario) throws IOException {
        return lines(scenario).stream()
                .filter(line -> !line.startsWith("made ") && !line.startsWith("deleted ") && !line.startsWith("plan "))
                .toList();
    }

    private static List<String> deletions(String scenario) throws IOException {
        return lines(scenario).stream()
                .filter(line -> line.startsWith("deleted "))
                .map(line -> line.split(" ")[1])
                .toList();
    }

    /// Profiles belong to their builder.
    private static void everythingIsFreedOnce(String scenario) throws IOException {
        Set<String> open = new HashSet<>();
        for (String line : lines(scenario)) {
            String[] words = line.split(" ", 2);
            if (words[0].equals("made") && !words[1].startsWith("IOptimizationProfile")) {
                open.add(words[1]);
            } else if (words[0].equals("deleted")) {
                assertThat(open.remove(words[1]))
                        .as(line + " twice, or never made")
                        .isTrue();
            }
        }
        assertThat(open).as("never deleted").isEmpty();
    }

    @Test
    void versionsAreThoseOfBindingsAndLibrary() throws IOException {
        assertThat(lines("versions")).singleElement().asString().matches("1015\\d\\d 101501 100");
    }

    @Test
    void aBuildIsStronglyTypedAndHasItsProfileAndTimesBeforeItBegins() throws IOException {
        assertThat(calls("in-plan"))
                .containsExactly(
                        "createInferBuilder " + lines("versions").getFirst().split(" ")[0],
                        "IBuilder.createNetworkV2 2",
                        "createParser of INetworkDefinition",
                        "IParser.parseFromFile m.onnx 2",
                        "IBuilderConfig.setBuilderOptimizationLevel 4",
                        "IBuilderConfig.setProfilingVerbosity 2",
                        "IOptimizationProfile.setDimensions x 0 1x4",
                        "IOptimizationProfile.setDimensions x 1 2x4",
                        "IOptimizationProfile.setDimensions x 2 6x4",
                        "IOptimizationProfile.setDimensions grid 0 2",
                        "IOptimizationProfile.setDimensions grid 1 2",
                        "IOptimizationProfile.setDimensions grid 2 2",
                        "IOptimizationProfile.setShapeValuesV2 grid 0 1x1",
                        "IOptimizationProfile.setShapeValuesV2 grid 1 2x3",
                        "IOptimizationProfile.setShapeValuesV2 grid 2 5x6",
                        "IBuilderConfig.addOptimizationProfile IOptimizationProfile",
                        "IBuilderConfig.createTimingCache ",
                        "IBuilderConfig.setTimingCache 5 0",
                        "IBuilder.buildSerializedNetwork INetworkDefinition IBuilderConfig",
                        "ITimingCache.serialize");
        assertThat(lines("in-plan")).last().isEqualTo("plan plan, times times");
        assertThat(deletions("in-plan"))
                .as("the parser owns the weights that the network reads")
                .containsExactly(
                        "IHostMemory",
                        "IHostMemory",
                        "ITimingCache",
                        "IBuilderConfig",
                        "IParser",
                        "INetworkDefinition",
                        "IBuilder");
        everythingIsFreedOnce("in-plan");
    }

    /// Numbers of `BuilderFlag`: kREFIT 4, kSTRIP_PLAN 19, kREFIT_IDENTICAL 20, kWEIGHT_STREAMING 21.
    @Test
    void onlyWhatTheOptionsSayIsSwitchedOn() throws IOException {
        assertThat(calls("in-plan")).noneMatch(line -> line.contains("setFlag") || line.contains("setMemoryPoolLimit"));
        assertThat(calls("stripped"))
                .filteredOn(line -> line.contains("setFlag"))
                .containsExactly("IBuilderConfig.setFlag 19", "IBuilderConfig.setFlag 20");
        assertThat(calls("refittable"))
                .filteredOn(line -> line.contains("setFlag"))
                .containsExactly("IBuilderConfig.setFlag 4", "IBuilderConfig.setFlag 21");
        assertThat(calls("refittable")).contains("IBuilderConfig.setMemoryPoolLimit 0 1048576");
        everythingIsFreedOnce("stripped");
        everythingIsFreedOnce("refittable");
    }

    private static List<String> times(String scenario) throws IOException {
        everythingIsFreedOnce(scenario);
        return calls(scenario).stream()
                .filter(line -> line.contains("TimingCache") && !line.startsWith("logged "))
                .map(line -> line.replaceAll(" \\d+ 0$", " N"))
                .toList();
    }

    private static final String NONE = "IBuilderConfig.createTimingCache ";
    private static final String SET = "IBuilderConfig.setTimingCache N";
    private static final String COMBINED = "ITimingCache.combine ITimingCache 0";

    @Test
    void timesThatAreOfNoUseAreReplacedByNone() throws IOException {
        assertThat(times("times none")).containsExactly(NONE, SET, "ITimingCache.serialize");
        assertThat(times("times known"))
                .as("what another build wrote meanwhile is kept")
                .containsExactly(NONE + "earlier", SET, NONE + "earlier", COMBINED, "ITimingCache.serialize");
        assertThat(times("times damaged"))
                .containsExactly(NONE + "damaged", NONE, SET, NONE + "damaged", "ITimingCache.serialize");
        assertThat(times("times of another driver"))
                .containsExactly(NONE + "other", SET, NONE, SET, NONE + "other", COMBINED, "ITimingCache.serialize");
        assertThat(times("times not combined")).endsWith(COMBINED, "ITimingCache.serialize");
        for (String scenario : List.of("times damaged", "times of another driver", "times not combined")) {
            assertThat(lines(scenario)).last().isEqualTo("plan plan, times times");
        }
    }

    @Test
    void timesThatCannotBeWrittenAreToldAndTheEngineIsKept() throws IOException {
        assertThat(lines("times not written")).last().isEqualTo("plan plan, times times");
        assertThat(lines("times not written"))
                .anyMatch(line -> line.startsWith("logged ") && line.contains("the times of tactics were not kept"));
    }

    static List<String> buildFailures() {
        return AdapterScenarios.BUILD_FAILURES;
    }

    @ParameterizedTest(name = "{0}")
    @MethodSource("buildFailures")
    void whateverFailsInABuildIsToldAndNothingIsLeft(String function) throws IOException {
        everythingIsFreedOnce(function);
        assertThat(lines(function))
                .filteredOn(line -> line.startsWith("failed: "))
                .singleElement()
                .satisfies(line -> assertThat(line)
                        .contains(function.endsWith("small") ? "did not say why" : function + " was told to"));
    }

    @Test
    void aRefusedGraphNamesItsNodes() throws IOException {
        assertThat(lines("IParser.parseFromFile"))
                .filteredOn(line -> line.startsWith("failed: "))
                .singleElement()
                .asString()
                .contains("the graph is refused: node /blocks.0/MatMul (MatMul): no such thing; node /blocks.0/MatMul");
    }

    static List<String> runFailures() {
        return AdapterScenarios.RUN_FAILURES;
    }

    @ParameterizedTest(name = "{0}")
    @MethodSource("runFailures")
    void whateverFailsInARunIsToldAndNothingIsLeft(String function) throws IOException {
        everythingIsFreedOnce(function);
        assertThat(lines(function))
                .filteredOn(line -> line.startsWith("failed: "))
                .hasSize(1);
    }

    @Test
    void anEngineIsFilledThenStreamedThenLookedAtAndRunInTheEnd() throws IOException {
        assertThat(calls("run"))
                .containsExactly(
                        "createInferRuntime",
                        "IRuntime.deserializeCudaEngine plan",
                        "tensors [x, grid, y], on the host [grid]",
                        "createInferRefitter of ICudaEngine",
                        "createParserRefitter of IRefitter",
                        "IParserRefitter.refitFromFile m.onnx",
                        "IRefitter.getMissingWeights 0",
                        "IRefitter.refitCudaEngine",
                        "ICudaEngine.setWeightStreamingBudgetV2 7000",
                        "Streaming[streamableBytes=9000, heldBytes=7000, scratchBytes=3000]",
                        "ICudaEngine.setWeightStreamingBudgetV2 7000",
                        "ICudaEngine.setWeightStreamingBudgetV2 2000",
                        "Streaming[streamableBytes=9000, heldBytes=2000, scratchBytes=3000]",
                        "ICudaEngine.setWeightStreamingBudgetV2 7000",
                        "ICudaEngine.setWeightStreamingBudgetV2 0",
                        "Streaming[streamableBytes=9000, heldBytes=0, scratchBytes=3000]",
                        "IEngineInspector.getEngineInformation 1",
                        "{\"Layers\": [{\"Name\": \"gemm\", \"Metadata\": \"[ONNX Layer: p]\", \"Inputs\":"
                                + " [{\"Format/Datatype\": \"Int8\"}]}]}",
                        "ICudaEngine.createExecutionContext 2",
                        "IExecutionContext.setInputShape x 6x4",
                        "IExecutionContext.setTensorAddress grid 0x1000",
                        "IExecutionContext.getTensorShape y",
                        "shape [6x4]",
                        "IExecutionContext.updateDeviceMemorySizeForShapes",
                        "IExecutionContext.setDeviceMemoryV2 0x20000 5000",
                        "IExecutionContext.enqueueV3 0x77");
        assertThat(deletions("run"))
                .containsExactly(
                        "IParserRefitter",
                        "IRefitter",
                        "IEngineInspector",
                        "IExecutionContext",
                        "ICudaEngine",
                        "IRuntime");
        everythingIsFreedOnce("run");
    }

    private static String failure(String scenario) throws IOException {
        return lines(scenario).stream()
                .filter(line -> line.startsWith("failed: "))
                .findFirst()
                .orElse("");
    }

    @Test
    void weightsThatDoNotFitAreNamedAndNothingIsFilled() throws IOException {
        assertThat(failure("IParserRefitter.refitFromFile"))
                .contains("the weights do not fit the engine: node /blocks.0/MatMul (MatMul): no such thing");
        assertThat(failure("IRefitter.getMissingWeights"))
                .contains("the graph has no weights for w0, w1, w2, w3, w4 and 2 more");
        assertThat(lines("IRefitter.getMissingWeights")).doesNotContain("IRefitter.refitCudaEngine");
    }

    @Test
    void errorsThatTheLibrarySurvivedAreNotTheReasonOfLaterOnes() throws IOException {
        assertThat(lines("errors")).anyMatch(line -> line.startsWith("logged ERROR"));
        assertThat(failure("errors"))
                .contains("IRuntime.deserializeCudaEngine was told to fail")
                .doesNotContain("TimingCache");
    }

    @Test
    void theClassPathOfTheProcessHasTheNativeParts() {
        assertThat(System.getProperty("java.class.path").split(File.pathSeparator))
                .anyMatch(jar -> jar.matches(".*tensorrt-10\\.15.*linux-x86_64\\.jar"));
    }
}
