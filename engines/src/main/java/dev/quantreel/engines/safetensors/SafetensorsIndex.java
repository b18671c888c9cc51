package dev.quantreel.engines.safetensors;

import com.fasterxml.jackson.core.JsonFactory;
import com.fasterxml.jackson.core.JsonGenerator;
import com.fasterxml.jackson.core.util.DefaultPrettyPrinter;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Map;
import java.util.TreeMap;

/// `*.safetensors.index.json`: in which shard each tensor lies, as transformers and diffusers write it.
public final class SafetensorsIndex {

    private SafetensorsIndex() {}

    /// Writes an index.
    ///
    /// @param totalBytes bytes of all tensors
    /// @param files file name of the shard by tensor
    /// @throws SafetensorsException when it cannot be written
    public static void write(Path index, long totalBytes, Map<String, String> files) {
        ByteArrayOutputStream json = new ByteArrayOutputStream();
        try (JsonGenerator generator = new JsonFactory().createGenerator(json)) {
            generator.setPrettyPrinter(new DefaultPrettyPrinter());
            generator.writeStartObject();
            generator.writeObjectFieldStart("metadata");
            generator.writeNumberField("total_size", totalBytes);
            generator.writeEndObject();
            generator.writeObjectFieldStart("weight_map");
            for (Map.Entry<String, String> entry : new TreeMap<>(files).entrySet()) {
                generator.writeStringField(entry.getKey(), entry.getValue());
            }
            generator.writeEndObject();
            generator.writeEndObject();
            generator.close();
            Files.write(index, json.toByteArray());
        } catch (IOException e) {
            throw new SafetensorsException(index.toString(), "cannot be written: " + e.getMessage(), e);
        }
    }
}
