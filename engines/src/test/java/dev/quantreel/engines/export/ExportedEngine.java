package dev.quantreel.engines.export;

import dev.quantreel.engines.onnx.OnnxModel;
import dev.quantreel.engines.runtime.Engine;
import dev.quantreel.engines.runtime.Session;
import java.util.Map;
import java.util.Optional;
import java.util.stream.Collectors;

/// Opens exported graphs in place of those that a transformer builds for ONNX Runtime, which have the same
/// names: a whole generation then runs on the exported ones.
///
/// @param engine that runs them
/// @param graphs by name of the graph
record ExportedEngine(Engine engine, Map<String, OnnxModel> graphs) implements Engine {

    static ExportedEngine of(Engine engine, OnnxExport.Result result) {
        return new ExportedEngine(
                engine, result.graphs().values().stream().collect(Collectors.toMap(OnnxModel::name, model -> model)));
    }

    @Override
    public String id() {
        return engine.id();
    }

    @Override
    public String description() {
        return engine.description();
    }

    @Override
    public Session open(OnnxModel model) {
        return engine.open(Optional.ofNullable(graphs.get(model.name()))
                .orElseThrow(() -> new IllegalArgumentException(model.name() + " was not exported")));
    }

    @Override
    public void close() {}
}
