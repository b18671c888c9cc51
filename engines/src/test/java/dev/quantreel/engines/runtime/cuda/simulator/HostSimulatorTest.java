package dev.quantreel.engines.runtime.cuda.simulator;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatExceptionOfType;

import dev.quantreel.engines.runtime.cuda.driver.CudaEvent;
import dev.quantreel.engines.runtime.cuda.driver.CudaException;
import dev.quantreel.engines.runtime.cuda.driver.CudaGraph;
import dev.quantreel.engines.runtime.cuda.driver.CudaOutOfMemoryException;
import dev.quantreel.engines.runtime.cuda.driver.CudaStream;
import dev.quantreel.engines.runtime.cuda.driver.DeviceMemory;
import dev.quantreel.engines.runtime.cuda.driver.Dim3;
import dev.quantreel.engines.runtime.cuda.driver.KernelArguments;
import dev.quantreel.engines.runtime.cuda.driver.PinnedMemory;
import java.util.Random;
import java.util.stream.IntStream;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

class HostSimulatorTest {

    private HostSimulator gpu;
    private DeviceArrays arrays;

    @BeforeEach
    void start() {
        gpu = HostSimulator.start();
        arrays = new DeviceArrays(gpu.context());
    }

    @AfterEach
    void stop() {
        arrays.close();
        assertThat(gpu.liveAllocations()).isZero();
        gpu.close();
    }

    private void launch(String kernel, int blocks, int threads, int sharedBytes, KernelArguments arguments) {
        launch(gpu.context().defaultStream(), kernel, blocks, threads, sharedBytes, arguments);
    }

    @SuppressWarnings("checkstyle:ParameterNumber") // A launch has as many.
    private void launch(
            CudaStream stream, String kernel, int blocks, int threads, int sharedBytes, KernelArguments arguments) {
        gpu.kernels()
                .function("probe", kernel)
                .launch(stream, new Dim3(blocks, 1, 1), new Dim3(threads, 1, 1), sharedBytes, arguments);
    }

    private static float[] random(int count) {
        Random random = new Random(7);
        float[] values = new float[count];
        IntStream.range(0, count).forEach(i -> values[i] = (float) random.nextGaussian());
        return values;
    }

    @ParameterizedTest
    @ValueSource(ints = {0, 1, 2, 3})
    void barriersOrderThreadsWhateverTheirOrder(int seed) {
        gpu.threadOrder(seed);
        float[] x = new float[512];
        IntStream.range(0, 512).forEach(i -> x[i] = i);
        DeviceMemory sums = arrays.empty(8);

        launch(
                "qr_probe_sum_f32",
                2,
                256,
                0,
                KernelArguments.of().pointer(arrays.of(x)).pointer(sums));

        assertThat(arrays.floats(sums)).containsExactly(255 * 128, 255 * 128 + 65536);
    }

    @Test
    void aMissingBarrierShowsInAnotherOrderOfThreads() {
        float[] x = new float[256];
        java.util.Arrays.fill(x, 1);
        DeviceMemory sum = arrays.empty(4);
        KernelArguments arguments = KernelArguments.of().pointer(arrays.of(x)).pointer(sum);

        launch("qr_probe_race_f32", 1, 256, 0, arguments);
        assertThat(arrays.floats(sum)).containsExactly(256);
        gpu.threadOrder(5);
        launch("qr_probe_race_f32", 1, 256, 0, arguments);
        assertThat(arrays.floats(sum)[0]).isNaN();
    }

    @Test
    void lanesExchangeValuesAndVotes() {
        float[] x = random(32);
        DeviceMemory sum = arrays.empty(128);
        DeviceMemory negative = arrays.empty(128);

        launch(
                "qr_probe_warp_f32",
                1,
                32,
                0,
                KernelArguments.of().pointer(arrays.of(x)).pointer(sum).pointer(negative));

        int signs =
                IntStream.range(0, 32).filter(i -> x[i] < 0).map(i -> 1 << i).sum();
        assertThat(arrays.ints(negative)).containsOnly(signs);
        float[] butterflies = x.clone();
        for (int step = 16; step > 0; step /= 2) {
            float[] before = butterflies.clone();
            for (int i = 0; i < 32; i++) {
                butterflies[i] = before[i] + before[i ^ step];
            }
        }
        assertThat(arrays.floats(sum)).containsExactly(butterflies);
    }

