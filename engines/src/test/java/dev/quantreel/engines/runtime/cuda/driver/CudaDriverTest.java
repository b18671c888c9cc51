package dev.quantreel.engines.runtime.cuda.driver;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatExceptionOfType;
import static org.assertj.core.api.Assertions.assertThatIllegalArgumentException;
import static org.assertj.core.api.Assertions.assertThatIllegalStateException;

import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/// The binding against a strict stub in the shape of libcuda (`native-stubs/driver.c`): every call reaches it
/// with the arguments that `cuda.h` asks for.
class CudaDriverTest {

    private static final byte[] KERNELS = "KERNELS".getBytes(StandardCharsets.UTF_8);
    private static final long MEMORY_BYTES = 64 << 20;

    @TempDir
    private Path folder;

    private CudaDriver driver;
    private CudaContext context;
    private CudaStream stream;

    @BeforeEach
    void openTheStub() throws Exception {
        open();
    }

    private void open(String... definitions) throws Exception {
        Path library =
                StubLibrary.compile("driver.c", folder.resolve("libstub" + definitions.length + ".so"), definitions);
        driver = CudaDriver.open(library.toString());
        context = driver.device(0).open();
        stream = context.newStream();
    }

    @AfterEach
    void close() {
        if (context != null && !context.isClosed()) {
            context.close();
        }
    }

    @Test
    void devicesAreDescribed() {
        assertThat(driver.version()).isEqualTo(new CudaVersion(13, 0));
        assertThat(driver.deviceCount()).isEqualTo(2);
        CudaDevice device = driver.device(1);
        assertThat(device.name()).isEqualTo("Stub B");
        assertThat(device.capability().architecture()).isEqualTo("sm_90");
        assertThat(device.uuid()).contains("GPU-47576777-8797-a7b7-c7d7-e7f707172737");
        assertThat(device.totalMemoryBytes()).isEqualTo(MEMORY_BYTES);
        assertThat(device.attribute(DeviceAttribute.MULTIPROCESSORS)).isEqualTo(132);
        assertThatIllegalArgumentException().isThrownBy(() -> driver.device(2)).withMessageContaining("has 2");
    }

    @Test
    void theFileOfTheLibraryIsTold() {
        assertThat(driver.library().fileOf("cuInit"))
                .contains(folder.resolve("libstub0.so").toString());
    }

    @Test
    void whatWasUploadedComesBackThroughACopyOnTheDevice() {
        try (Arena arena = Arena.ofConfined();
                DeviceMemory one = stream.allocate(1024);
                DeviceMemory two = stream.allocate(1024)) {
            MemorySegment from = arena.allocate(512);
            for (int i = 0; i < 512; i++) {
                from.set(ValueLayout.JAVA_BYTE, i, (byte) (i * 7));
            }
            stream.fill(two.span(), (byte) 0xab);
            stream.upload(one.slice(256, 512), from);
            stream.copy(two.slice(8, 512), one.slice(256, 512));
            MemorySegment back = arena.allocate(1024);
            stream.download(back, two.span());
            stream.synchronize();

            assertThat(back.asSlice(8, 512).mismatch(from)).isEqualTo(-1);
            assertThat(back.get(ValueLayout.JAVA_BYTE, 7)).isEqualTo((byte) 0xab);
            assertThat(back.get(ValueLayout.JAVA_BYTE, 520)).isEqualTo((byte) 0xab);
        }
    }

    @Test
    void wordsAreFilledThroughPinnedMemory() {
        try (DeviceMemory memory = stream.allocate(64);
                PinnedMemory pinned = context.allocatePinned(64)) {
            stream.fillWords(memory.span(), 0x01020304);
            stream.download(pinned.segment(), memory.span());
            stream.synchronize();

            assertThat(pinned.segment().toArray(ValueLayout.JAVA_INT))
                    .containsOnly(0x01020304)
                    .hasSize(16);
        }
    }

    @Test
    void closedPinnedMemoryCannotBeRead() {
        PinnedMemory pinned = context.allocatePinned(64);
        pinned.close();

        assertThatIllegalStateException().isThrownBy(() -> pinned.segment().get(ValueLayout.JAVA_BYTE, 0));
    }

