package dev.quantreel.engines.runtime.djl;

import static org.assertj.core.api.Assertions.assertThat;

import dev.quantreel.engines.internal.process.ChildJvm;
import java.time.Duration;
import java.util.List;
import org.junit.jupiter.api.Test;

class OrtProvidersTest {

    private static OrtProviders said(int exitCode, String... lines) {
        return OrtProviders.judge(new ChildJvm.Ended(exitCode, false, List.of(lines)));
    }

    @Test
    void theProcessorsBuildSaysWhatToInstall() {
        OrtProviders here = OrtProviders.ask(Duration.ofSeconds(60));

        assertThat(here.loads()).isTrue();
        assertThat(here.version()).startsWith("1.");
        assertThat(here.compiled()).contains("CPU").doesNotContain("CUDA");
        assertThat(here.gpu()).hasSize(2).allSatisfy(provider -> assertThat(provider.obstacle())
                .hasValueSatisfying(why -> assertThat(why)
                        .contains("is not in this build, which has CPU", "./quantreel install ort-gpu")));
    }

    @Test
    void aProviderThatDoesNotLoadHasItsReasonAndTheRemedy() {
        OrtProviders providers = said(
                0,
                "compiled: CPU CUDA TENSOR_RT",
                "version: 1.29.0",
                "tries: CUDA",
                "loads: CUDA",
                "tries: TENSOR_RT",
                "fails: TENSOR_RT libnvinfer.so.10: cannot open shared object file");

        assertThat(providers.gpu().get(0))
                .isEqualTo(new OrtProviders.Provider("ONNX Runtime's CUDA provider", java.util.Optional.empty()));
        assertThat(providers.gpu().get(1).title()).isEqualTo("ONNX Runtime's TensorRT provider");
        assertThat(providers.gpu().get(1).obstacle().orElseThrow()).contains("libnvinfer.so.10", "install TensorRT 10");
    }

    @Test
    void aProviderThatEndsTheProcessIsNamedAndTheNextOneWasNotAsked() {
        OrtProviders providers =
                said(134, "compiled: CPU CUDA TENSOR_RT", "version: 1.29.0", "tries: CUDA", "terminate called");

        assertThat(providers.gpu().get(0).obstacle().orElseThrow())
                .contains("the process that loaded it ended with 134 (SIGABRT)", "terminate called");
        assertThat(providers.gpu().get(1).obstacle().orElseThrow()).contains("was not asked");
    }

    @Test
    void aLibraryThatDoesNotLoadIsALine() {
        assertThat(said(0, "broken: the native library of ONNX Runtime did not load")
                        .version())
                .contains("did not load");
        OrtProviders dead = said(139, "noise");
        assertThat(dead.loads()).isFalse();
        assertThat(dead.version()).contains("SIGSEGV", "noise");
        assertThat(dead.gpu()).isEmpty();
    }
}
