package dev.quantreel.engines.runtime.cuda;

import dev.quantreel.engines.runtime.cuda.driver.ComputeCapability;
import dev.quantreel.engines.runtime.cuda.kernel.AttentionPrecision;
import java.util.Locale;
import java.util.Map;
import java.util.OptionalLong;
import java.util.Set;

/// How the engine behaves, as its user set it.
///
/// @param memoryBytes most that it may hold of the device; empty lets it take what is free
/// @param offload whether weights may wait on the host
/// @param retry whether a run that ran out of memory is tried once more with weights on the host
/// @param graphs whether stretches of launches are recorded once and launched as one; off where every kernel
/// should be seen by itself
/// @param residentBytes results of at least this size stay on the device until somebody reads them on the host
/// @param attention how attention is computed
/// @param narrows whether arrays between two kernels are BF16 where both take it
record CudaSettings(
        OptionalLong memoryBytes,
        Offload offload,
        boolean retry,
        boolean graphs,
        long residentBytes,
        AttentionPrecision attention,
        boolean narrows) {

    /// Names of the settings.
    static final Set<String> NAMES =
            Set.of("memory", "offload", "retry", "graphs", "resident", "attention", "activations");

    /// @throws IllegalArgumentException naming the setting, its value and what is accepted
    static CudaSettings of(Map<String, String> settings, ComputeCapability chip) {
        return new CudaSettings(
                settings.containsKey("memory")
                        ? OptionalLong.of(bytes("memory", settings.getOrDefault("memory", "")))
                        : OptionalLong.empty(),
                Offload.of(settings.getOrDefault("offload", Offload.AUTO.text())),
                flag("retry", settings.getOrDefault("retry", "false")),
                flag("graphs", settings.getOrDefault("graphs", "true")),
                bytes("resident", settings.getOrDefault("resident", "1MB")),
                attention(settings.getOrDefault("attention", "auto"), chip),
                narrows(settings.getOrDefault("activations", "bf16")));
    }

    private static boolean narrows(String text) {
        return switch (text) {
            case "bf16" -> true;
            case "f32" -> false;
            default -> throw new IllegalArgumentException("activations is '" + text + "'; accepted are bf16 and f32");
        };
    }

    private static AttentionPrecision attention(String text, ComputeCapability chip) {
        AttentionPrecision precision =
                switch (text) {
                    case "auto" -> AttentionPrecision.fastest(chip);
                    case "bf16" -> AttentionPrecision.BF16;
                    case "s8" -> AttentionPrecision.S8_BF16;
                    case "fp8" -> AttentionPrecision.S8_E4M3;
                    default ->
                        throw new IllegalArgumentException(
                                "attention is '" + text + "'; accepted are auto, bf16, s8 and fp8");
                };
        if (!precision.runsOn(chip)) {
            throw new IllegalArgumentException("attention is '" + text
                    + "', which has no kernels for compute capability " + chip + "; bf16 and s8 run on all");
        }
        return precision;
    }

    private static boolean flag(String name, String text) {
        return switch (text) {
            case "true" -> true;
            case "false" -> false;
            default -> throw new IllegalArgumentException(name + " is '" + text + "'; accepted are true and false");
        };
    }

    /// Bytes of `8GB`, `8g`, `500MB` or `1000000`.
    private static long bytes(String name, String text) {
        String digits = text.replaceFirst("(?i)[gmk]b?$", "");
        String unit = text.substring(digits.length());
        long factor =
                switch (unit.toUpperCase(Locale.ROOT).replace("B", "")) {
                    case "G" -> 1_000_000_000L;
                    case "M" -> 1_000_000L;
                    case "K" -> 1_000L;
                    default -> 1L;
                };
        try {
            return (long) (Double.parseDouble(digits) * factor);
        } catch (NumberFormatException e) {
            throw new IllegalArgumentException(
                    name + " is '" + text + "'; accepted are amounts such as 8GB or 500MB", e);
        }
    }
}
