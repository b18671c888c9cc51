package dev.quantreel.engines.runtime.tensorrt;

import dev.quantreel.engines.runtime.EngineProvider.EngineOptions;
import dev.quantreel.engines.runtime.ort.OrtEngineProvider;

/// The engine on stand-ins of library and GPU, for tests of what uses it.
public final class StandInEngine {

    private StandInEngine() {}

    /// @param layers what the library's inspector says of every engine
    public static TensorRtEngine create(TensorRtSettings settings, String layers) {
        FakeTensorRt library = new FakeTensorRt();
        library.layers = layers;
        FakeDevice device = new FakeDevice();
        return new TensorRtEngine(
                new Workshop(
                        settings,
                        new EngineCache(settings.cache()),
                        library.builder(),
                        library,
                        new Workshop.Gpu(device, device.newStream(), new SharedScratch(device))),
                () -> new OrtEngineProvider().create(new EngineOptions(1)));
    }
}
