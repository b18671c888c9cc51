package dev.quantreel.engines.onnx;

import com.google.protobuf.UnsafeByteOperations;
import dev.quantreel.engines.onnx.proto.Onnx.GraphProto;
import dev.quantreel.engines.onnx.proto.Onnx.ModelProto;
import dev.quantreel.engines.onnx.proto.Onnx.StringStringEntryProto;
import dev.quantreel.engines.onnx.proto.Onnx.TensorProto;
import dev.quantreel.engines.tensor.Tensor;
import java.io.BufferedOutputStream;
import java.io.IOException;
import java.io.OutputStream;
import java.lang.foreign.MemorySegment;
import java.nio.ByteBuffer;
import java.nio.channels.FileChannel;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.nio.file.StandardOpenOption;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.function.Predicate;

/// Writes an [OnnxModel] as a `.onnx` file that any ONNX tool reads.
///
/// Up to 2 GB, the limit of a protobuf message, the weights are embedded; beyond, they go to one `.onnx.data`
/// file beside it, each at a multiple of [#ALIGNMENT_BYTES] so that engines can map it. The same model gives
/// the same bytes. Files appear whole or not at all: each is written under a temporary name and moved into
/// place.
public final class OnnxWriter {

    /// Page size of the usual mappings.
    public static final long ALIGNMENT_BYTES = 4096;

    /// Weights up to this sum are embedded; the rest of the message has the remaining space below 2 GiB.
    private static final long EMBED_LIMIT_BYTES = Integer.MAX_VALUE - (64L << 20);

    private static final int CHUNK_BYTES = 64 << 20;

    private OnnxWriter() {}

    /// Writes `model` to `file` (and `file` + ".data" when it is too large for one), replacing what is there.
    ///
    /// @throws IllegalArgumentException when the graph is not well formed
    /// @throws IOException when a file cannot be written; neither is then left half-written
    public static void write(OnnxModel model, Path file) throws IOException {
        write(model, file, EMBED_LIMIT_BYTES, () -> {});
    }

    /// Writes a model that may take long.
    ///
    /// @param check run before every 64 MB of weights that lie beside the graph; what it throws ends the
    ///     writing, and no file is left half-written
    public static void write(OnnxModel model, Path file, Runnable check) throws IOException {
        write(model, file, EMBED_LIMIT_BYTES, check);
    }

    static void write(OnnxModel model, Path file, long embedLimitBytes) throws IOException {
        write(model, file, embedLimitBytes, () -> {});
    }

    private static void write(OnnxModel model, Path file, long embedLimitBytes, Runnable check) throws IOException {
        OnnxValidation.check(model);
        Path data = file.resolveSibling(file.getFileName() + ".data");
        Path messagePart = part(file);
        Path dataPart = part(data);
        try {
            if (model.weightBytes() <= embedLimitBytes) {
                writeMessage(embed(model, name -> true), messagePart);
            } else {
                writeMessage(external(model, data.getFileName().toString()), messagePart);
                writeData(model, dataPart, check);
                Files.move(dataPart, data, StandardCopyOption.ATOMIC_MOVE, StandardCopyOption.REPLACE_EXISTING);
            }
            Files.move(messagePart, file, StandardCopyOption.ATOMIC_MOVE, StandardCopyOption.REPLACE_EXISTING);
        } finally {
            Files.deleteIfExists(messagePart);
            Files.deleteIfExists(dataPart);
        }
    }

    /// The message with the bytes of the selected weights inside; they are referenced until it is serialized.
    ///
    /// @param selected by weight name; weights not selected stay marked EXTERNAL
    public static ModelProto embed(OnnxModel model, Predicate<String> selected) {
        GraphProto.Builder graph = model.proto().getGraph().toBuilder();
        for (int i = 0; i < graph.getInitializerCount(); i++) {
            TensorProto initializer = graph.getInitializer(i);
            Tensor weight = model.weights().get(initializer.getName());
            if (weight != null && selected.test(initializer.getName())) {
                graph.setInitializer(
                        i,
                        initializer.toBuilder()
                                .clearDataLocation()
                                .setRawData(UnsafeByteOperations.unsafeWrap(
                                        weight.data().asByteBuffer())));
            }
        }
        return model.proto().toBuilder().setGraph(graph).build();
    }

    private static ModelProto external(OnnxModel model, String location) {
        Map<String, List<StringStringEntryProto>> places = new HashMap<>();
        long offset = 0;
        for (Map.Entry<String, Tensor> weight : model.weights().entrySet()) {
            long length = weight.getValue().data().byteSize();
            places.put(
                    weight.getKey(),
                    List.of(entry("location", location), entry("offset", offset), entry("length", length)));
            offset = align(offset + length);
        }
        GraphProto.Builder graph = model.proto().getGraph().toBuilder();
        for (TensorProto.Builder initializer : graph.getInitializerBuilderList()) {
            initializer.addAllExternalData(places.getOrDefault(initializer.getName(), List.of()));
        }
        return model.proto().toBuilder().setGraph(graph).build();
    }

    private static long align(long offset) {
        return Math.ceilDiv(offset, ALIGNMENT_BYTES) * ALIGNMENT_BYTES;
    }

    private static StringStringEntryProto entry(String key, Object value) {
        return StringStringEntryProto.newBuilder()
                .setKey(key)
                .setValue(value.toString())
                .build();
    }

    private static void writeMessage(ModelProto message, Path file) throws IOException {
        try (OutputStream out = new BufferedOutputStream(Files.newOutputStream(file), 1 << 16)) {
            message.writeTo(out);
        }
    }

    private static void writeData(OnnxModel model, Path file, Runnable check) throws IOException {
        try (FileChannel channel = FileChannel.open(
                file, StandardOpenOption.CREATE, StandardOpenOption.WRITE, StandardOpenOption.TRUNCATE_EXISTING)) {
            for (Tensor weight : model.weights().values()) {
                MemorySegment data = weight.data();
                channel.position(align(channel.position()));
                for (long at = 0; at < data.byteSize(); at += CHUNK_BYTES) {
                    check.run();
                    ByteBuffer chunk = data.asSlice(at, Math.min(CHUNK_BYTES, data.byteSize() - at))
                            .asByteBuffer();
                    while (chunk.hasRemaining()) {
                        channel.write(chunk);
                    }
                }
            }
        }
    }

    private static Path part(Path file) {
        return file.resolveSibling(
                "." + file.getFileName() + "." + ProcessHandle.current().pid() + ".part");
    }
}
