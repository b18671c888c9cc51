package dev.quantreel.engines.export;

import com.google.protobuf.CodedInputStream;
import com.google.protobuf.InvalidProtocolBufferException;
import dev.quantreel.engines.onnx.OnnxModel;
import dev.quantreel.engines.onnx.OnnxTypes;
import dev.quantreel.engines.onnx.proto.Onnx.ModelProto;
import dev.quantreel.engines.onnx.proto.Onnx.StringStringEntryProto;
import dev.quantreel.engines.onnx.proto.Onnx.TensorProto;
import dev.quantreel.engines.tensor.DType;
import dev.quantreel.engines.tensor.Shape;
import dev.quantreel.engines.tensor.Tensor;
import java.io.IOException;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.nio.channels.FileChannel;
import java.nio.channels.FileChannel.MapMode;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.util.HashMap;
import java.util.LinkedHashMap;
import java.util.Map;
import java.util.stream.Collectors;

/// Reads `.onnx` files, of ours and of others. Weights that lie in files beside are mapped, not read.
public final class OnnxFiles {

    private OnnxFiles() {}

    /// @throws IOException when the file, or one beside it that holds its weights, cannot be read
    /// @throws IllegalArgumentException when it is no ONNX file, or says that its weights lie where there are
    /// none
    public static OnnxModel read(Path file) throws IOException {
        ModelProto proto = message(file);
        if (!proto.hasGraph()) {
            throw new IllegalArgumentException(file + " is no ONNX model: it holds no graph");
        }
        Map<String, MemorySegment> mapped = new HashMap<>();
        Map<String, Tensor> weights = new LinkedHashMap<>();
        for (TensorProto initializer : proto.getGraph().getInitializerList()) {
            if (initializer.getDataLocation() == TensorProto.DataLocation.EXTERNAL) {
                weights.put(initializer.getName(), weight(file, initializer, mapped));
            }
        }
        return new OnnxModel(proto, weights);
    }

    private static ModelProto message(Path file) throws IOException {
        try (FileChannel channel = FileChannel.open(file, StandardOpenOption.READ)) {
            if (channel.size() > Integer.MAX_VALUE) {
                throw new IllegalArgumentException(file + " has " + channel.size()
                        + " bytes; a message of ONNX has at most 2 GB, weights beyond" + " lie in a file beside it");
            }
            CodedInputStream in = CodedInputStream.newInstance(channel.map(MapMode.READ_ONLY, 0, channel.size()));
            in.setSizeLimit(Integer.MAX_VALUE);
            return ModelProto.parseFrom(in);
        } catch (InvalidProtocolBufferException e) {
            throw new IllegalArgumentException(file + " is no ONNX model: " + e.getMessage(), e);
        }
    }

    private static Tensor weight(Path file, TensorProto initializer, Map<String, MemorySegment> mapped)
            throws IOException {
        Map<String, String> entries = initializer.getExternalDataList().stream()
                .collect(Collectors.toMap(
                        StringStringEntryProto::getKey, StringStringEntryProto::getValue, (first, second) -> second));
        String location = entries.getOrDefault("location", "");
        Path beside = file.resolveSibling(location).normalize();
        Path folder = file.toAbsolutePath().normalize().getParent();
        if (location.isEmpty() || folder == null || !beside.toAbsolutePath().startsWith(folder)) {
            throw new IllegalArgumentException(file + ": weight " + initializer.getName() + " lies in '" + location
                    + "'; files in the model's own folder are accepted");
        }
        if (!Files.isRegularFile(beside)) {
            throw new IllegalArgumentException(
                    file + ": weight " + initializer.getName() + " lies in " + beside + ", which does not exist");
        }
        if (!mapped.containsKey(location)) {
            mapped.put(location, map(beside));
        }
        MemorySegment whole = mapped.get(location);
        DType dtype = OnnxTypes.dtype(initializer.getDataType());
        Shape shape = Shape.of(
                initializer.getDimsList().stream().mapToLong(Long::longValue).toArray());
        long offset = Long.parseLong(entries.getOrDefault("offset", "0"));
        long bytes = dtype.byteSize(shape.elements());
        if (offset < 0 || offset + bytes > whole.byteSize()) {
            throw new IllegalArgumentException(file + ": weight " + initializer.getName() + " needs bytes " + offset
                    + " to " + (offset + bytes) + " of " + beside + ", which has " + whole.byteSize());
        }
        return new Tensor(dtype, shape, whole.asSlice(offset, bytes));
    }

    private static MemorySegment map(Path file) throws IOException {
        try (FileChannel channel = FileChannel.open(file, StandardOpenOption.READ)) {
            return channel.map(MapMode.READ_ONLY, 0, channel.size(), Arena.ofAuto());
        }
    }
}
