package dev.quantreel.engines.runtime.ort;

import static org.assertj.core.api.Assertions.assertThat;

import ai.onnxruntime.OrtEnvironment;
import ai.onnxruntime.OrtSession;
import dev.quantreel.engines.runtime.ort.binding.OrtApi;
import dev.quantreel.engines.runtime.ort.binding.OrtMemory;
import dev.quantreel.engines.tensor.Shape;
import dev.quantreel.engines.tensor.Tensor;
import java.lang.ref.WeakReference;
import java.util.Optional;
import java.util.concurrent.atomic.AtomicReference;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;

class CopySessionsTest {

    /// Before the C API can be found.
    @BeforeAll
    static void load() {
        assertThat(OrtEngineProvider.environment()).isNotNull();
    }

    @Test
    void whatCopiesGoesWithWhatItCopiesFor() throws InterruptedException {
        WeakReference<ResidentMemory> memory = new WeakReference<>(abandoned());

        for (int i = 0; i < 100 && memory.get() != null; i++) {
            System.gc();
            Thread.sleep(20);
        }
        assertThat(memory.get()).isNull();
    }

    /// Memory of an engine whose own sessions make the copies, after one of them.
    private static ResidentMemory abandoned() {
        OrtApi api = OrtApi.loaded();
        AtomicReference<ResidentMemory> own = new AtomicReference<>();
        OrtTarget target = new ForwardedTarget(new BoundTarget(ResidentMemory.ofHost(api, Long.MAX_VALUE)), own);
        own.set(ResidentMemory.ofDevice(
                api, OrtMemory.host(api), Long.MAX_VALUE, new CopySessions(target, api, OrtMemory.host(api))));
        assertThat(own.get().place(Tensor.of(Shape.of(1), 1)).toFloatArray()).containsOnly(1);
        return own.get();
    }

    /// A target whose results stay in memory that is made after it.
    private record ForwardedTarget(BoundTarget target, AtomicReference<ResidentMemory> own) implements OrtTarget {

        @Override
        public String engine() {
            return target.engine();
        }

        @Override
        public OrtEnvironment environment() {
            return target.environment();
        }

        @Override
        public void addProviders(OrtSession.SessionOptions options) {
            target.addProviders(options);
        }

        @Override
        public boolean streamsWeights() {
            return target.streamsWeights();
        }

        @Override
        public Optional<ResidentMemory> residents() {
            return Optional.ofNullable(own.get());
        }

        @Override
        public OwnedSession own(String model, OrtSession session) {
            return target.own(model, session);
        }
    }
}
