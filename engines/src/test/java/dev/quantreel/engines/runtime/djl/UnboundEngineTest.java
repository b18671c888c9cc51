package dev.quantreel.engines.runtime.djl;

import static org.assertj.core.api.Assertions.assertThat;

import dev.quantreel.engines.runtime.Engine;
import dev.quantreel.engines.runtime.EngineContractTest;
import dev.quantreel.engines.runtime.EngineProvider;
import java.util.Map;
import java.util.Set;
import org.junit.jupiter.api.Test;

/// The engine with `binding=false`, and where ONNX Runtime cannot be bound: runs by the Java API.
class UnboundEngineTest extends EngineContractTest {

    @Override
    protected EngineProvider provider() {
        return new Unbound();
    }

    @Override
    protected int chainLength() {
        return 20_000;
    }

    @Test
    void whichOfThemItIsStandsInTheDescription() {
        EngineProvider provider = new DjlCpuProvider();
        try (Engine bound = provider.create(EngineProvider.EngineOptions.DEFAULTS);
                Engine unbound = provider().create(EngineProvider.EngineOptions.DEFAULTS)) {
            assertThat(bound.description()).contains("I/O binding");
            assertThat(unbound.description()).doesNotContain("I/O binding");
        }
    }

    private static final class Unbound implements EngineProvider {

        private final EngineProvider own = new DjlCpuProvider();

        @Override
        public String id() {
            return own.id();
        }

        @Override
        public int rank() {
            return own.rank();
        }

        @Override
        public Set<Capability> capabilities() {
            return own.capabilities();
        }

        @Override
        public Availability probe() {
            return own.probe();
        }

        @Override
        public Engine create(EngineOptions options) {
            return own.create(new EngineOptions(options.threads(), Map.of("binding", "false")));
        }
    }
}
