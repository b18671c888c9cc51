package dev.quantreel.engines.runtime.tensorrt;

import dev.quantreel.engines.export.OptimizationProfile;
import dev.quantreel.engines.onnx.OnnxModel;
import dev.quantreel.engines.tensor.Tensor;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.lang.foreign.MemorySegment;
import java.nio.charset.StandardCharsets;
import java.security.MessageDigest;
import java.security.NoSuchAlgorithmException;
import java.util.HexFormat;
import java.util.Map;

/// What an engine depends on: the graph with its weights, the shapes, the options, the version of TensorRT and the
/// chip. Plans are tied to both of the latter.
///
/// @param graph as [#graph(OnnxModel)] has it
/// @param shapes as [#shapes(OptimizationProfile)] has it
/// @param options [BuildOptions#identity]
/// @param tensorRt version number of the library, 101501
/// @param chip that it is built for
public record EngineKey(String graph, String shapes, String options, int tensorRt, Chip chip) {

    private static final int CHUNK_BYTES = 64 << 20;

    /// What an engine depends on of a model: its graph and its weights. Also of a stripped plan, whose optimizer saw
    /// them and which takes no others. Reads all weights.
    ///
    /// @return SHA-256
    public static String graph(OnnxModel model) {
        MessageDigest graph = sha256();
        graph.update(bytes(model));
        for (Map.Entry<String, Tensor> weight : model.weights().entrySet()) {
            graph.update(weight.getKey().getBytes(StandardCharsets.UTF_8));
            update(graph, weight.getValue().data());
        }
        return hex(graph);
    }

    /// What an engine depends on of the shapes that it is for.
    ///
    /// @return SHA-256
    public static String shapes(OptimizationProfile profile) {
        MessageDigest shapes = sha256();
        shapes.update(profile.toJson().getBytes(StandardCharsets.UTF_8));
        return hex(shapes);
    }

    /// Name of the engine's files.
    public String fileName() {
        MessageDigest all = sha256();
        all.update(String.join("\n", graph, shapes, options, Integer.toString(tensorRt), chip.toString())
                .getBytes(StandardCharsets.UTF_8));
        return hex(all).substring(0, 32);
    }

    private static byte[] bytes(OnnxModel model) {
        ByteArrayOutputStream out = new ByteArrayOutputStream(model.proto().getSerializedSize());
        try {
            model.proto().writeTo(out);
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
        return out.toByteArray();
    }

    private static void update(MessageDigest digest, MemorySegment data) {
        for (long at = 0; at < data.byteSize(); at += CHUNK_BYTES) {
            digest.update(data.asSlice(at, Math.min(CHUNK_BYTES, data.byteSize() - at))
                    .asByteBuffer());
        }
    }

    private static String hex(MessageDigest digest) {
        return HexFormat.of().formatHex(digest.digest());
    }

    private static MessageDigest sha256() {
        try {
            return MessageDigest.getInstance("SHA-256");
        } catch (NoSuchAlgorithmException e) {
            throw new IllegalStateException("every Java platform has SHA-256", e);
        }
    }
}
