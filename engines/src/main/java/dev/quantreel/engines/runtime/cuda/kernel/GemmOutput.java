package dev.quantreel.engines.runtime.cuda.kernel;

import dev.quantreel.engines.runtime.cuda.driver.DeviceSpan;
import dev.quantreel.engines.tensor.DType;
import org.jspecify.annotations.Nullable;

/// Where a product goes and what is done to it on the way: `activation(scale * sum + bias) * gate + residual`.
///
/// @param data `[tokens, outputs]`, at a multiple of 16 bytes
/// @param type F32 or BF16; I32 stores the bare sums of codes, without anything applied
/// @param activation applied before gate and residual
/// @param gate of the output's type, or null
/// @param residual `[tokens, outputs]` of the output's type, or null; may be `data` itself. Where outputs are a
///     multiple of four, gate and residual start at a multiple of four elements
public record GemmOutput(
        DeviceSpan data,
        DType type,
        GemmActivation activation,
        @Nullable Gate gate,
        @Nullable DeviceSpan residual) {

    /// Factors by timestep.
    ///
    /// @param values `[timesteps, outputs]`
    /// @param timesteps which follow each other along the tokens, each with the same number of them
    public record Gate(DeviceSpan values, int timesteps) {}

    public GemmOutput {
        if (type != DType.F32 && type != DType.BF16 && type != DType.I32 || data.pointer() % 16 != 0) {
            throw new IllegalArgumentException("an output of " + type + " at address " + data.pointer()
                    + "; accepted are F32, BF16 and I32 (bare sums) at a multiple of 16 bytes");
        }
    }

    /// A plain output.
    public static GemmOutput of(DeviceSpan data, DType type) {
        return new GemmOutput(data, type, GemmActivation.NONE, null, null);
    }

    public GemmOutput withActivation(GemmActivation applied) {
        return new GemmOutput(data, type, applied, gate, residual);
    }

    /// @param added may be [#data]
    public GemmOutput withResidual(DeviceSpan added) {
        return new GemmOutput(data, type, activation, gate, added);
    }

    public GemmOutput withGate(Gate factors) {
        return new GemmOutput(data, type, activation, factors, residual);
    }

    int typeCode() {
        return switch (type) {
            case F32 -> 0;
            case BF16 -> 1;
            default -> 2;
        };
    }
}