    @Test
    void copiesOfOtherSizesOrFromTheHeapAreRefused() {
        try (DeviceMemory memory = stream.allocate(64)) {
            assertThatIllegalArgumentException()
                    .isThrownBy(
                            () -> stream.upload(memory.span(), Arena.ofAuto().allocate(63)))
                    .withMessageContaining("63")
                    .withMessageContaining("64");
            assertThatIllegalArgumentException()
                    .isThrownBy(() -> stream.upload(memory.span(), MemorySegment.ofArray(new byte[64])))
                    .withMessageContaining("native memory is needed");
            assertThatExceptionOfType(IndexOutOfBoundsException.class).isThrownBy(() -> memory.slice(60, 8));
        }
    }

    @Test
    void kernelsGetTheirArgumentsAndShape() {
        try (Arena arena = Arena.ofConfined();
                CudaModule module = context.load(KERNELS);
                DeviceMemory x = stream.allocate(16 * 4);
                DeviceMemory y = stream.allocate(16 * 4 + 7 * 8)) {
            stream.upload(x.span(), floats(arena, 16));
            MemorySegment struct = arena.allocate(16, 8);
            struct.set(ValueLayout.JAVA_BYTE, 0, (byte) 'q');
            struct.set(ValueLayout.JAVA_LONG, 8, 1L << 40);
            KernelArguments arguments = KernelArguments.of()
                    .pointer(y)
                    .pointer(x.span())
                    .i32(16)
                    .f32(-1.5f)
                    .f64(Math.PI)
                    .i16((short) -7)
                    .struct(struct, 8);
            module.function("scale").launch(stream, Dim3.of(1, 2, 1), Dim3.of(4, 2), 1000, arguments);
            MemorySegment back = arena.allocate(y.sizeBytes(), 8);
            stream.download(back, y.span());
            stream.synchronize();

            for (int i = 0; i < 16; i++) {
                assertThat(back.getAtIndex(ValueLayout.JAVA_FLOAT, i)).isEqualTo(-1.5f * i);
            }
            assertThat(back.asSlice(64).toArray(ValueLayout.JAVA_DOUBLE))
                    .containsExactly(Math.PI, -7, 'q', 1L << 40, 1 + 20 + 100, 4 + 20 + 100, 1000);
        }
    }

    private static MemorySegment floats(Arena arena, int count) {
        MemorySegment values = arena.allocate(ValueLayout.JAVA_FLOAT, count);
        for (int i = 0; i < count; i++) {
            values.setAtIndex(ValueLayout.JAVA_FLOAT, i, i);
        }
        return values;
    }

    @Test
    void moreSharedMemoryIsAskedForByItself() {
        try (CudaModule module = context.load(KERNELS)) {
            CudaFunction scale = module.function("scale");
            assertThat(scale.blocksPerMultiprocessor(256, 100_000)).isEqualTo(8);
            assertThat(scale.attribute(FunctionAttribute.MAX_DYNAMIC_SHARED_BYTES))
                    .isEqualTo(100_000);
            assertThat(scale.attribute(FunctionAttribute.REGISTERS)).isEqualTo(104);
            assertThatExceptionOfType(CudaException.class)
                    .isThrownBy(() -> scale.launch(stream, Dim3.of(1), Dim3.of(32), 300_000, KernelArguments.of()))
                    .withMessageContaining("kernel scale")
                    .withMessageContaining("300000")
                    .withMessageContaining("232448");
        }
    }

    @Test
    void aLaunchThatTheDeviceRefusesNamesKernelAndShape() {
        try (CudaModule module = context.load(KERNELS)) {
            CudaFunction scale = module.function("scale");
            assertThatExceptionOfType(CudaException.class)
                    .isThrownBy(() -> scale.launch(stream, Dim3.of(3), Dim3.of(2048), 0, KernelArguments.of()))
                    .withMessage("cuLaunchKernel: CUDA_ERROR_INVALID_VALUE (1): stub "
                            + "(kernel scale, grid 3 x 1 x 1, block 2048 x 1 x 1, 0 bytes of shared memory)")
                    .satisfies(e -> assertThat(e.contextLost()).isFalse());
        }
    }

