package dev.quantreel.engines.gpu;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.InstanceOfAssertFactories.type;

import dev.quantreel.engines.runtime.cuda.driver.ComputeCapability;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.OptionalLong;
import org.assertj.core.api.ObjectAssert;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/// Detection on machines of stub libraries in every partial combination: it says what there is, and survives
/// all of them.
class GpuDetectionTest {

    private final Path folder;
    private final StubMachine machine;

    GpuDetectionTest(@TempDir Path folder) {
        this.folder = folder;
        this.machine = new StubMachine(folder);
    }

    private static ObjectAssert<Finding.Found> found(GpuReport report, Component component) {
        return assertThat(report.of(component)).asInstanceOf(type(Finding.Found.class));
    }

    private static ObjectAssert<Finding.Unfit> unfit(GpuReport report, Component component) {
        return assertThat(report.of(component)).asInstanceOf(type(Finding.Unfit.class));
    }

    private static ObjectAssert<Finding.Broken> broken(GpuReport report, Component component) {
        return assertThat(report.of(component)).asInstanceOf(type(Finding.Broken.class));
    }

    @Test
    void aMachineWithNothingSaysForEachPartWhyAndWhatToInstall() {
        GpuReport report = machine.detect();

        assertThat(report.gpus()).isEmpty();
        assertThat(report.parts()).hasSize(Component.values().length).allSatisfy(part -> assertThat(part.finding())
                .asInstanceOf(type(Finding.Missing.class))
                .satisfies(missing -> assertThat(missing.remedy()).isNotBlank()));
        assertThat(report.of(Component.DRIVER))
                .asInstanceOf(type(Finding.Missing.class))
                .satisfies(missing -> assertThat(missing.reason())
                        .isEqualTo("libcuda.so.1: cannot open shared object file: No such file or directory"))
                .satisfies(missing -> assertThat(missing.remedy()).contains("driver 580"));
        assertThat(report.obstacle(GpuReport.Use.KERNELS)).get().asString().contains("NVIDIA driver");
        assertThat(report.lacking(GpuReport.Use.TENSORRT)).hasSize(8);
    }

    @Test
    void aDriverAloneServesTheKernels() throws Exception {
        GpuReport report = machine.driver().detect();

        assertThat(report.gpus()).hasSize(2);
        Gpu gpu = report.gpus().getFirst();
        assertThat(gpu.name()).isEqualTo("Stub A");
        assertThat(gpu.capability()).isEqualTo(new ComputeCapability(9, 0));
        assertThat(gpu.totalMemoryBytes()).isEqualTo(64 << 20);
        assertThat(gpu.freeMemoryBytes()).isEqualTo(OptionalLong.of(64 << 20));
        assertThat(gpu.uuid()).contains("GPU-46566676-8696-a6b6-c6d6-e6f606162636");
        found(report, Component.DRIVER)
                .isEqualTo(
                        new Finding.Found("13.0", folder.resolve("libcuda.so.1").toString()));
        assertThat(report.obstacle(GpuReport.Use.KERNELS)).isEmpty();
        assertThat(report.lacking(GpuReport.Use.TENSORRT))
                .doesNotContain(Component.DRIVER)
                .hasSize(7);
    }

    @Test
    void everythingThereServesTensorRtToo() throws Exception {
        GpuReport report = machine.driver("CHIP=89")
                .versions("libnvidia-ml.so.1", "NVML=1")
                .cuda()
                .tensorRt()
                .file("libnvinfer_builder_resource_sm89.so.10.15.1")
                .file("libnvinfer_builder_resource_ptx.so.10.15.1")
                .detect();

        assertThat(report.parts())
                .allSatisfy(part -> assertThat(part.finding().fits()).isTrue());
        assertThat(report.obstacle(GpuReport.Use.TENSORRT)).isEmpty();
        assertThat(report.of(Component.MANAGEMENT)).extracting("version").isEqualTo("580.65.06");
        assertThat(report.of(Component.RUNTIME)).extracting("version").isEqualTo("13.1");
        assertThat(report.of(Component.CUBLAS)).extracting("version").isEqualTo("13.1.2");
        assertThat(report.of(Component.CUDNN)).extracting("version").isEqualTo("9.19.0");
        assertThat(report.of(Component.TENSORRT)).extracting("version").isEqualTo("10.15.1");
        assertThat(report.of(Component.RESOURCES)).extracting("version").isEqualTo("ptx, sm89");
        assertThat(GpuReportText.table(report))
                .startsWith("ok  0: Stub A, compute capability 8.9, 64 MiB, 64 MiB free; native products of int4, int8,"
                        + " bf16, fp8\n")
                .endsWith("ok  own kernels: can run here\nok  TensorRT engines: can run here");
    }

