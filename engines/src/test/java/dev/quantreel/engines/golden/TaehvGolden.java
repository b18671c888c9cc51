package dev.quantreel.engines.golden;

import dev.quantreel.engines.runtime.CancellationToken;
import dev.quantreel.engines.runtime.Engine;
import dev.quantreel.engines.tensor.Shape;
import dev.quantreel.engines.tensor.Tensor;
import dev.quantreel.engines.vae.VaeDecoder;
import dev.quantreel.engines.video.Frames;
import java.util.Map;

/// TAEHV decoders.
final class TaehvGolden implements GoldenFamily {

    private static final CancellationToken NONE = CancellationToken.NONE;

    @Override
    public boolean fits(GoldenFile golden) {
        return golden.contains("w.decoder.3.conv.0.weight") && golden.contains("out.y_ntchw");
    }

    @Override
    public Map<String, Double> errors(GoldenFile golden, Engine engine) {
        Tensor expected = golden.tensor("out.y_ntchw");
        try (VaeDecoder decoder = VaeDecoder.open(engine, golden.weights())) {
            Tensor latent = transposed(golden.tensor("in.z_ntchw"), 0, 2, 1, 3, 4);
            Frames frames = decoder.decode(latent, NONE);
            Shape shape = frames.rgb().shape();
            Tensor actual = transposed(
                    frames.rgb().reshape(1, shape.dim(0), shape.dim(1), shape.dim(2), shape.dim(3)), 0, 1, 4, 2, 3);
            return Map.of("out.y_ntchw", GoldenFile.maxAbsoluteError(actual, expected));
        }
    }

    /// A copy with its axes in another order.
    private static Tensor transposed(Tensor tensor, int... order) {
        long[] dims = new long[order.length];
        long[] strides = new long[order.length];
        for (int i = 0; i < order.length; i++) {
            dims[i] = tensor.shape().dim(order[i]);
            strides[i] = 1;
            for (int axis = order[i] + 1; axis < order.length; axis++) {
                strides[i] *= tensor.shape().dim(axis);
            }
        }
        float[] source = tensor.toFloatArray();
        float[] target = new float[source.length];
        for (int flat = 0; flat < target.length; flat++) {
            long rest = flat;
            long offset = 0;
            for (int i = order.length - 1; i >= 0; i--) {
                offset += rest % dims[i] * strides[i];
                rest /= dims[i];
            }
            target[flat] = source[(int) offset];
        }
        return Tensor.of(Shape.of(dims), target);
    }
}
