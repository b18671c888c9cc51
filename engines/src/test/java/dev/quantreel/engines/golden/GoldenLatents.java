package dev.quantreel.engines.golden;

import dev.quantreel.engines.dit.TransformerFacts;
import dev.quantreel.engines.tensor.DType;
import dev.quantreel.engines.tensor.Shape;
import dev.quantreel.engines.tensor.Tensor;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/// The latents of golden files as `[1, channels, frames, height, width]`, whatever axes the reference implementation of
/// a family puts them in.
record GoldenLatents(GoldenFile golden, TransformerFacts facts) {

    /// @param name `in.x` or `out.y`
    Tensor latent(String name) {
        Tensor stored = golden.tensor(name);
        return switch (facts.family()) {
            case "ltx-video" ->
                transposed(stored.reshape(1, clipCells(), facts.latent().channels()), clip());
            case "cogvideox" -> framesLast(stored);
            case "latte" -> firstChannels(stored, facts.latent().channels());
            default -> stored;
        };
    }

    private long clipCells() {
        return clip().elements() / facts.latent().channels();
    }

    private Shape clip() {
        return Shape.of(1, facts.latent().channels(), config("num_frames"), config("height"), config("width"));
    }

    private long config(String field) {
        String config = golden.file().metadata().getOrDefault("config", "");
        Matcher matcher = Pattern.compile("\"" + field + "\": *(\\d+)").matcher(config);
        if (!matcher.find()) {
            throw new IllegalArgumentException(golden.path() + ": no " + field + " in config " + config);
        }
        return Long.parseLong(matcher.group(1));
    }

    /// `[1, frames, channels, height, width]` with the axes of frames and channels exchanged.
    private static Tensor framesLast(Tensor x) {
        Shape shape = x.shape();
        long cells = shape.dim(3) * shape.dim(4);
        Tensor result = Tensor.zeros(DType.F32, Shape.of(1, shape.dim(2), shape.dim(1), shape.dim(3), shape.dim(4)));
        for (long frame = 0; frame < shape.dim(1); frame++) {
            for (long channel = 0; channel < shape.dim(2); channel++) {
                for (long cell = 0; cell < cells; cell++) {
                    float value = x.data().get(Tensor.FLOAT, 4 * ((frame * shape.dim(2) + channel) * cells + cell));
                    result.data().set(Tensor.FLOAT, 4 * ((channel * shape.dim(1) + frame) * cells + cell), value);
                }
            }
        }
        return result;
    }

    /// Tokens `[1, cells, channels]` as a clip.
    private static Tensor transposed(Tensor tokens, Shape clip) {
        long cells = tokens.shape().dim(1);
        long channels = tokens.shape().dim(2);
        Tensor result = Tensor.zeros(DType.F32, clip);
        for (long cell = 0; cell < cells; cell++) {
            for (long channel = 0; channel < channels; channel++) {
                float value = tokens.data().get(Tensor.FLOAT, 4 * (cell * channels + channel));
                result.data().set(Tensor.FLOAT, 4 * (channel * cells + cell), value);
            }
        }
        return result;
    }

    /// Without the channels of a learned variance behind them.
    private static Tensor firstChannels(Tensor x, long channels) {
        Shape shape = x.shape();
        Shape kept = Shape.of(1, channels, shape.dim(2), shape.dim(3), shape.dim(4));
        return new Tensor(DType.F32, kept, x.data().asSlice(0, DType.F32.byteSize(kept.elements())));
    }
}
