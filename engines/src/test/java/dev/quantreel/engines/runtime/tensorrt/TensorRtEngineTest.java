package dev.quantreel.engines.runtime.tensorrt;

import static org.assertj.core.api.Assertions.assertThat;

import dev.quantreel.engines.runtime.Engine;
import dev.quantreel.engines.runtime.EngineContractTest;
import dev.quantreel.engines.runtime.EngineProvider;
import dev.quantreel.engines.runtime.ort.OrtEngineProvider;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ServiceLoader;
import java.util.Set;
import java.util.stream.Stream;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/// Everything above the library and the GPU holds the contract of engines.
class TensorRtEngineTest extends EngineContractTest {

    private final Path cache;

    TensorRtEngineTest(@TempDir Path cache) {
        this.cache = cache;
    }

    @Override
    protected EngineProvider provider() {
        return new EngineProvider() {
            @Override
            public String id() {
                return TensorRtEngineProvider.ID;
            }

            @Override
            public int rank() {
                return 0;
            }

            @Override
            public Set<Capability> capabilities() {
                return Set.of();
            }

            @Override
            public Availability probe() {
                return new Availability.Available("stand-in");
            }

            @Override
            public Engine create(EngineOptions options) {
                FakeTensorRt library = new FakeTensorRt();
                FakeDevice device = new FakeDevice();
                return new TensorRtEngine(
                        new Workshop(
                                TensorRtSettings.defaults().withCache(cache),
                                new EngineCache(cache),
                                library.builder(),
                                library,
                                new Workshop.Gpu(device, device.newStream(), new SharedScratch(device))),
                        () -> new OrtEngineProvider().create(options));
            }
        };
    }

    @Override
    protected int chainLength() {
        return 500;
    }

    @AfterEach
    void nothingHalfWrittenIsLeft() throws IOException {
        try (Stream<Path> files = Files.list(cache)) {
            assertThat(files.map(file -> file.getFileName().toString()))
                    .allMatch(name -> name.matches("[0-9a-f]{32}\\.(plan|properties)|graph-.*"));
        }
    }

    @Test
    void theServiceLoaderFindsIt() {
        assertThat(ServiceLoader.load(EngineProvider.class))
                .extracting(EngineProvider::id)
                .contains("tensorrt");
    }
}
