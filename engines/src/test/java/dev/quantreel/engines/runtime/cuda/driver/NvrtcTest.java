package dev.quantreel.engines.runtime.cuda.driver;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatExceptionOfType;

import java.nio.charset.StandardCharsets;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;

/// The real compiler, which needs no GPU; skipped where `libnvrtc` is not installed ([InstalledNvrtc]).
class NvrtcTest {

    private static final Nvrtc.Source SOURCE =
            new Nvrtc.Source("double.cu", """
            #include "factor.cuh"
            extern "C" __global__ void qr_double(float *y, const float *x, int n) {
                int i = blockIdx.x * blockDim.x + threadIdx.x;
                if (i < n) y[i] = FACTOR * x[i];
            }
            """, Map.of("factor.cuh", "#define FACTOR 2.0f\n"));

    private Nvrtc nvrtc;

    @BeforeEach
    void findIt() {
        nvrtc = InstalledNvrtc.orSkip();
    }

    @Test
    void machineCodeIsAnElfFileOfEachChip() {
        byte[] ampere = nvrtc.compileToCubin(SOURCE, "sm_80", List.of()).code();
        byte[] hopper =
                nvrtc.compileToCubin(SOURCE, "sm_90a", List.of("--std=c++17")).code();

        assertThat(ampere).startsWith(0x7f, 'E', 'L', 'F');
        assertThat(hopper).startsWith(0x7f, 'E', 'L', 'F').isNotEqualTo(ampere);
        assertThat(new String(hopper, StandardCharsets.ISO_8859_1)).contains("qr_double");
    }

    @Test
    void ptxSaysItsTarget() {
        byte[] ptx = nvrtc.compileToPtx(SOURCE, "compute_80", List.of()).code();

        assertThat(new String(ptx, StandardCharsets.UTF_8))
                .contains(".target sm_80")
                .contains(".entry qr_double(");
    }

    @Test
    void errorsCarryTheCompilersLog() {
        Nvrtc.Source wrong = new Nvrtc.Source("wrong.cu", "__global__ void f() { undeclared = 1; }", Map.of());

        assertThatExceptionOfType(NvrtcException.class)
                .isThrownBy(() -> nvrtc.compileToCubin(wrong, "sm_80", List.of()))
                .withMessageContaining("wrong.cu does not compile for sm_80")
                .satisfies(e -> assertThat(e.log()).contains("wrong.cu(1)").contains("undeclared"));
    }

    @Test
    void anUnknownArchitectureIsRefused() {
        assertThatExceptionOfType(NvrtcException.class)
                .isThrownBy(() -> nvrtc.compileToCubin(SOURCE, "sm_12", List.of()))
                .withMessageContaining("double.cu was refused (NVRTC_ERROR_INVALID_OPTION) for sm_12");
    }

    @Test
    void itSaysItsVersionAndChips() {
        assertThat(nvrtc.version().major()).isBetween(12, 14);
        assertThat(nvrtc.architectures()).contains(80, 86, 89, 90, 100, 120).isSorted();
    }
}
