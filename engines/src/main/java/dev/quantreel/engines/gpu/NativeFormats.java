package dev.quantreel.engines.gpu;

import dev.quantreel.engines.runtime.cuda.driver.ComputeCapability;
import java.util.ArrayList;
import java.util.List;

/// Number formats that a chip's tensor cores multiply themselves, without widening them first.
///
/// 4-bit integers are multiplied by Turing, Ampere and Ada alone (`mma.m16n8k64.s4` is one instruction on sm_75
/// to sm_89 and some 220 on Hopper and Blackwell); 8-bit floats from Ada on; 4-bit floats from Blackwell on.
///
/// @param int4 products of 4-bit integers
/// @param int8 products of 8-bit integers
/// @param bf16 products of bfloat16
/// @param fp8 products of 8-bit floats (E4M3)
/// @param fp4 products of 4-bit floats with scales of blocks (NVFP4)
public record NativeFormats(boolean int4, boolean int8, boolean bf16, boolean fp8, boolean fp4) {

    /// Formats of a chip.
    public static NativeFormats of(ComputeCapability chip) {
        int number = chip.number();
        return new NativeFormats(number >= 75 && number < 90, number >= 72, number >= 80, number >= 89, number >= 100);
    }

    /// Names of what is native, for people: `int4, int8, bf16`.
    @Override
    public String toString() {
        List<String> names = new ArrayList<>();
        add(names, int4, "int4");
        add(names, int8, "int8");
        add(names, bf16, "bf16");
        add(names, fp8, "fp8");
        add(names, fp4, "fp4");
        return names.isEmpty() ? "none" : String.join(", ", names);
    }

    private static void add(List<String> names, boolean has, String name) {
        if (has) {
            names.add(name);
        }
    }
}
