package dev.quantreel.engines.quant;

import dev.quantreel.engines.quant.ActivationQuantizer.Statistic;
import java.util.ArrayList;
import java.util.List;

/// An activation in integers, as the left operand of an integer product: the specification of every
/// [ActivationQuantizer] in plain Java, operation by operation in F32 as the emitted graphs compute it.
///
/// The value it stands for is `rowScale_i * Σ_k factor_k * (operand_k - zeroPoint_i)`; with [BlockExact] the scale is
/// per token and block.
public final class QuantizedActivation {

    /// The largest channel multiplier: `15 * 8` fits the operand for both halves of a split code.
    private static final int CHANNEL_MULTIPLIERS = 15;

    private final int tokens;
    private final int channels;
    private final int groupSize;
    private final List<Term> terms = new ArrayList<>();
    private final float[] scales;
    private final int[] zeroPoints;

    private QuantizedActivation(ActivationMatrix x, int groupSize) {
        this.tokens = x.tokens();
        this.channels = x.channels();
        this.groupSize = groupSize;
        this.scales = new float[tokens * (channels / groupSize)];
        this.zeroPoints = new int[tokens];
    }

    /// One integer operand.
    ///
    /// @param factor what its product counts for: 1, or 16 (centroids: 256) for the upper half of split codes
    /// @param codes signed values `[tokens, channels]`; the operand is the value + 128 (asymmetric: the value)
    @SuppressWarnings("ArrayRecordComponent") // Lives inside this class; the outer accessors hand out single values.
    private record Term(int factor, int[] codes) {}

    /// Quantizes (rotated) tokens.
    ///
    /// @param bits 2 to 8
    /// @throws IllegalArgumentException when block size and channels share no divisor of 8 or more, or for
    /// [FullPrecision]
    public static QuantizedActivation of(ActivationMatrix x, ActivationQuantizer quantizer, int bits) {
        float max = ActivationQuantizer.maxCode(bits);
        float clip = quantizer.clip(bits);
        return switch (quantizer.resolve(bits).fit(x.channels())) {
            case ActivationQuantizer.Block block -> block(x, block.groupSize(), max, clip);
            case ActivationQuantizer.BlockExact block -> blockExact(x, block.groupSize(), max, clip);
            case ActivationQuantizer.Token _ -> token(x, max, clip);
            case ActivationQuantizer.TokenAsymmetric _ -> tokenAsymmetric(x, max);
            case ActivationQuantizer.Channel _ -> channel(x, max);
            case ActivationQuantizer.ChannelToken(Statistic statistic) -> channelToken(x, statistic, max);
            case ActivationQuantizer.RowNormalized _ -> rowNormalized(x, max, clip);
            case ActivationQuantizer.Centroids(boolean exact) -> centroids(x, exact, bits);
            case ActivationQuantizer.DualScale _ -> dualScale(x, max, clip);
            case ActivationQuantizer.Unsigned(int groupSize) -> unsigned(x, groupSize, 2 * max + 1);
            case ActivationQuantizer.GeluAware(ActivationQuantizer usual, int _) -> of(x, usual, bits);
            case ActivationQuantizer.FullPrecision _, ActivationQuantizer.Auto _ ->
                throw new IllegalArgumentException(quantizer + " has no integer form");
        };
    }

    public int tokens() {
        return tokens;
    }

    public int channels() {
        return channels;
    }

    /// Number of integer products.
    public int terms() {
        return terms.size();
    }

    /// What the product of term `k` counts for.
    public int factor(int term) {
        return terms.get(term).factor;
    }

    /// The operand's value less its zero point of 128; with an asymmetric or unsigned quantizer the unsigned code.
    public int code(int term, int token, int channel) {
        return terms.get(term).codes[token * channels + channel];
    }

    /// The scale that multiplies the integer at this place.
    public float scale(int token, int channel) {
        return scales[token * (channels / groupSize) + channel / groupSize];
    }

