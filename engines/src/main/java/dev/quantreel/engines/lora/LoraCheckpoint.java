package dev.quantreel.engines.lora;

import dev.quantreel.engines.dit.TransformerCheckpoint;
import dev.quantreel.engines.lowrank.LowRankBranches;
import dev.quantreel.engines.tensor.Checkpoint;
import dev.quantreel.engines.tensor.CheckpointView;
import dev.quantreel.engines.tensor.Conversions;
import dev.quantreel.engines.tensor.DType;
import dev.quantreel.engines.tensor.Tensor;
import dev.quantreel.engines.tensor.UnsupportedCheckpointException;
import java.lang.foreign.MemorySegment;
import java.nio.charset.StandardCharsets;
import java.security.MessageDigest;
import java.security.NoSuchAlgorithmException;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.HexFormat;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.stream.Collectors;
import java.util.stream.IntStream;

/// A transformer with a LoRA: `W + strength * alpha / rank * up * down`. Merged it is computed in F32 when a tensor is
/// asked for, before anything quantizes it; as [LoraForm#BRANCH] the weights of the block linears are those of the
/// base, and [#branches] go beside them. Names, shapes and layout are those of the model's file. Chainable: the base
/// may itself be one. Safe for many threads if both files are.
public final class LoraCheckpoint implements CheckpointView {

    /// Rows that one task changes.
    private static final int CHUNK = 16;

    private final Checkpoint base;
    private final LoraFile lora;
    private final float strength;
    private final LoraForm form;
    private final List<String> unmatched;
    private final Map<String, List<LoraMapping.Placement>> merged = new HashMap<>();
    private final List<LoraMapping.Placement> beside = new ArrayList<>();

    private LoraCheckpoint(Checkpoint base, LoraFile lora, float strength, LoraForm form) {
        this.base = base;
        this.lora = lora;
        this.strength = strength;
        this.form = form;
        TransformerCheckpoint model = TransformerCheckpoint.of(base);
        LoraMapping mapping = LoraMapping.of(model, lora);
        this.unmatched = mapping.unmatched();
        Set<String> linears = form == LoraForm.MERGED
                ? Set.of()
                : model.blockLinears().stream().map(layer -> layer + ".weight").collect(Collectors.toSet());
        mapping.placements()
                .forEach((name, placements) -> placements.forEach(placement -> (linears.contains(placement.canonical())
                                ? besideLinear(placement)
                                : merged.computeIfAbsent(name, missing -> new ArrayList<>()))
                        .add(placement)));
    }

    private List<LoraMapping.Placement> besideLinear(LoraMapping.Placement placement) {
        if (placement.delta() instanceof LoraDelta.Full full) {
            throw new UnsupportedCheckpointException(
                    lora.source(),
                    "changes " + placement.canonical() + " by a difference of full size (" + full.name()
                            + "), which no low-rank branch can hold; merge this LoRA instead");
        }
        return beside;
    }

    /// A merged LoRA; see [#of(Checkpoint, LoraFile, double, LoraForm)].
    public static LoraCheckpoint of(Checkpoint base, LoraFile lora, double strength) {
        return of(base, lora, strength, LoraForm.MERGED);
    }

    /// Looks up every tensor that the LoRA changes.
    ///
    /// @param strength 1 as it was trained; negative values turn it round
    /// @throws UnsupportedCheckpointException when the base is no known transformer, the LoRA was made for another
    /// one, or it has differences of full size where branches are wanted
    public static LoraCheckpoint of(Checkpoint base, LoraFile lora, double strength, LoraForm form) {
        return new LoraCheckpoint(base, lora, (float) strength, form);
    }

    /// What goes beside the block linears; empty when the LoRA is merged. Views of the LoRA's file where that has 16
    /// bits, which stays open as long as they are used; made anew at each call.
    public LowRankBranches branches() {
        return new LoraBranches(lora, strength).of(beside);
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
        return unmatched;
    }

    /// Tensors of the model's file that it changes; branches change none.
    public int changed() {
        return merged.size();
    }

    /// Linears that get a branch.
    public int branchedLayers() {
        return Math.toIntExact(
                beside.stream().map(LoraMapping.Placement::canonical).distinct().count());
    }

    @Override
    public Tensor tensor(String name) {
        List<LoraMapping.Placement> placements = merged.get(name);
        Tensor original = base.tensor(name);
        if (placements == null) {
            return original;
        }
        Tensor sum = Tensor.zeros(DType.F32, original.shape());
        Conversions.toF32(original, sum.data());
        int columns = Math.toIntExact(LoraDelta.columns(original.shape()));
        for (LoraMapping.Placement placement : placements) {
            add(placement, sum.data(), columns);
        }
        return sum;
    }

    private void add(LoraMapping.Placement placement, MemorySegment sum, int columns) {
        LoraDelta.Loaded delta = placement.delta().load(lora.file());
        int rows = Math.toIntExact(placement.rows());
        int count = Math.toIntExact(placement.columns());
        int from = Math.toIntExact(placement.from().column());
        IntStream.range(0, Math.ceilDiv(rows, CHUNK)).parallel().forEach(task -> {
            float[] row = new float[count];
            for (int r = task * CHUNK; r < Math.min(rows, (task + 1) * CHUNK); r++) {
                long at = 4
                        * ((placement.to().row() + r) * columns + placement.to().column());
                MemorySegment.copy(sum, Tensor.FLOAT, at, row, 0, count);
                delta.addRow(Math.toIntExact(placement.from().row() + r), from, strength, row);
                MemorySegment.copy(row, 0, sum, Tensor.FLOAT, at, count);
            }
        });
    }

    @Override
    public DType dtype(String name) {
        return merged.containsKey(name) ? DType.F32 : base.dtype(name);
    }

    @Override
    public String source() {
        return base.source() + " with " + lora.source();
    }

    @Override
    public String digest() {
        return digest(base.digest(), lora.digest(), strength, form);
    }

    /// Identifies a model with a LoRA by the digests of both, without opening either.
    public static String digest(String base, String lora, double strength, LoraForm form) {
        String sign = form == LoraForm.MERGED ? "+" : "|";
        String text = base + sign + lora + "*" + Float.toHexString((float) strength);
        try {
            return HexFormat.of()
                    .formatHex(MessageDigest.getInstance("SHA-256").digest(text.getBytes(StandardCharsets.UTF_8)));
        } catch (NoSuchAlgorithmException e) {
            throw new IllegalStateException("every Java platform has SHA-256", e);
        }
    }

    @Override
    public Checkpoint beneath() {
        return base;
    }
}
