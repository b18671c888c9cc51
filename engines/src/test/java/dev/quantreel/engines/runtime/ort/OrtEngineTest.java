package dev.quantreel.engines.runtime.ort;

import static org.assertj.core.api.Assertions.assertThat;

import dev.quantreel.engines.runtime.EngineContractTest;
import dev.quantreel.engines.runtime.EngineProvider;
import java.util.ServiceLoader;
import org.junit.jupiter.api.Test;

class OrtEngineTest extends EngineContractTest {

    @Override
    protected EngineProvider provider() {
        return new OrtEngineProvider();
    }

    @Override
    protected int chainLength() {
        return 20_000;
    }

    @Test
    void theServiceLoaderFindsIt() {
        assertThat(ServiceLoader.load(EngineProvider.class))
                .extracting(EngineProvider::id)
                .contains("ort-cpu");
    }
}