    @Test
    void freeMemoryIsReadAnewWithoutAContext() throws Exception {
        GpuReport report =
                machine.driver().versions("libnvidia-ml.so.1", "NVML=1").detect();
        LiveMemory memory = LiveMemory.of(report);

        assertThat(memory.freeBytes(report.gpus().getFirst())).isEqualTo(OptionalLong.of(63 << 20));
        assertThat(memory.refresh(report).gpus().getFirst().freeMemoryBytes()).isEqualTo(OptionalLong.of(62 << 20));
        assertThat(memory.freeBytes(report.gpus().get(1)))
                .as("one that the library does not know has what detection saw")
                .isEqualTo(OptionalLong.of(64 << 20));
    }

    @Test
    void withoutTheManagementLibraryFreeMemoryIsThatOfDetection() throws Exception {
        GpuReport report = machine.driver().detect();

        assertThat(LiveMemory.of(report).freeBytes(report.gpus().getFirst())).isEqualTo(OptionalLong.of(64 << 20));
    }

    @Test
    void aDriverWithoutAGpuIsTold() throws Exception {
        GpuReport report = machine.driver("INIT_CODE=100").detect();

        assertThat(report.gpus()).isEmpty();
        broken(report, Component.DRIVER)
                .satisfies(b -> assertThat(b.reason()).contains("cuInit: CUDA_ERROR_NO_DEVICE (100)"))
                .satisfies(b -> assertThat(b.remedy()).contains("CUDA_VISIBLE_DEVICES"));
    }

    @Test
    void driversThatDoNotMatchTheirKernelModuleAreTold() throws Exception {
        broken(machine.driver("INIT_CODE=803").detect(), Component.DRIVER)
                .satisfies(b -> assertThat(b.remedy()).contains("restart the machine"));
    }

    @Test
    void aDriverTooOldSaysWhatItKnowsAndWhatIsNeeded() throws Exception {
        GpuReport report = machine.driver("VERSION=12040").detect();

        assertThat(report.gpus()).hasSize(2);
        unfit(report, Component.DRIVER)
                .satisfies(
                        u -> assertThat(u.reason()).contains("CUDA up to 12.4").contains("need 13.0"));
        assertThat(report.obstacle(GpuReport.Use.KERNELS)).get().asString().contains("driver 580 or newer");
    }

    @Test
    void aGpuThatIsTakenIsListedWithoutItsFreeMemory() throws Exception {
        Gpu gpu = machine.driver("CONTEXT_CODE=46").detect().gpus().getFirst();

        assertThat(gpu.freeMemoryBytes()).isEmpty();
        assertThat(gpu.memoryProblem()).get().asString().contains("CUDA_ERROR_DEVICE_UNAVAILABLE");
    }

    @Test
    void aDriverThatAbortsCostsALineAndTheRestIsStillAsked() throws Exception {
        GpuReport report = machine.driver("ABORT").cuda().detect();

        broken(report, Component.DRIVER)
                .satisfies(b -> assertThat(b.reason()).contains("134 (SIGABRT)").contains("nv::Panic"));
        found(report, Component.CUDNN);
        assertThat(report.gpus()).isEmpty();
    }

    @Test
    void aDriverThatCrashesIsToldWithThePlaceAndLeavesNoFiles() throws Exception {
        GpuReport report = machine.driver("CRASH").cuda().detect();

        broken(report, Component.DRIVER).satisfies(b -> assertThat(b.reason())
                .startsWith("the process that asked it crashed (SIGSEGV in [libcuda.so.1+")
                .contains("cuInit"));
        found(report, Component.NVRTC);
        try (var files = Files.list(Path.of(""))) {
            assertThat(files.map(Path::toString))
                    .noneMatch(name -> name.startsWith("hs_err") || name.startsWith("core"));
        }
    }

    @Test
    void aDriverThatHangsIsEndedAndTheRestIsStillAsked() throws Exception {
        GpuReport report = machine.driver("HANG").cuda().detect();

        broken(report, Component.DRIVER).satisfies(b -> assertThat(b.reason()).contains("did not answer within 15 s"));
        found(report, Component.RUNTIME);
    }

    @Test
    void twoLibrariesThatCrashCostTwoLines() throws Exception {
        GpuReport report = machine.driver("ABORT")
                .cuda()
                .versions("libnvinfer.so.10", "TENSORRT=101501")
                .versions("libnvonnxparser.so.10", "PARSER=1", "PANIC")
                .file("libnvinfer_builder_resource_ptx.so.10.15.1")
                .detect();

        broken(report, Component.DRIVER);
        broken(report, Component.PARSER);
        found(report, Component.TENSORRT);
        found(report, Component.RESOURCES);
    }

