package dev.quantreel.engines.judge;

import java.util.EnumMap;
import java.util.List;
import java.util.Map;

/// How many clips follow their captions.
///
/// @param rates share of the clips whose caption names the attribute and that show it so, 0 to 1
/// @param all share of the clips that show every attribute named, 0 to 1
/// @param clips number of clips judged
public record JudgeRates(Map<Attribute, Double> rates, double all, int clips) {

    public JudgeRates {
        rates = Map.copyOf(rates);
    }

    /// A clip's verdict beside its caption.
    public record Judged(Caption caption, Verdict verdict) {}

    /// @throws IllegalArgumentException when there is no clip
    public static JudgeRates of(List<Judged> judged) {
        if (judged.isEmpty()) {
            throw new IllegalArgumentException("no clips to rate");
        }
        Map<Attribute, Double> rates = new EnumMap<>(Attribute.class);
        for (Attribute attribute : Attribute.values()) {
            judged.stream()
                    .map(clip -> clip.verdict().score(clip.caption()).get(attribute))
                    .filter(right -> right != null)
                    .mapToInt(right -> right ? 1 : 0)
                    .average()
                    .ifPresent(rate -> rates.put(attribute, rate));
        }
        long full = judged.stream()
                .filter(clip -> clip.verdict().follows(clip.caption()))
                .count();
        return new JudgeRates(rates, (double) full / judged.size(), judged.size());
    }
}