    @Test
    void whatAKernelBrokeIsToldWhenTheStreamIsWaitedFor() {
        try (CudaModule module = context.load(KERNELS)) {
            module.function("crash").launch(stream, Dim3.of(1), Dim3.of(1), 0, KernelArguments.of());
            assertThatExceptionOfType(CudaException.class)
                    .isThrownBy(stream::synchronize)
                    .satisfies(e -> assertThat(e.contextLost()).isTrue())
                    .satisfies(e -> assertThat(e.errorName()).isEqualTo("CUDA_ERROR_ILLEGAL_ADDRESS"));
        }
    }

    @Test
    void missingKernelsAndRefusedImagesAreNamed() {
        try (CudaModule module = context.load(KERNELS)) {
            assertThatExceptionOfType(CudaException.class)
                    .isThrownBy(() -> module.function("qr_gemm"))
                    .withMessageContaining("CUDA_ERROR_NOT_FOUND")
                    .withMessageContaining("qr_gemm");
        }
        assertThatExceptionOfType(CudaException.class)
                .isThrownBy(() -> context.load(new byte[] {'x'}))
                .withMessageContaining("CUDA_ERROR_INVALID_IMAGE")
                .withMessageContaining("sm_90")
                .withMessageContaining("line 1: no such instruction");
    }

    @Test
    void functionsOfAClosedModuleAreNotLaunched() {
        CudaModule module = context.load(KERNELS);
        CudaFunction scale = module.function("scale");
        module.close();

        assertThatIllegalStateException()
                .isThrownBy(() -> scale.launch(stream, Dim3.of(1), Dim3.of(1), 0, KernelArguments.of()));
    }

    @Test
    void runningOutOfMemorySaysWhatWasAskedAndWhatIsFree() {
        try (DeviceMemory held = stream.allocate(40 << 20)) {
            assertThatExceptionOfType(CudaOutOfMemoryException.class)
                    .isThrownBy(() -> stream.allocate(30 << 20))
                    .satisfies(e -> assertThat(e.requestedBytes()).isEqualTo(30 << 20))
                    .satisfies(e -> assertThat(e.memory())
                            .isEqualTo(new MemoryInfo(MEMORY_BYTES - held.sizeBytes(), MEMORY_BYTES)))
                    .withMessageContaining("cuMemAllocAsync: CUDA_ERROR_OUT_OF_MEMORY");
        }
        assertThatExceptionOfType(CudaException.class)
                .isThrownBy(() -> context.allocatePinned(1L << 40))
                .isNotInstanceOf(CudaOutOfMemoryException.class)
                .withMessageContainingAll("cuMemHostAlloc", "pinned memory of the host", "1099511627776 bytes");
    }

    @Test
    void memoryThatThePoolKeptIsUsedBeforeGivingUp() {
        stream.allocate(40 << 20).close();
        assertThat(context.memory().freeBytes()).isEqualTo(MEMORY_BYTES - (40 << 20));
        assertThat(context.poolUsage()).isEqualTo(new PoolUsage(0, 40 << 20, 40 << 20));

        try (DeviceMemory again = stream.allocate(50 << 20)) {
            assertThat(context.poolUsage().usedBytes()).isEqualTo(again.sizeBytes());
        }
        context.trim();
        assertThat(context.memory().freeBytes()).isEqualTo(MEMORY_BYTES);
    }

    @Test
    void freedMemoryGoesBackToTheDeviceWhenAStreamIsWaitedFor() {
        stream.allocate(40 << 20).close();
        assertThat(context.memory().freeBytes()).isEqualTo(MEMORY_BYTES - (40 << 20));

        stream.synchronize();

        assertThat(context.memory().freeBytes()).isEqualTo(MEMORY_BYTES);
    }

    @Test
    void aDeviceWithoutPoolsAllocatesPlainly() throws Exception {
        open("POOLS=0");
        try (DeviceMemory memory = stream.allocate(1 << 20)) {
            assertThat(context.memory().freeBytes()).isEqualTo(MEMORY_BYTES - memory.sizeBytes());
        }
        assertThat(context.memory().freeBytes()).isEqualTo(MEMORY_BYTES);
        assertThat(context.poolUsage()).isEqualTo(new PoolUsage(0, 0, 0));
    }

