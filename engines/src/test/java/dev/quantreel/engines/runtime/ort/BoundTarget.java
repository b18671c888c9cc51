package dev.quantreel.engines.runtime.ort;

import ai.onnxruntime.OrtEnvironment;
import ai.onnxruntime.OrtSession;
import dev.quantreel.engines.onnx.OnnxModel;
import dev.quantreel.engines.runtime.Engine;
import dev.quantreel.engines.runtime.Session;
import dev.quantreel.engines.runtime.ort.binding.OrtApi;
import dev.quantreel.engines.runtime.ort.binding.OrtMemory;
import dev.quantreel.engines.tensor.Tensor;
import java.util.Optional;

/// The processor, with results that stay where they are made; as a target and as an engine.
record BoundTarget(ResidentMemory memory) implements OrtTarget, Engine {

    /// Results that count as those of a device: they come to the host by copies alone.
    ///
    /// @param pinned whether copies should lie in memory that the processor's build does not have
    static ResidentMemory byCopies(boolean pinned) {
        OrtApi api = OrtApi.loaded();
        BoundTarget copies = new BoundTarget(ResidentMemory.ofHost(api, Long.MAX_VALUE));
        return ResidentMemory.ofDevice(
                api,
                OrtMemory.host(api),
                Long.MAX_VALUE,
                new CopySessions(copies, api, pinned ? OrtMemory.pinned(api, 0) : OrtMemory.host(api)));
    }

    @Override
    public String engine() {
        return "bound";
    }

    @Override
    public OrtEnvironment environment() {
        return OrtEngineProvider.environment();
    }

    @Override
    public void addProviders(OrtSession.SessionOptions options) {
        // The CPU is always there.
    }

    @Override
    public boolean streamsWeights() {
        return true;
    }

    @Override
    public Optional<ResidentMemory> residents() {
        return Optional.of(memory);
    }

    @Override
    public OwnedSession own(String model, OrtSession session) {
        return session::close;
    }

    @Override
    public String id() {
        return engine();
    }

    @Override
    public String description() {
        return engine();
    }

    @Override
    public Session open(OnnxModel model) {
        return new OrtModelLoader(this, 1, Use.STEADY).open(model);
    }

    @Override
    public Tensor place(Tensor tensor) {
        return memory.place(tensor);
    }

    @Override
    public void close() {
        // The environment belongs to the process.
    }
}
