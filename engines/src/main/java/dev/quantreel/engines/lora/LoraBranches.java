package dev.quantreel.engines.lora;

import dev.quantreel.engines.lowrank.HalfPrecision;
import dev.quantreel.engines.lowrank.LowRankBranch;
import dev.quantreel.engines.lowrank.LowRankBranches;
import dev.quantreel.engines.tensor.Checkpoint;
import dev.quantreel.engines.tensor.DType;
import dev.quantreel.engines.tensor.Shape;
import dev.quantreel.engines.tensor.Tensor;
import java.lang.foreign.MemorySegment;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;

/// Makes branches of the pairs of a LoRA. 16-bit files are used where they lie: parts of rows are views, parts of
/// columns copies. Layers that a pair changes together (the parts of a fused matrix) share its lower matrix.
final class LoraBranches {

    private final Checkpoint file;
    private final float strength;
    private final Map<String, HalfPrecision> matrices = new HashMap<>();
    private final Map<Columns, Tensor> parts = new HashMap<>();

    LoraBranches(LoraFile lora, float strength) {
        this.file = lora.file();
        this.strength = strength;
    }

    private record Columns(String name, long first, long count) {}

    /// @param placements of low-rank deltas alone
    LowRankBranches of(List<LoraMapping.Placement> placements) {
        Map<String, List<LowRankBranch>> byLayer = new LinkedHashMap<>();
        for (LoraMapping.Placement placement : placements) {
            if (placement.delta() instanceof LoraDelta.LowRank delta) {
                String name = placement.canonical();
                String layer = name.substring(0, name.length() - ".weight".length());
                byLayer.computeIfAbsent(layer, missing -> new ArrayList<>()).add(branch(placement, delta));
            }
        }
        return LowRankBranches.of(byLayer);
    }

    private LowRankBranch branch(LoraMapping.Placement placement, LoraDelta.LowRank delta) {
        HalfPrecision down = matrix(delta.down(), delta.rank(), delta.columns());
        HalfPrecision up = matrix(delta.up(), delta.rows(), delta.rank());
        double factor = strength * delta.alpha() / delta.rank() * down.factor() * up.factor();
        Columns columns = new Columns(delta.down(), placement.from().column(), placement.columns());
        return new LowRankBranch(
                parts.computeIfAbsent(columns, missing -> columns(down.values(), columns)),
                rows(up.values(), placement.from().row(), placement.rows()),
                (float) factor,
                LowRankBranch.Basis.ORIGINAL);
    }

    private HalfPrecision matrix(String name, long rows, long columns) {
        return matrices.computeIfAbsent(
                name, missing -> HalfPrecision.of(file.tensor(name).reshape(rows, columns)));
    }

    private static Tensor rows(Tensor matrix, long first, long count) {
        long columns = matrix.shape().dim(1);
        DType dtype = matrix.dtype();
        return new Tensor(
                dtype,
                Shape.of(count, columns),
                matrix.data().asSlice(dtype.byteSize(first * columns), dtype.byteSize(count * columns)));
    }

    private static Tensor columns(Tensor matrix, Columns part) {
        long width = matrix.shape().dim(1);
        if (part.count == width) {
            return matrix;
        }
        DType dtype = matrix.dtype();
        Tensor copy = Tensor.zeros(dtype, Shape.of(matrix.shape().dim(0), part.count));
        long bytes = dtype.byteSize(part.count);
        for (long row = 0; row < matrix.shape().dim(0); row++) {
            long from = dtype.byteSize(row * width + part.first);
            MemorySegment.copy(matrix.data(), from, copy.data(), row * bytes, bytes);
        }
        return copy;
    }
}