    @Test
    void freedMemoryIsNotUsedAndNotFreedTwice() {
        DeviceMemory memory = stream.allocate(64);
        memory.freeBehind(context.defaultStream());
        memory.close();

        assertThatIllegalStateException().isThrownBy(memory::pointer).withMessageContaining("64");
        assertThat(context.poolUsage().usedBytes()).isZero();
    }

    @Test
    void memoryMayOutliveItsStreamAndItsContext() {
        DeviceMemory first = stream.allocate(64);
        DeviceMemory second = context.allocate(64);
        stream.close();
        first.close();
        assertThat(context.poolUsage().usedBytes()).isEqualTo(64);
        context.close();
        second.close();
        stream.close();
        assertThatIllegalStateException().isThrownBy(context::memory).withMessageContaining("GPU 0 is closed");
    }

    @Test
    void eventsTakeTimesAndOrderStreams() {
        try (CudaEvent start = context.newEvent();
                CudaEvent end = context.newEvent();
                CudaStream other = context.newStream(-1)) {
            assertThat(end.isDone()).isFalse();
            stream.record(start);
            stream.record(end);
            other.waitFor(end);
            end.synchronize();

            assertThat(end.isDone()).isTrue();
            assertThat(end.millisSince(start)).isEqualTo(0.5f);
            assertThat(other.isIdle()).isTrue();
        }
    }

    @Test
    void aStreamWithWorkIsNotIdle() {
        try (CudaStream busy = context.newStream(-5)) {
            assertThat(busy.isIdle()).isFalse();
        }
    }

    @Test
    void aCapturedGraphRunsWhatWasQueuedAndNothingBefore() {
        try (CudaModule module = context.load(KERNELS);
                DeviceMemory memory = stream.allocate(64);
                Arena arena = Arena.ofConfined()) {
            DeviceSpan replayed = module.global("replayed");
            CudaGraph graph = stream.capture(() -> {
                stream.fill(memory.span(), (byte) 1);
                stream.fillWords(memory.span(), 2);
            });
            MemorySegment count = arena.allocate(4);
            stream.download(count, replayed);
            assertThat(count.get(ValueLayout.JAVA_INT, 0)).isZero();

            assertThat(graph.nodeCount()).isEqualTo(2);
            graph.launch(stream);
            graph.launch(stream);
            stream.download(count, replayed);
            assertThat(count.get(ValueLayout.JAVA_INT, 0)).isEqualTo(4);
            graph.close();
            assertThatIllegalStateException().isThrownBy(() -> graph.launch(stream));
        }
    }

    @Test
    void aCaptureThatFailsLeavesTheStreamUsable() {
        assertThatExceptionOfType(CudaException.class)
                .isThrownBy(() -> stream.capture(stream::synchronize))
                .withMessageContaining("cuStreamSynchronize");
        stream.synchronize();
    }

    @Test
    void anyThreadMayUseAContext() throws Exception {
        try (ExecutorService threads = Executors.newVirtualThreadPerTaskExecutor()) {
            long free = threads.submit(() -> context.memory().freeBytes()).get();
            assertThat(free).isEqualTo(MEMORY_BYTES);
        }
    }

    @Test
    void anErrorWithoutANameIsItsNumber() {
        assertThat(driver.failure(DriverFunction.cuInit, 12345)).hasMessage("cuInit: CUDA error 12345 (12345)");
    }

    @Test
    void aMissingLibraryIsExplainedByTheLoader() {
        assertThatExceptionOfType(NativeLibraryException.class)
                .isThrownBy(() -> CudaDriver.open("libno-such-driver.so.1"))
                .withMessageContaining("libno-such-driver.so.1")
                .withMessageContaining("No such file");
    }

    @Test
    void aLibraryWithoutAFunctionNamesIt() throws Exception {
        Path empty = StubLibrary.compile("empty.c", folder.resolve("libempty.so"));
        assertThatExceptionOfType(NativeLibraryException.class)
                .isThrownBy(() -> CudaDriver.open(empty.toString()))
                .withMessageContaining("exports no function cuInit");
    }
}
