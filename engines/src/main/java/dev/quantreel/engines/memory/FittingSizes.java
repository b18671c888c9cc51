package dev.quantreel.engines.memory;

import dev.quantreel.engines.dit.LatentSize;
import dev.quantreel.engines.memory.MemoryPlan.Workload;
import dev.quantreel.engines.quant.QuantizationPlan;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.function.Predicate;

/// Looks for generations that fit a budget when the one that was asked for does not.
///
/// @param sampling what was asked for
/// @param memory the budget
public record FittingSizes(SamplingMemory sampling, MachineMemory memory) {

    /// What would fit, in words: guidance in serial passes where that is enough, else fewer frames, a smaller picture,
    /// fewer bits; empty when nothing does.
    public List<String> instead(Workload work) {
        if (work.atOnce() > 1 && fits(sampling, work.serial())) {
            return List.of("the passes of guidance one after the other (guidancePasses serial)");
        }
        List<String> offers = new ArrayList<>(sizes(sampling, work));
        boolean already = sampling.models().stream()
                .allMatch(model -> model.plan().filter(p -> p.weightBits() <= 4).isPresent());
        if (!already) {
            SamplingMemory four = fourBits();
            if (fits(four, work)) {
                offers.add("this size with 4-bit weights (BGR Quantize)");
            } else if (offers.isEmpty()) {
                sizes(four, work).forEach(offer -> offers.add(offer + " with 4-bit weights (BGR Quantize)"));
            }
        }
        return List.copyOf(offers);
    }

    private SamplingMemory fourBits() {
        return new SamplingMemory(
                sampling.models().stream()
                        .map(model -> model.with(Optional.of(QuantizationPlan.DVD_QUANT)))
                        .toList(),
                sampling.beside());
    }

    private List<String> sizes(SamplingMemory candidateModels, Workload work) {
        List<String> offers = new ArrayList<>();
        LatentSize size = work.size();
        Predicate<LatentSize> fits = candidate -> fits(candidateModels, work.with(candidate));
        for (int frames = size.frames() - 1; frames >= 1; frames--) {
            LatentSize candidate = new LatentSize(frames, size.height(), size.width());
            if (fits.test(candidate)) {
                offers.add(frames + " instead of " + size.frames() + " latent frames");
                break;
            }
        }
        for (int percent = 95; percent >= 10; percent -= 5) {
            LatentSize candidate =
                    new LatentSize(size.frames(), even(size.height(), percent), even(size.width(), percent));
            if (fits.test(candidate)) {
                offers.add("a latent of " + candidate.width() + " x " + candidate.height() + " instead of "
                        + size.width() + " x " + size.height() + " cells");
                break;
            }
        }
        return offers;
    }

    private boolean fits(SamplingMemory candidate, Workload work) {
        return candidate.plan(work, memory).fits(memory);
    }

    private static int even(int extent, int percent) {
        return Math.max(2, extent * percent / 200 * 2);
    }
}