    /// Channels that share a scale; all of them unless the quantizer is [BlockExact] or [Unsigned].
    public int groupSize() {
        return groupSize;
    }

    /// The code of 0 of an asymmetric quantizer; 0 otherwise.
    public int zeroPoint(int token) {
        return zeroPoints[token];
    }

    /// The floating-point value that the integers stand for.
    public float value(int token, int channel) {
        int sum = -zeroPoints[token];
        for (Term term : terms) {
            sum += term.factor * term.codes[token * channels + channel];
        }
        return sum * scale(token, channel);
    }

    private static QuantizedActivation block(ActivationMatrix x, int groupSize, float max, float clip) {
        QuantizedActivation result = new QuantizedActivation(x, x.channels());
        int groups = x.channels() / groupSize;
        float multipliers = (float) Math.floor(127 / max);
        int[] codes = result.addTerm(1);
        for (int i = 0; i < x.tokens(); i++) {
            float[] absmax = new float[groups];
            float largest = 0;
            for (int g = 0; g < groups; g++) {
                absmax[g] = absmax(x, i, g * groupSize, groupSize);
                largest = Math.max(largest, absmax[g]);
            }
            float t = positive(largest * clip / (max * multipliers));
            float grain = t * max;
            result.scales[i] = t;
            for (int g = 0; g < groups; g++) {
                float m = Math.clamp((float) Math.ceil(absmax[g] * clip / grain), 1, multipliers);
                float scale = t * m;
                for (int j = g * groupSize; j < (g + 1) * groupSize; j++) {
                    codes[i * x.channels() + j] = (int) (symmetric(x.at(i, j), scale, max) * m);
                }
            }
        }
        return result;
    }

    private static QuantizedActivation blockExact(ActivationMatrix x, int groupSize, float max, float clip) {
        QuantizedActivation result = new QuantizedActivation(x, groupSize);
        int groups = x.channels() / groupSize;
        int[] codes = result.addTerm(1);
        for (int i = 0; i < x.tokens(); i++) {
            for (int g = 0; g < groups; g++) {
                float scale = positive(absmax(x, i, g * groupSize, groupSize) * clip / max);
                result.scales[i * groups + g] = scale;
                for (int j = g * groupSize; j < (g + 1) * groupSize; j++) {
                    codes[i * x.channels() + j] = (int) symmetric(x.at(i, j), scale, max);
                }
            }
        }
        return result;
    }

    /// Negative values become 0.
    private static QuantizedActivation unsigned(ActivationMatrix x, int groupSize, float largest) {
        QuantizedActivation result = new QuantizedActivation(x, groupSize);
        int groups = x.channels() / groupSize;
        int[] codes = result.addTerm(1);
        for (int i = 0; i < x.tokens(); i++) {
            for (int g = 0; g < groups; g++) {
                float high = 0;
                for (int j = g * groupSize; j < (g + 1) * groupSize; j++) {
                    high = Math.max(high, x.at(i, j));
                }
                float scale = positive(high / largest);
                result.scales[i * groups + g] = scale;
                for (int j = g * groupSize; j < (g + 1) * groupSize; j++) {
                    codes[i * x.channels() + j] = (int) Math.clamp((float) Math.rint(x.at(i, j) / scale), 0, largest);
                }
            }
        }
        return result;
    }

    private static QuantizedActivation token(ActivationMatrix x, float max, float clip) {
        QuantizedActivation result = new QuantizedActivation(x, x.channels());
        for (int i = 0; i < x.tokens(); i++) {
            result.scales[i] = positive(absmax(x, i, 0, x.channels()) * clip / max);
        }
        return result.rounded(x, max);
    }

    private static QuantizedActivation rowNormalized(ActivationMatrix x, float max, float span) {
        QuantizedActivation result = new QuantizedActivation(x, x.channels());
        for (int i = 0; i < x.tokens(); i++) {
            result.scales[i] = positive(rms(x, i) * span / max);
        }
        return result.rounded(x, max);
    }