    @Test
    void ldmatrixSpreadsRowsAsTheManualDrawsThem() {
        short[] x = new short[256];
        IntStream.range(0, 256).forEach(i -> x[i] = (short) i);
        DeviceMemory registers = arrays.empty(512);
        for (boolean transposed : new boolean[] {false, true}) {
            launch(
                    "qr_probe_matrices",
                    1,
                    32,
                    512,
                    KernelArguments.of()
                            .pointer(arrays.of(x))
                            .pointer(registers)
                            .i32(transposed ? 1 : 0)
                            .i32(1));
            int[] words = arrays.ints(registers);
            for (int lane = 0; lane < 32; lane++) {
                for (int matrix = 0; matrix < 4; matrix++) {
                    int row = lane / 4;
                    int column = lane % 4 * 2;
                    int low = 64 * matrix + (transposed ? 8 * column + row : 8 * row + column);
                    int high = low + (transposed ? 8 : 1);
                    assertThat(words[4 * lane + matrix]).isEqualTo(low | high << 16);
                }
            }
        }
    }

    @Test
    void aCopyThatNobodyWaitedForHasNotHappened() {
        DeviceMemory registers = arrays.empty(512);

        launch(
                "qr_probe_matrices",
                1,
                32,
                512,
                KernelArguments.of()
                        .pointer(arrays.of(new short[256]))
                        .pointer(registers)
                        .i32(0)
                        .i32(0));

        assertThat(arrays.ints(registers)).containsOnly(-1);
    }

    @ParameterizedTest
    @CsvSource({
        "0, to byte 656 of a device allocation of 400 bytes",
        "1, access 8000 bytes before a device allocation of 400 bytes",
        "2, through a null pointer",
        "3, just outside an allocation of 400 bytes"
    })
    void accessOutsideOfMemoryNamesKernelThreadAndPlace(int kind, String text) {
        DeviceMemory x = arrays.empty(400);

        assertThatExceptionOfType(CudaException.class)
                .isThrownBy(() -> launch(
                        "qr_probe_bounds",
                        1,
                        1,
                        0,
                        KernelArguments.of().pointer(x).nullPointer().i32(100).i32(kind)))
                .satisfies(e -> assertThat(e.errorName()).isEqualTo("CUDA_ERROR_ILLEGAL_ADDRESS"))
                .withMessageContaining("kernel qr_probe_bounds")
                .withMessageContaining(text);
    }

    @Test
    void freedMemoryIsRefused() {
        DeviceMemory x = gpu.context().allocate(400);
        long pointer = x.pointer();
        x.close();

        assertThatExceptionOfType(CudaException.class)
                .isThrownBy(() -> launch(
                        "qr_probe_misaligned", 1, 1, 0, KernelArguments.of().i64(pointer)))
                .withMessageContaining("argument 0: access to freed device memory");
    }

    @Test
    void aMisalignedVectorIsReported() {
        DeviceMemory x = arrays.empty(400);

        assertThatExceptionOfType(CudaException.class)
                .isThrownBy(() -> launch(
                        "qr_probe_misaligned", 1, 1, 0, KernelArguments.of().pointer(x)))
                .withMessageContaining("misaligned access")
                .withMessageContaining("thread (0, 0, 0)");
    }

    @ParameterizedTest
    @CsvSource({
        "0, block diverged",
        "1, deadlock",
        "2, deadlock",
    })
    void divergedThreadsAreReported(int kind, String text) {
        DeviceMemory x = arrays.of(new float[64]);

        assertThatExceptionOfType(CudaException.class)
                .isThrownBy(() -> launch(
                        "qr_probe_diverged",
                        1,
                        64,
                        0,
                        KernelArguments.of().pointer(x).i32(kind)))
                .satisfies(e -> assertThat(e.errorName()).isEqualTo("CUDA_ERROR_LAUNCH_FAILED"))
                .withMessageContaining(text)
                .withMessageContaining("at line");
    }

