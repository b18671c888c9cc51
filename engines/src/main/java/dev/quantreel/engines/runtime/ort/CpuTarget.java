package dev.quantreel.engines.runtime.ort;

import ai.onnxruntime.OrtEnvironment;
import ai.onnxruntime.OrtSession;

/// ONNX Runtime's own provider for the processor; sessions belong to themselves.
record CpuTarget(OrtEnvironment environment) implements OrtTarget {

    @Override
    public String engine() {
        return OrtEngineProvider.ID;
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
    public OwnedSession own(String model, OrtSession session) {
        return session::close;
    }
}