    private static QuantizedActivation centroids(ActivationMatrix x, boolean exact, int bits) {
        CentroidTable table = CentroidTable.of(x.channels(), bits);
        int largest = exact ? CentroidTable.WIDE_MAX : CentroidTable.BYTE_MAX;
        int[] integers = table.integers(largest);
        QuantizedActivation result = new QuantizedActivation(x, x.channels());
        int[] upper = exact ? result.addTerm(256) : new int[0];
        int[] lower = result.addTerm(1);
        for (int i = 0; i < x.tokens(); i++) {
            float rms = rms(x, i);
            float cell = positive(rms * table.cell());
            result.scales[i] = rms * table.unit(largest);
            for (int j = 0; j < x.channels(); j++) {
                double place = Math.floor(x.at(i, j) / cell);
                int value = integers[
                        Math.floorMod(
                                (int) Math.clamp(place, -CentroidTable.CELLS, CentroidTable.CELLS - 1),
                                integers.length)];
                int high = exact ? Math.floorDiv(value + 128, 256) : 0;
                if (exact) {
                    upper[i * x.channels() + j] = high;
                }
                lower[i * x.channels() + j] = value - 256 * high;
            }
        }
        return result;
    }

    private static QuantizedActivation dualScale(ActivationMatrix x, float max, float clip) {
        QuantizedActivation result = new QuantizedActivation(x, x.channels());
        float multipliers = (float) Math.floor(127 / max);
        int[] codes = result.addTerm(1);
        for (int i = 0; i < x.tokens(); i++) {
            float low = 0;
            float high = 0;
            for (int j = 0; j < x.channels(); j++) {
                low = Math.max(low, -x.at(i, j));
                high = Math.max(high, x.at(i, j));
            }
            float t = positive(Math.max(low, high) * clip / (max * multipliers));
            float grain = t * max;
            result.scales[i] = t;
            float above = Math.clamp((float) Math.ceil(high * clip / grain), 1, multipliers);
            float below = Math.clamp((float) Math.ceil(low * clip / grain), 1, multipliers);
            for (int j = 0; j < x.channels(); j++) {
                float m = x.at(i, j) > 0 ? above : below;
                codes[i * x.channels() + j] = (int) (symmetric(x.at(i, j), t * m, max) * m);
            }
        }
        return result;
    }

    private static float rms(ActivationMatrix x, int token) {
        float squares = 0;
        for (int j = 0; j < x.channels(); j++) {
            squares += x.at(token, j) * x.at(token, j);
        }
        return (float) Math.sqrt(squares / x.channels());
    }

    private QuantizedActivation rounded(ActivationMatrix x, float max) {
        int[] codes = addTerm(1);
        for (int i = 0; i < tokens; i++) {
            for (int j = 0; j < channels; j++) {
                codes[i * channels + j] = (int) symmetric(x.at(i, j), scales[i], max);
            }
        }
        return this;
    }

    private static QuantizedActivation tokenAsymmetric(ActivationMatrix x, float max) {
        QuantizedActivation result = new QuantizedActivation(x, x.channels());
        float levels = 2 * max + 1;
        int[] codes = result.addTerm(1);
        for (int i = 0; i < x.tokens(); i++) {
            float low = 0;
            float high = 0;
            for (int j = 0; j < x.channels(); j++) {
                low = Math.min(low, x.at(i, j));
                high = Math.max(high, x.at(i, j));
            }
            float scale = positive((high - low) / levels);
            result.scales[i] = scale;
            int zeroPoint = (int) Math.clamp(Math.rint(-low / scale), 0, levels);
            result.zeroPoints[i] = zeroPoint;
            for (int j = 0; j < x.channels(); j++) {
                codes[i * x.channels() + j] = (int) Math.clamp(Math.rint(x.at(i, j) / scale) + zeroPoint, 0, levels);
            }
        }
        return result;
    }

