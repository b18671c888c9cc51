package dev.quantreel.engines.runtime.cuda.kernel;

import dev.quantreel.engines.runtime.cuda.driver.DeviceSpan;
import java.util.Optional;

/// What is done to a row before it is rotated and quantized, in the same pass.
public sealed interface RowProducer {

    /// Nothing.
    record None() implements RowProducer {}

    /// GELU, tanh form, by the GPU's approximate exponential.
    record Gelu() implements RowProducer {}

    /// LayerNorm or RMSNorm, then `n * (gain + gainOffset) + shift`: adaLN modulation with an offset of 1,
    /// a plain affine norm with 0.
    ///
    /// @param centred LayerNorm; RMSNorm does not take the mean off
    /// @param gain F32 `[rows / rowsPerModulation, width]`, absent for a factor of 1
    /// @param shift F32, as `gain`, absent for 0
    /// @param epsilon added to the variance
    /// @param rowsPerModulation consecutive rows that share gain and shift: the tokens of a sample or of a timestep
    record Norm(
            boolean centred,
            Optional<DeviceSpan> gain,
            Optional<DeviceSpan> shift,
            float gainOffset,
            float epsilon,
            int rowsPerModulation)
            implements RowProducer {

        public Norm {
            if (rowsPerModulation < 1) {
                throw new IllegalArgumentException(
                        "rowsPerModulation is " + rowsPerModulation + "; 1 or more is accepted");
            }
        }

        /// adaLN behind a LayerNorm: `n * (1 + scale) + shift`.
        public static Norm modulated(DeviceSpan scale, DeviceSpan shift, float epsilon, int rowsPerModulation) {
            return new Norm(true, Optional.of(scale), Optional.of(shift), 1, epsilon, rowsPerModulation);
        }
    }
}
