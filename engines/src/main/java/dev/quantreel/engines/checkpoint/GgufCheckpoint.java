package dev.quantreel.engines.checkpoint;

import dev.quantreel.engines.gguf.GgmlType;
import dev.quantreel.engines.gguf.GgufFile;
import dev.quantreel.engines.tensor.Checkpoint;
import dev.quantreel.engines.tensor.CheckpointException;
import dev.quantreel.engines.tensor.DType;
import dev.quantreel.engines.tensor.MissingTensor;
import dev.quantreel.engines.tensor.Shape;
import dev.quantreel.engines.tensor.Tensor;
import java.util.Collections;
import java.util.EnumMap;
import java.util.LinkedHashMap;
import java.util.Map;
import java.util.SequencedMap;
import java.util.SequencedSet;

/// A GGUF file as a checkpoint of plain floats, under the names of the model's own layout: transformers already have
/// them, text encoders carry llama.cpp's, which are translated.
final class GgufCheckpoint implements Checkpoint {

    private final GgufFile file;
    private final SequencedMap<String, String> fileNames;

    private GgufCheckpoint(GgufFile file, SequencedMap<String, String> fileNames) {
        this.file = file;
        this.fileNames = Collections.unmodifiableSequencedMap(fileNames);
    }

    static GgufCheckpoint of(GgufFile file) {
        SequencedMap<String, String> fileNames = new LinkedHashMap<>();
        for (String name : file.names()) {
            String modelName = LlamaCppNames.toModel(name);
            if (fileNames.put(modelName, name) != null) {
                throw CheckpointException.ofTensor(file.source(), name, "is a second tensor named " + modelName);
            }
        }
        return new GgufCheckpoint(file, fileNames);
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

    private String fileName(String name) {
        String fileName = fileNames.get(name);
        if (fileName == null) {
            throw MissingTensor.of(this, name);
        }
        return fileName;
    }

    @Override
    public SequencedSet<String> names() {
        return fileNames.sequencedKeySet();
    }

    @Override
    public boolean contains(String name) {
        return fileNames.containsKey(name);
    }

    @Override
    public Tensor tensor(String name) {
        return file.decode(fileName(name));
    }

    @Override
    public Shape shape(String name) {
        return file.weightShape(fileName(name));
    }

    @Override
    public DType dtype(String name) {
        return file.type(fileName(name)).dtype();
    }

    @Override
    public long storedBytes(String name) {
        return file.storedBytes(fileName(name));
    }

    @Override
    public Map<String, String> metadata() {
        return file.metadata();
    }

    @Override
    public String source() {
        return file.source();
    }

    @Override
    public String digest() {
        return file.digest();
    }
}
