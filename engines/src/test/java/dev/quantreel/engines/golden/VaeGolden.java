package dev.quantreel.engines.golden;

import dev.quantreel.engines.runtime.CancellationToken;
import dev.quantreel.engines.runtime.Engine;
import dev.quantreel.engines.tensor.Shape;
import dev.quantreel.engines.tensor.Tensor;
import dev.quantreel.engines.vae.DecodeOptions;
import dev.quantreel.engines.vae.VaeDecoder;
import dev.quantreel.engines.vae.VaeEncoder;
import dev.quantreel.engines.video.FrameBuffer;
import dev.quantreel.engines.video.Frames;
import java.util.LinkedHashMap;
import java.util.Map;

/// Decoders. TAEHV files hold frames before channels (`ntchw`) and values in [0, 1]; the others hold latents of the VAE
/// itself (`in.z`) and pictures in [-1, 1] (`out.y`, and `out.tiled` as diffusers decodes in tiles of 64 pixels, 16 of
/// them shared).
final class VaeGolden implements GoldenFamily {

    private static final CancellationToken NONE = CancellationToken.NONE;
    private static final Map<String, DecodeOptions> RESULTS = Map.of(
            "out.y", DecodeOptions.AUTO,
            "out.y_ntchw", DecodeOptions.AUTO,
            "out.tiled", new DecodeOptions(64, 16));

    @Override
    public boolean fits(GoldenFile golden) {
        return golden.contains("w.decoder.3.conv.0.weight") && golden.contains("out.y_ntchw")
                || (golden.contains("in.z") || golden.contains("out.mean"))
                        && golden.file().names().stream().anyMatch(name -> name.startsWith("w.decoder."));
    }

    @Override
    public Map<String, Double> errors(GoldenFile golden, Engine engine) {
        Map<String, Double> errors = new LinkedHashMap<>();
        if (golden.contains("in.z") || golden.contains("in.z_ntchw")) {
            addDecodingErrors(golden, engine, errors);
        }
        if (golden.contains("out.mean")) {
            addEncodingErrors(golden, engine, errors);
        }
        return errors;
    }

    private static void addDecodingErrors(GoldenFile golden, Engine engine, Map<String, Double> errors) {
        try (VaeDecoder decoder = VaeDecoder.open(engine, golden.weights())) {
            RESULTS.forEach((name, options) -> {
                if (golden.contains(name)) {
                    boolean framesFirst = name.endsWith("_ntchw");
                    Tensor latent = framesFirst
                            ? transposed(golden.tensor("in.z_ntchw"), 0, 2, 1, 3, 4)
                            : decoder.traits().normalization().toModel(golden.tensor("in.z"));
                    FrameBuffer buffer = new FrameBuffer();
                    decoder.decode(latent, buffer, options, NONE, (done, total) -> {});
                    Tensor rgb = buffer.frames().rgb();
                    Tensor expected = golden.tensor(name);
                    errors.put(
                            name,
                            framesFirst
                                    ? GoldenFile.maxAbsoluteError(transposed(clip(rgb), 0, 1, 4, 2, 3), expected)
                                    : GoldenFile.maxAbsoluteError(
                                            transposed(clip(signed(rgb)), 0, 4, 1, 2, 3), clamped(expected)));
                }
            });
        }
    }

    /// Of the encoder, whose pictures are in [-1, 1] in the file: of all, and perhaps of the first 17 or the first
    /// alone.
    private static void addEncodingErrors(GoldenFile golden, Engine engine, Map<String, Double> errors) {
        Frames frames = pictures(golden.tensor("in.x"));
        try (VaeEncoder encoder = VaeEncoder.open(engine, golden.weights())) {
            for (Map.Entry<String, Integer> result : Map.of("out.mean", frames.count(), "out.mean5", 17, "out.mean1", 1)
                    .entrySet()) {
                String name = result.getKey();
                if (golden.contains(name)) {
                    Frames clip = frames.clip(0, result.getValue());
                    Tensor latent = encoder.encode(clip, DecodeOptions.AUTO, NONE, (done, total) -> {});
                    Tensor mean = encoder.traits().normalization().toVae(latent);
                    errors.put(name, GoldenFile.maxAbsoluteError(mean, golden.tensor(name)));
                }
            }
        }
    }

    private static Frames pictures(Tensor signed) {
        Tensor planes = transposed(signed, 0, 2, 3, 4, 1);
        float[] values = planes.toFloatArray();
        for (int i = 0; i < values.length; i++) {
            values[i] = (values[i] + 1) / 2;
        }
        Shape shape = planes.shape();
        return new Frames(Tensor.of(Shape.of(shape.dim(1), shape.dim(2), shape.dim(3), 3), values));
    }

    /// With a batch axis.
    private static Tensor clip(Tensor rgb) {
        Shape shape = rgb.shape();
        return rgb.reshape(1, shape.dim(0), shape.dim(1), shape.dim(2), shape.dim(3));
    }

    private static Tensor signed(Tensor rgb) {
        float[] values = rgb.toFloatArray();
        for (int i = 0; i < values.length; i++) {
            values[i] = 2 * values[i] - 1;
        }
        return Tensor.of(rgb.shape(), values);
    }

    /// Diffusers clamps some decoders' pictures and leaves others to its video processor.
    private static Tensor clamped(Tensor pictures) {
        float[] values = pictures.toFloatArray();
        for (int i = 0; i < values.length; i++) {
            values[i] = Math.clamp(values[i], -1f, 1f);
        }
        return Tensor.of(pictures.shape(), values);
    }

    /// A copy with its axes in another order.
    static Tensor transposed(Tensor tensor, int... order) {
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
