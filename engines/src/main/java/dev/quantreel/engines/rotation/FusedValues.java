package dev.quantreel.engines.rotation;

import dev.quantreel.engines.tensor.Checkpoint;
import dev.quantreel.engines.tensor.CheckpointView;
import dev.quantreel.engines.tensor.Conversions;
import dev.quantreel.engines.tensor.DType;
import dev.quantreel.engines.tensor.Tensor;
import java.lang.foreign.MemorySegment;
import java.nio.charset.StandardCharsets;
import java.security.MessageDigest;
import java.security.NoSuchAlgorithmException;
import java.util.HashMap;
import java.util.HashSet;
import java.util.HexFormat;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.TreeMap;
import java.util.function.IntFunction;
import java.util.stream.IntStream;

/// A checkpoint whose linears of values make values that are rotated already: the rotation of the inputs of
/// [ValuePath#outputs] is moved into weights and biases of [ValuePath#values] (QuaRot's R2). Outputs are as they were
/// and have to be rotated on their input side, as they are for a rotation on line; that rotation is not emitted any
/// more.
///
/// A rotated weight is computed in F32 at each call of [#tensor]; everything else is handed through.
public final class FusedValues implements CheckpointView {

    private final Checkpoint source;
    private final Map<String, Rotation> values = new HashMap<>();
    private final Set<String> outputs = new HashSet<>();

    private FusedValues(Checkpoint source) {
        this.source = source;
    }

    /// @param rotation of an input by its width, as the outputs are rotated
    /// @throws IllegalArgumentException when the rotation mixes channels of several heads
    public static FusedValues of(Checkpoint source, List<ValuePath> paths, IntFunction<Optional<Rotation>> rotation) {
        FusedValues fused = new FusedValues(source);
        for (ValuePath path : paths) {
            for (String value : path.values()) {
                int width = Math.toIntExact(source.shape(value + ".weight").dim(0));
                rotation.apply(width).ifPresent(found -> fused.add(path, value, found));
            }
        }
        return fused;
    }

    private void add(ValuePath path, String value, Rotation rotation) {
        if (!rotation.staysWithin(path.headDim())) {
            throw new IllegalArgumentException("a rotation cannot move into the values of " + value + ": " + rotation
                    + " mixes channels of several heads of " + path.headDim() + "; choose blocks that divide a head,"
                    + " without permutation");
        }
        values.put(value, rotation);
        outputs.addAll(path.outputs());
    }

    /// Whether the input of a layer arrives rotated.
    public boolean arrivesRotated(String layer) {
        return outputs.contains(layer);
    }

    /// Layers whose inputs arrive rotated.
    public int fusedOutputs() {
        return outputs.size();
    }

    private Optional<Rotation> of(String name) {
        int dot = name.lastIndexOf('.');
        String parameter = name.substring(dot + 1);
        boolean rotated = parameter.equals("weight") || parameter.equals("bias");
        return rotated ? Optional.ofNullable(values.get(name.substring(0, dot))) : Optional.empty();
    }

    @Override
    public Tensor tensor(String name) {
        Tensor stored = source.tensor(name);
        return of(name).map(rotation -> rotated(stored, rotation)).orElse(stored);
    }

    /// Rotates the first axis.
    private static Tensor rotated(Tensor stored, Rotation rotation) {
        int rows = rotation.width();
        int columns = Math.toIntExact(stored.shape().elements() / rows);
        float[] values = new float[rows * columns];
        Conversions.toF32(stored, MemorySegment.ofArray(values));
        IntStream.range(0, columns).parallel().forEach(column -> {
            float[] vector = new float[rows];
            for (int row = 0; row < rows; row++) {
                vector[row] = values[row * columns + column];
            }
            rotation.apply(vector);
            for (int row = 0; row < rows; row++) {
                values[row * columns + column] = vector[row];
            }
        });
        stored.evict();
        return Tensor.of(stored.shape(), values);
    }

    @Override
    public DType dtype(String name) {
        return of(name).isPresent() ? DType.F32 : source.dtype(name);
    }

    @Override
    public String digest() {
        String description = source.digest() + new TreeMap<>(values);
        try {
            byte[] digest = MessageDigest.getInstance("SHA-256").digest(description.getBytes(StandardCharsets.UTF_8));
            return HexFormat.of().formatHex(digest);
        } catch (NoSuchAlgorithmException e) {
            throw new IllegalStateException("every Java platform has SHA-256", e);
        }
    }

    @Override
    public Checkpoint beneath() {
        return source;
    }
}
