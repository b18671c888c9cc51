package dev.quantreel.engines.lora;

import dev.quantreel.engines.dit.TransformerCheckpoint;
import dev.quantreel.engines.tensor.Checkpoint;
import dev.quantreel.engines.tensor.Conversions;
import dev.quantreel.engines.tensor.DType;
import dev.quantreel.engines.tensor.Shape;
import dev.quantreel.engines.tensor.Tensor;
import java.lang.foreign.MemorySegment;
import java.nio.charset.StandardCharsets;
import java.security.MessageDigest;
import java.security.NoSuchAlgorithmException;
import java.util.HexFormat;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.SequencedSet;
import java.util.stream.IntStream;

/// A transformer with a LoRA merged in: `W + strength * alpha / rank * up * down`, computed in F32 when a tensor is
/// asked for, before anything quantizes it. Names, shapes and layout are those of the model's file. Chainable: the base
/// may itself be one. Safe for many threads if both files are.
public final class LoraCheckpoint implements Checkpoint {

    /// Rows that one task changes.
    private static final int CHUNK = 16;

    private final Checkpoint base;
    private final LoraFile lora;
    private final float strength;
    private final LoraMapping mapping;

    private LoraCheckpoint(Checkpoint base, LoraFile lora, float strength, LoraMapping mapping) {
        this.base = base;
        this.lora = lora;
        this.strength = strength;
        this.mapping = mapping;
    }

    /// Looks up every tensor that the LoRA changes.
    ///
    /// @param strength 1 as it was trained; negative values turn it round
    /// @throws UnsupportedCheckpointException when the base is no known transformer, or the LoRA was made for
    // another
    // one
    public static LoraCheckpoint of(Checkpoint base, LoraFile lora, double strength) {
        return new LoraCheckpoint(base, lora, (float) strength, LoraMapping.of(TransformerCheckpoint.of(base), lora));
    }

    /// Why a LoRA was not made for a model; empty when it was.
    public static Optional<String> refusal(TransformerCheckpoint model, LoraFile lora) {
        return LoraMapping.refusal(model, lora);
    }

    /// Whether a model has any of the tensors that a LoRA changes, if only in another size.
    public static boolean namesMatch(TransformerCheckpoint model, LoraFile lora) {
        return LoraMapping.namesMatch(model, lora);
    }

    /// Tensors that the LoRA changes and the model does not have, as the LoRA names them; they are left out.
    public List<String> unmatched() {
        return mapping.unmatched();
    }

    /// Tensors of the model's file that it changes.
    public int changed() {
        return mapping.placements().size();
    }

    @Override
    public Tensor tensor(String name) {
        List<LoraMapping.Placement> placements = mapping.placements().get(name);
        Tensor original = base.tensor(name);
        if (placements == null) {
            return original;
        }
        Tensor merged = Tensor.zeros(DType.F32, original.shape());
        Conversions.toF32(original, merged.data());
        int columns = Math.toIntExact(LoraDelta.columns(original.shape()));
        for (LoraMapping.Placement placement : placements) {
            add(placement, merged.data(), columns);
        }
        return merged;
    }

    private void add(LoraMapping.Placement placement, MemorySegment merged, int columns) {
        LoraDelta.Loaded delta = placement.delta().load(lora.file());
        int rows = Math.toIntExact(placement.rows());
        int count = Math.toIntExact(placement.columns());
        int from = Math.toIntExact(placement.from().column());
        IntStream.range(0, Math.ceilDiv(rows, CHUNK)).parallel().forEach(task -> {
            float[] row = new float[count];
            for (int r = task * CHUNK; r < Math.min(rows, (task + 1) * CHUNK); r++) {
                long at = 4
                        * ((placement.to().row() + r) * columns + placement.to().column());
                MemorySegment.copy(merged, Tensor.FLOAT, at, row, 0, count);
                delta.addRow(Math.toIntExact(placement.from().row() + r), from, strength, row);
                MemorySegment.copy(row, 0, merged, Tensor.FLOAT, at, count);
            }
        });
    }

    @Override
    public SequencedSet<String> names() {
        return base.names();
    }

    @Override
    public boolean contains(String name) {
        return base.contains(name);
    }

    @Override
    public Shape shape(String name) {
        return base.shape(name);
    }

    @Override
    public DType dtype(String name) {
        return mapping.placements().containsKey(name) ? DType.F32 : base.dtype(name);
    }

    @Override
    public long storedBytes(String name) {
        return base.storedBytes(name);
    }

    @Override
    public Map<String, String> metadata() {
        return base.metadata();
    }

    @Override
    public String source() {
        return base.source() + " with " + lora.source();
    }

    @Override
    public String digest() {
        return digest(base.digest(), lora.digest(), strength);
    }

    /// Identifies a model with a LoRA by the digests of both, without opening either.
    public static String digest(String base, String lora, double strength) {
        String text = base + "+" + lora + "*" + Float.toHexString((float) strength);
        try {
            return HexFormat.of()
                    .formatHex(MessageDigest.getInstance("SHA-256").digest(text.getBytes(StandardCharsets.UTF_8)));
        } catch (NoSuchAlgorithmException e) {
            throw new IllegalStateException("every Java platform has SHA-256", e);
        }
    }
}
