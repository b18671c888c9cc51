package dev.quantreel.engines.runtime.reference;

import dev.quantreel.engines.runtime.EngineContractTest;
import dev.quantreel.engines.runtime.EngineProvider;

class ReferenceEngineTest extends EngineContractTest {

    @Override
    protected EngineProvider provider() {
        return new ReferenceEngineProvider();
    }

    @Override
    protected int chainLength() {
        return 2_000;
    }
}