    @ParameterizedTest
    @ValueSource(ints = {32, 1000})
    void writesPastSharedMemoryAreReported(int past) {
        DeviceMemory x = arrays.of(new float[1]);

        assertThatExceptionOfType(CudaException.class)
                .isThrownBy(() -> launch(
                        "qr_probe_shared_bounds",
                        1,
                        1,
                        128,
                        KernelArguments.of().pointer(x).i32(past)))
                .withMessageContaining("shared memory");
    }

    @Test
    void sharedMemoryThatNobodyWroteIsPoison() {
        DeviceMemory x = arrays.empty(128);

        launch("qr_probe_unwritten", 1, 32, 128, KernelArguments.of().pointer(x));

        assertThat(arrays.ints(x)).containsOnly(-1);
    }

    @Test
    void theChipLimitsBlocksAndSharedMemory() {
        KernelArguments arguments =
                KernelArguments.of().pointer(arrays.of(new float[1])).i32(0);

        assertThatExceptionOfType(CudaException.class)
                .isThrownBy(() -> launch("qr_probe_shared_bounds", 1, 2048, 128, arguments))
                .withMessageContaining("a block of 2048 x 1 x 1 threads");
        assertThatExceptionOfType(CudaException.class)
                .isThrownBy(() -> launch("qr_probe_shared_bounds", 1, 1, 100 << 10, arguments))
                .withMessageContaining("102400 bytes of shared memory");
        launch("qr_probe_shared_bounds", 1, 1, 99 << 10, arguments);
    }

    @Test
    void memoryEndsAtTheLimit() {
        arrays.close();
        gpu.close();
        gpu = HostSimulator.start(9, 0, 1 << 20);
        arrays = new DeviceArrays(gpu.context());
        arrays.empty(1 << 19);

        assertThatExceptionOfType(CudaOutOfMemoryException.class).isThrownBy(() -> arrays.empty((1 << 19) + 1));
        arrays.empty(1 << 19);
        assertThat(gpu.context().device().capability()).hasToString("9.0");
        assertThat(gpu.context().memory().freeBytes()).isZero();
    }

    @Test
    void lateStreamsShowAMissingWait() {
        gpu.lateStreams(true);
        float[] ones = new float[256];
        java.util.Arrays.fill(ones, 1);
        DeviceMemory x = arrays.of(new float[256]);
        DeviceMemory sum = arrays.empty(4);
        try (CudaStream copies = gpu.context().newStream();
                CudaStream work = gpu.context().newStream();
                CudaEvent copied = gpu.context().newEvent();
                PinnedMemory host = gpu.context().allocatePinned(1024)) {
            host.segment().copyFrom(java.lang.foreign.MemorySegment.ofArray(ones));
            KernelArguments arguments = KernelArguments.of().pointer(x).pointer(sum);

            copies.upload(x.span(), host.segment());
            launch(work, "qr_probe_sum_f32", 1, 256, 0, arguments);
            work.synchronize();
            assertThat(arrays.floats(sum)).containsExactly(0);

            copies.record(copied);
            work.waitFor(copied);
            launch(work, "qr_probe_sum_f32", 1, 256, 0, arguments);
            work.synchronize();
            assertThat(arrays.floats(sum)).containsExactly(256);
        }
    }

    @Test
    void aGraphRepeatsWhatWasRecorded() {
        float[] x = new float[256];
        java.util.Arrays.fill(x, 1);
        DeviceMemory from = arrays.of(x);
        DeviceMemory sum = arrays.of(-1f);
        try (CudaStream stream = gpu.context().newStream();
                CudaGraph graph = stream.capture(() -> {
                    launch(
                            stream,
                            "qr_probe_sum_f32",
                            1,
                            256,
                            0,
                            KernelArguments.of().pointer(from).pointer(sum));
                    stream.copy(from.slice(0, 4), sum.span());
                })) {
            assertThat(arrays.floats(sum)).containsExactly(-1);
            assertThat(graph.nodeCount()).isEqualTo(2);

            graph.launch(stream);
            graph.launch(stream);
            stream.synchronize();

            assertThat(arrays.floats(sum)).containsExactly(256 + 255);
        }
    }
}
