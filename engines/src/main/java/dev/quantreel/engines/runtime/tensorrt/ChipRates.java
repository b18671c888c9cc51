package dev.quantreel.engines.runtime.tensorrt;

import java.util.List;
import java.util.Locale;
import java.util.Optional;

/// Peak rates of a chip as its vendor publishes them, dense, for products with 32-bit accumulation. They bound what can
/// be expected; nothing here was measured.
///
/// @param name part of the driver's name for it
/// @param sm compute capability without its point
/// @param bf16Teraflops TFLOP/s
/// @param int8Teraflops TOP/s of 8-bit integers
/// @param fp8Teraflops TFLOP/s; 0 where the chip has none
/// @param memoryBytes of the card
public record ChipRates(
        String name, int sm, double bf16Teraflops, double int8Teraflops, double fp8Teraflops, long memoryBytes) {

    private static final long GIB = 1L << 30;

    /// Known chips, the more special name first.
    public static final List<ChipRates> KNOWN = List.of(
            new ChipRates("H200", 90, 989, 1979, 1979, 141 * GIB),
            new ChipRates("H100", 90, 989, 1979, 1979, 80 * GIB),
            new ChipRates("B200", 100, 2250, 4500, 4500, 180 * GIB),
            new ChipRates("A100", 80, 312, 624, 0, 80 * GIB),
            new ChipRates("A800", 80, 312, 624, 0, 80 * GIB),
            new ChipRates("L40S", 89, 362, 733, 733, 48 * GIB),
            new ChipRates("RTX 5090", 120, 209.5, 838, 419, 32 * GIB),
            new ChipRates("RTX 4090", 89, 165.2, 660.6, 330.3, 24 * GIB),
            new ChipRates("RTX 3090", 86, 71, 284, 0, 24 * GIB));

    /// The chip that a driver's name speaks of; empty when it is not among [#KNOWN].
    public static Optional<ChipRates> of(String driverName) {
        String lower = driverName.toLowerCase(Locale.ROOT);
        return KNOWN.stream()
                .filter(rates -> lower.contains(rates.name.toLowerCase(Locale.ROOT)))
                .findFirst();
    }

    /// As a chip that an engine is for.
    public Chip chip() {
        return new Chip(name, sm / 10, sm % 10);
    }
}
