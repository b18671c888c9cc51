package dev.quantreel.engines.gpucheck;

import dev.quantreel.engines.quant.ActivationMatrix;
import dev.quantreel.engines.quant.ActivationQuantizer;
import dev.quantreel.engines.quant.ClipRatios;
import dev.quantreel.engines.rotation.Rotation;
import dev.quantreel.engines.runtime.cuda.driver.DeviceSpan;
import dev.quantreel.engines.runtime.cuda.kernel.CodeFormat;
import dev.quantreel.engines.runtime.cuda.kernel.DeviceRotation;
import dev.quantreel.engines.runtime.cuda.kernel.RotateQuantize;
import dev.quantreel.engines.runtime.cuda.kernel.RowProducer;
import dev.quantreel.engines.runtime.cuda.twin.QuantizedRows;
import dev.quantreel.engines.runtime.cuda.twin.RotateQuantizeTwin;
import dev.quantreel.engines.tensor.DType;
import java.util.List;
import java.util.Optional;
import java.util.Random;
import java.util.function.UnaryOperator;

/// Random rows rotated and quantized on the device and in Java.
///
/// @param tokens rows
/// @param width of a row
/// @param bits of codes
record RotateTwinCheck(int tokens, int width, int bits) {

    private static final int BLOCK = 128;

    static List<RotateTwinCheck> all(boolean small) {
        return small
                ? List.of(new RotateTwinCheck(5, 256, 8), new RotateTwinCheck(5, 256, 4))
                : List.of(
                        new RotateTwinCheck(257, 1536, 8),
                        new RotateTwinCheck(257, 1536, 4),
                        new RotateTwinCheck(130, 8960, 8),
                        new RotateTwinCheck(65, 15_360, 4));
    }

    /// @return how many codes, scales and sums differ, of how many
    Differences run(GpuSession gpu) {
        Random random = new Random(width + bits);
        float[] values = new float[tokens * width];
        for (int i = 0; i < values.length; i++) {
            values[i] = (float) random.nextGaussian() * (1 + i % 7);
        }
        Rotation rotation = Rotation.of(width, BLOCK, 11);
        ActivationQuantizer quantizer = new ActivationQuantizer.Token(ClipRatios.NONE);
        QuantizedRows expected = new RotateQuantizeTwin(Optional.of(rotation), quantizer, bits)
                .apply(ActivationMatrix.of(width, values), UnaryOperator.identity());
        CodeFormat format = CodeFormat.of(quantizer, width, bits);
        DeviceSpan codes = gpu.empty((long) tokens * format.rowBytes(width));
        DeviceSpan scales = gpu.empty((long) tokens * Float.BYTES);
        DeviceSpan sums = gpu.empty((long) tokens * Integer.BYTES);
        try (DeviceRotation onDevice = DeviceRotation.upload(gpu.stream(), rotation)) {
            new RotateQuantize(gpu.kernels())
                    .launch(
                            gpu.stream(),
                            new RotateQuantize.Rows(gpu.of(values), DType.F32, tokens, width),
                            new RowProducer.None(),
                            Optional.of(onDevice),
                            new RotateQuantize.Step(
                                    format, new RotateQuantize.Output(codes, scales, Optional.of(sums))));
            return Differences.of(gpu.bytes(codes), format.packed() ? expected.nibbles() : expected.codes())
                    .and(Differences.of(gpu.floats(scales), expected.scales()))
                    .and(Differences.of(gpu.ints(sums), expected.sums()));
        }
    }
}
