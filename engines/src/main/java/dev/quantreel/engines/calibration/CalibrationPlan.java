package dev.quantreel.engines.calibration;

import dev.quantreel.engines.dit.TransformerCheckpoint;
import dev.quantreel.engines.dit.TransformerFacts;
import dev.quantreel.engines.quant.BranchPlan;
import dev.quantreel.engines.quant.QuantizationPlan;
import dev.quantreel.engines.quant.SmoothingPlan;
import dev.quantreel.engines.tensor.Shape;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Optional;
import java.util.TreeMap;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/// What a quantization with statistics ([BlockCalibration]) will take, from the shapes of the model alone.
///
/// @param runs of the blocks in all trajectories
/// @param blocks of the model
/// @param sumsBytes of the Gram matrices of the block with the most of them
/// @param largestSumBytes of the widest activation
/// @param layerBytes of the heap while one layer is quantized, at most
/// @param diskBytes at most at a time
public record CalibrationPlan(
        long runs, int blocks, long sumsBytes, long largestSumBytes, long layerBytes, long diskBytes) {

    private static final Pattern BLOCK = Pattern.compile("^.*?\\.\\d+");

    /// Heap beside the matrices.
    private static final long BASE_BYTES = 96L << 20;

    /// What an array can have of the heap: the serial collector keeps a third for young objects.
    private static final double OLD_SHARE = 0.66;

    /// What is generated.
    ///
    /// @param latent shape of the noise, `[1, channels, frames, height, width]`
    /// @param steps of all trajectories together
    /// @param guided whether both branches run
    public record Size(Shape latent, long steps, boolean guided) {

        private long runs() {
            return guided ? 2 * steps : steps;
        }

        private long tokens(TransformerFacts.Patch patch) {
            return Math.ceilDiv(latent.dim(2), patch.frames())
                    * Math.ceilDiv(latent.dim(3), patch.height())
                    * Math.ceilDiv(latent.dim(4), patch.width());
        }
    }

    /// Reads no weight.
    public static CalibrationPlan of(TransformerCheckpoint model, QuantizationPlan plan, Size size) {
        Map<String, Long> byBlock = new TreeMap<>();
        long largest = 0;
        long layer = 0;
        for (List<String> readers : SharedInputs.of(model)) {
            long width = model.shape(readers.getFirst() + ".weight").dim(1);
            long sum = Float.BYTES * width * width;
            byBlock.merge(block(readers.getFirst()), sum, Long::sum);
            largest = Math.max(largest, sum);
            for (String reader : readers) {
                layer = Math.max(layer, sum + layerBytes(plan, model.shape(reader + ".weight")));
            }
        }
        long searched = plan.smoothing() instanceof SmoothingPlan.Searched ? 2 * largest : 0;
        long most = byBlock.values().stream().mapToLong(Long::longValue).max().orElse(0);
        TransformerFacts facts = model.facts();
        long state = Float.BYTES
                * size.tokens(facts.latent().patch())
                * facts.sizes().dim();
        return new CalibrationPlan(
                size.runs(),
                facts.sizes().layers(),
                most,
                largest,
                Math.max(layer, searched),
                3 * size.runs() * state + most);
    }

    private static String block(String layer) {
        Matcher block = BLOCK.matcher(layer);
        return block.find() ? block.group() : layer;
    }

    /// Beside the factor of its statistics: the weight, and with a branch what is left of it and the other part.
    private static long layerBytes(QuantizationPlan plan, Shape weight) {
        long dense = Float.BYTES * weight.elements();
        return plan.weight().branch() instanceof BranchPlan.None ? dense : 3 * dense;
    }

    /// Heap that is needed at least: a layer at a time, and the widest sum at a time.
    public long heapBytes() {
        return (long) ((Math.max(layerBytes, largestSumBytes) + BASE_BYTES) / OLD_SHARE);
    }

    /// Bytes of Gram matrices to hold at a time: all of a block where the heap has room for them.
    ///
    /// @param maxHeapBytes of the process
    public long sumsBytes(long maxHeapBytes) {
        return Math.max(largestSumBytes, Math.min(sumsBytes, (long) (OLD_SHARE * maxHeapBytes) - BASE_BYTES));
    }

    /// Why a process cannot carry it out; empty where it can.
    ///
    /// @param maxHeapBytes of the process
    public Optional<String> refusal(long maxHeapBytes) {
        if (heapBytes() <= maxHeapBytes) {
            return Optional.empty();
        }
        return Optional.of(String.format(
                Locale.ROOT,
                "statistics of this model need a heap of %.1f GB, this process may use %.1f; run it with"
                        + " QUANTREEL_HEAP=%dg",
                heapBytes() / 1e9,
                maxHeapBytes / 1e9,
                Math.ceilDiv(heapBytes(), 1L << 30)));
    }

    /// One line for people.
    public String describe() {
        return String.format(
                Locale.ROOT,
                "statistics: %d runs of %d blocks, twice; Gram matrices of a block %.0f MB, the widest layer %.0f MB while"
                        + " it is quantized; up to %.2f GB beside the result meanwhile",
                runs,
                blocks,
                sumsBytes / 1e6,
                layerBytes / 1e6,
                diskBytes / 1e9);
    }
}
