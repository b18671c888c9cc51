package dev.quantreel.engines.checkpoint;

import dev.quantreel.engines.tensor.Checkpoint;
import dev.quantreel.engines.tensor.DType;
import java.util.EnumMap;
import java.util.Locale;
import java.util.Map;

/// Names the precision of unpacked weights.
final class Precision {

    private Precision() {}

    /// The type that most bytes of a checkpoint are stored in, as file names spell it; `empty` without tensors.
    static String of(Checkpoint checkpoint) {
        Map<DType, Long> bytes = new EnumMap<>(DType.class);
        for (String name : checkpoint.names()) {
            bytes.merge(checkpoint.dtype(name), checkpoint.storedBytes(name), Long::sum);
        }
        return bytes.entrySet().stream()
                .max(Map.Entry.comparingByValue())
                .map(entry -> word(entry.getKey()))
                .orElse("empty");
    }

    /// `bf16`, `fp8_e4m3fn`, ...
    static String word(DType dtype) {
        return switch (dtype) {
            case F64 -> "fp64";
            case F32 -> "fp32";
            case F16 -> "fp16";
            case BF16 -> "bf16";
            case F8_E4M3 -> "fp8_e4m3fn";
            case F8_E5M2 -> "fp8_e5m2";
            default -> dtype.name().toLowerCase(Locale.ROOT);
        };
    }
}
