package dev.quantreel.engines.runtime.tensorrt;

import static org.assertj.core.api.Assertions.assertThat;

import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

class PlanRefusedExceptionTest {

    @ParameterizedTest
    @ValueSource(
            strings = {
                "deserializeCudaEngine: Serialization assertion stdVersionRead == kSERIALIZATION_VERSION failed",
                "deserializeCudaEngine: the engine plan file is generated on an incompatible device",
                "deserializeCudaEngine gave nothing"
            })
    void damagedAndForeignPlansAreRefused(String message) {
        assertThat(PlanRefusedException.of("trunk", new TensorRtException(message)))
                .isInstanceOf(PlanRefusedException.class)
                .hasMessageContaining("trunk: " + message);
    }

    @ParameterizedTest
    @ValueSource(
            strings = {
                "createExecutionContext: Error Code 2: OutOfMemory (Requested size was 1073741824 bytes.)",
                "IRuntime::deserializeCudaEngine: Cuda Runtime (out of memory)",
                "deserializeCudaEngine: CUDA_ERROR_ILLEGAL_ADDRESS (700): the context is lost"
            })
    void aBusyOrBrokenGpuSaysNothingOfThePlan(String message) {
        assertThat(PlanRefusedException.of("trunk", new TensorRtException(message)))
                .isNotInstanceOf(PlanRefusedException.class);
    }
}
