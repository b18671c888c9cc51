package dev.quantreel.engines.checkpoint;

import dev.quantreel.engines.gguf.GgmlType;
import dev.quantreel.engines.gguf.GgufFile;
import dev.quantreel.engines.tensor.Checkpoint;
import dev.quantreel.engines.tensor.CheckpointView;
import dev.quantreel.engines.tensor.DType;
import dev.quantreel.engines.tensor.Shape;
import dev.quantreel.engines.tensor.Tensor;
import java.util.EnumMap;
import java.util.Map;

/// A GGUF file as a checkpoint of plain floats, under the names of the file: transformers have those of their own
/// layout, text encoders llama.cpp's, which their reader knows.
final class GgufCheckpoint implements CheckpointView {

    private final GgufFile file;

    private GgufCheckpoint(GgufFile file) {
        this.file = file;
    }

    static GgufCheckpoint of(GgufFile file) {
        return new GgufCheckpoint(file);
    }

    /// The type that most weights are stored in.
    String precision() {
        Map<GgmlType, Long> elements = new EnumMap<>(GgmlType.class);
        file.names()
                .forEach(name ->
                        elements.merge(file.type(name), file.weightShape(name).elements(), Long::sum));
        return elements.entrySet().stream()
                .max(Map.Entry.comparingByValue())
                .map(entry -> entry.getKey().word())
                .orElse("empty");
    }

    @Override
    public Tensor tensor(String name) {
        return file.decode(name);
    }

    @Override
    public Shape shape(String name) {
        return file.weightShape(name);
    }

    @Override
    public DType dtype(String name) {
        return file.type(name).dtype();
    }

    @Override
    public Checkpoint beneath() {
        return file;
    }
}