    @Test
    void tensorRtOfAnotherMajorVersionIsRefusedByName() throws Exception {
        GpuReport old = machine.driver()
                .cuda()
                .versions("libnvinfer.so.8", "TENSORRT=8601")
                .versions("libnvonnxparser.so.8", "PARSER=80601")
                .detect();

        unfit(old, Component.TENSORRT)
                .satisfies(u -> assertThat(u.version()).isEqualTo("8.6.1"))
                .satisfies(u -> assertThat(u.reason()).contains("10.15"));
        assertThat(old.lacking(GpuReport.Use.TENSORRT))
                .containsExactly(Component.TENSORRT, Component.PARSER, Component.RESOURCES);
    }

    @Test
    void tensorRt11IsRefusedWhere10IsBound() throws Exception {
        GpuReport report =
                machine.versions("libnvinfer.so.11", "TENSORRT=110201").detect();

        unfit(report, Component.TENSORRT)
                .satisfies(u -> assertThat(u.version()).isEqualTo("11.2.1"))
                .satisfies(u -> assertThat(u.remedy()).contains("TensorRT 10.15"));
    }

    @Test
    void builderResourcesAreHeldAgainstTheChips() throws Exception {
        machine.driver().cuda().tensorRt();
        assertThat(machine.detect().of(Component.RESOURCES)).isInstanceOf(Finding.Missing.class);

        machine.file("libnvinfer_builder_resource_sm89.so.10.15.1");
        unfit(machine.detect(), Component.RESOURCES)
                .satisfies(u -> assertThat(u.reason()).isEqualTo("none for sm90 and no PTX"));

        machine.file("libnvinfer_builder_resource_ptx.so.10.15.1");
        found(machine.detect(), Component.RESOURCES)
                .satisfies(f -> assertThat(f.version()).contains("ptx, sm89").contains("none for sm90"));
    }

    @Test
    void cuda12WhereCuda13IsNeededIsTold() throws Exception {
        GpuReport report = machine.driver()
                .versions("libcudart.so.12", "RUNTIME=12060")
                .versions("libcublas.so.12", "CUBLAS=12")
                .versions("libcudnn.so.9", "CUDNN=90500", "CUDNN_CUDA=12060")
                .detect();

        unfit(report, Component.RUNTIME)
                .satisfies(u -> assertThat(u.version()).isEqualTo("12.6"))
                .satisfies(u -> assertThat(u.reason()).contains("needs CUDA 13").contains("CUDA 12 build takes"));
        unfit(report, Component.CUBLAS);
        unfit(report, Component.CUDNN).satisfies(u -> assertThat(u.reason()).contains("built for CUDA 12.6"));
        assertThat(report.obstacle(GpuReport.Use.KERNELS)).isEmpty();
    }

    @Test
    void missingCudnnIsNamedAmongTheRest() throws Exception {
        machine.driver().cuda().tensorRt().file("libnvinfer_builder_resource.so.10.6.0");
        Files.delete(folder.resolve("libcudnn.so.9"));
        GpuReport report = machine.detect();

        assertThat(report.lacking(GpuReport.Use.TENSORRT)).containsExactly(Component.CUDNN);
        assertThat(report.obstacle(GpuReport.Use.TENSORRT)).get().asString().contains("cudnn9-cuda-13");
        found(report, Component.RESOURCES).extracting(Finding.Found::version).isEqualTo("all chips");
    }

    @Test
    void aLibraryWhoseOwnNeedsAreMissingIsBrokenNotAbsent() throws Exception {
        Path needed = folder.resolve("libcublasLt.so.13");
        machine.with("libcublasLt.so.13", "empty.c")
                .versions("libcublas.so.13", "CUBLAS=13", "-Wl,--no-as-needed", needed.toString());
        Files.delete(needed);

        broken(machine.detect(), Component.CUBLAS)
                .satisfies(b -> assertThat(b.reason()).contains("libcublasLt.so.13: cannot open shared object file"));
    }

    @Test
    void aFileThatIsNoLibraryIsBroken() throws Exception {
        machine.file("libnvrtc.so.13");

        broken(machine.detect(), Component.NVRTC)
                .satisfies(b -> assertThat(b.reason()).contains("libnvrtc.so.13: file too short"));
    }

    @Test
    void nativeFormatsAreThoseOfTheChip() {
        assertThat(formats(7, 5)).isEqualTo("int4, int8");
        assertThat(formats(8, 0)).isEqualTo("int4, int8, bf16");
        assertThat(formats(8, 9)).isEqualTo("int4, int8, bf16, fp8");
        assertThat(formats(9, 0)).isEqualTo("int8, bf16, fp8");
        assertThat(formats(12, 0)).isEqualTo("int8, bf16, fp8, fp4");
    }

    private static String formats(int major, int minor) {
        return NativeFormats.of(new ComputeCapability(major, minor)).toString();
    }
}