    private static QuantizedActivation channel(ActivationMatrix x, float max) {
        float[] statistic = channelStatistic(x, Statistic.ABSMAX);
        float[] multipliers = new float[x.channels()];
        float t = channelMultipliers(statistic, max * CHANNEL_MULTIPLIERS, max, multipliers);
        QuantizedActivation result = new QuantizedActivation(x, x.channels());
        float[] codes = new float[x.tokens() * x.channels()];
        for (int i = 0; i < x.tokens(); i++) {
            result.scales[i] = t;
            for (int j = 0; j < x.channels(); j++) {
                codes[i * x.channels() + j] = symmetric(x.at(i, j), t * multipliers[j], max);
            }
        }
        return result.split(codes, multipliers, max);
    }

    private static QuantizedActivation channelToken(ActivationMatrix x, Statistic kind, float max) {
        float[] multipliers = new float[x.channels()];
        float unit = channelMultipliers(channelStatistic(x, kind), CHANNEL_MULTIPLIERS, 1, multipliers);
        QuantizedActivation result = new QuantizedActivation(x, x.channels());
        float[] codes = new float[x.tokens() * x.channels()];
        for (int i = 0; i < x.tokens(); i++) {
            float[] balanced = new float[x.channels()];
            float largest = 0;
            for (int j = 0; j < x.channels(); j++) {
                balanced[j] = x.at(i, j) / (unit * multipliers[j]);
                largest = Math.max(largest, Math.abs(balanced[j]));
            }
            float scale = positive(largest / max);
            result.scales[i] = scale * unit;
            for (int j = 0; j < x.channels(); j++) {
                codes[i * x.channels() + j] = symmetric(balanced[j], scale, max);
            }
        }
        return result.split(codes, multipliers, max);
    }

    /// Writes `clamp(ceil(s_j / (t * max)), 1, 15)` and returns `t = max_j s_j / divisor`.
    private static float channelMultipliers(float[] statistic, float divisor, float max, float[] multipliers) {
        float largest = 0;
        for (float value : statistic) {
            largest = Math.max(largest, value);
        }
        float t = positive(largest / divisor);
        float grain = t * max;
        for (int j = 0; j < statistic.length; j++) {
            multipliers[j] = Math.clamp((float) Math.ceil(statistic[j] / grain), 1, CHANNEL_MULTIPLIERS);
        }
        return t;
    }

    private static float[] channelStatistic(ActivationMatrix x, Statistic statistic) {
        float[] values = new float[x.channels()];
        for (int j = 0; j < x.channels(); j++) {
            float squares = 0;
            for (int i = 0; i < x.tokens(); i++) {
                squares += x.at(i, j) * x.at(i, j);
                values[j] = Math.max(values[j], Math.abs(x.at(i, j)));
            }
            if (statistic == Statistic.RMS) {
                values[j] = (float) Math.sqrt(squares / x.tokens());
            }
        }
        return values;
    }

    /// Codes times channel multipliers, as one term or, where the product would not fit, as two.
    private QuantizedActivation split(float[] codes, float[] multipliers, float max) {
        boolean fits = max * CHANNEL_MULTIPLIERS <= 127;
        int[] upper = fits ? new int[0] : addTerm(16);
        int[] lower = addTerm(1);
        for (int index = 0; index < codes.length; index++) {
            float high = fits ? 0 : (float) Math.rint(codes[index] / 16);
            float m = multipliers[index % channels];
            lower[index] = (int) ((codes[index] - 16 * high) * m);
            if (!fits) {
                upper[index] = (int) (high * m);
            }
        }
        return this;
    }

    private int[] addTerm(int factor) {
        Term term = new Term(factor, new int[tokens * channels]);
        terms.add(term);
        return term.codes;
    }

    private static float symmetric(float value, float scale, float max) {
        return Math.clamp((float) Math.rint(value / scale), -max, max);
    }

    private static float absmax(ActivationMatrix x, int token, int from, int count) {
        float largest = 0;
        for (int j = from; j < from + count; j++) {
            largest = Math.max(largest, Math.abs(x.at(token, j)));
        }
        return largest;
    }

    private static float positive(float scale) {
        return scale > 0 ? scale : 1;
    }
}
