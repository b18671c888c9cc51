package dev.quantreel.engines.quant;

import java.math.BigInteger;

/// How the input of a linear is quantized on line: where the scales lie and how the integer product is formed.
///
/// Symmetric members use codes `-max..max` with `max = 2^(bits-1) - 1`; the product's left operand is always unsigned
/// 8-bit with zero point 128, which is the only fast form on stock engines. [QuantizedActivation#of] is the
/// specification of every member. Tokens of zeros get scale 1.
public sealed interface ActivationQuantizer {

    /// Activations stay in floating point; weight-only quantization (A16).
    record FullPrecision() implements ActivationQuantizer {}

    /// ARQ, default below 8 bits: one scale per token and block of channels, formed as an integer multiple of a scale
    /// per token, `s_ig = t_i * m_ig` with `m_ig` in `1..floor(127 / max)`. The operand is `code * m`, so one
    /// integer product and one row scale serve all blocks. At 8 bits the multiplier is 1 and this is [Token].
    ///
    /// @param groupSize channels per block
    /// @param clip share of a block's largest absolute value that its scale spans
    record Block(int groupSize, ClipRatios clip) implements ActivationQuantizer {
        public Block(int groupSize) {
            this(groupSize, ClipRatios.BLOCK);
        }

        public Block {
            requireGroup(groupSize);
        }
    }

    /// One scale per token and block of channels to the letter: one integer product per block, scaled and added in
    /// floating point. The reference for [Block]; slow on stock engines.
    ///
    /// @param groupSize channels per block
    /// @param clip share of a block's largest absolute value that its scale spans
    record BlockExact(int groupSize, ClipRatios clip) implements ActivationQuantizer {
        public BlockExact(int groupSize) {
            this(groupSize, ClipRatios.BLOCK);
        }

        public BlockExact {
            requireGroup(groupSize);
        }
    }

    /// One scale per token (QuaRot).
    ///
    /// @param clip share of a token's largest absolute value that its scale spans
    record Token(ClipRatios clip) implements ActivationQuantizer {
        public Token() {
            this(ClipRatios.TOKEN);
        }
    }

    /// One scale and zero point per token over its range; the MinMax baseline.
    record TokenAsymmetric() implements ActivationQuantizer {}

    /// ARQ to the letter: one scale per channel, shared by all tokens, as integer multiples `1..15` of one scale. From
    /// 5 bits on the code is split, `q = 16 h + l`, into two products, so that it stays exact.
    record Channel() implements ActivationQuantizer {}

    /// One scale per channel, as in [Channel], times one scale per token.
    ///
    /// @param statistic what the scale of a channel measures
    record ChannelToken(Statistic statistic) implements ActivationQuantizer {
        public ChannelToken() {
            this(Statistic.ABSMAX);
        }
    }

    /// Row-normalised static scale (RNS): the token divided by its rms and quantized with the constant scale
    /// `k / max`; default at 8 bits.
    ///
    /// @param span k, in rms
    record RowNormalized(ClipRatios span) implements ActivationQuantizer {
        public RowNormalized() {
            this(ClipRatios.ROW_NORMALIZED);
        }
    }

    /// OrbitQuant: the token divided by its norm, each coordinate rounded to the nearest value of the
    /// [LloydMaxCodebook] of a random unit vector; only the norm is data. The values are carried by integers
    /// ([CentroidTable]), so that one integer product serves them. Made for rotated inputs.
    ///
    /// @param exact whether the integers have 16 bits, in two products, and stand for the values to 1/32,000 of the
    /// largest: the reference for 8 bits, which stand for them to 1/250
    record Centroids(boolean exact) implements ActivationQuantizer {
        public Centroids() {
            this(false);
        }
    }

    /// Two scales per token, one for positive and one for negative values (SegQuant's DualScale, for inputs that come
    /// out of a GELU or SiLU and are not rotated), as integer multiples of one scale, as in [Block]: one product.
    /// At 8 bits the multiple is 1 and this is [Token].
    ///
    /// @param clip share of the largest value of either sign that its scale spans
    record DualScale(ClipRatios clip) implements ActivationQuantizer {
        public DualScale() {
            this(ClipRatios.BLOCK);
        }
    }

    /// Values that are not negative: codes `0..2^bits - 1`, one scale per token and block of channels, to the letter
    /// as in [BlockExact].
    ///
    /// @param groupSize channels per block
    record Unsigned(int groupSize) implements ActivationQuantizer {
        public Unsigned {
            requireGroup(groupSize);
        }
    }

    /// SVDQuant: inputs that come out of a GELU are shifted above zero ([GeluOutputs]) and quantized as [Unsigned],
    /// which halves their step; all others as usual. Inputs must not be rotated.
    ///
    /// @param usual for all other inputs
    /// @param groupSize channels per block of those that come out of a GELU
    record GeluAware(ActivationQuantizer usual, int groupSize) implements ActivationQuantizer {
        public GeluAware {
            requireGroup(groupSize);
            if (usual instanceof GeluAware || usual instanceof Unsigned || usual instanceof FullPrecision) {
                throw new IllegalArgumentException(
                        "beside unsigned inputs all others are quantized with a sign, got " + usual);
            }
        }
    }

    /// [Block] below 8 bits, [RowNormalized] at 8 bits. In a graph that serves both the quantization is an `If`, the
    /// product outside it is shared.
    record Auto(Block block, RowNormalized rowNormalized) implements ActivationQuantizer {
        public Auto() {
            this(new Block(64), new RowNormalized());
        }
    }

    /// What the scale of a channel measures over all tokens.
    enum Statistic {
        ABSMAX,
        RMS
    }

    /// The member that acts at this many bits.
    default ActivationQuantizer resolve(int bits) {
        return switch (this) {
            case Auto(Block block, RowNormalized rowNormalized) -> bits < 8 ? block : rowNormalized;
            case GeluAware(ActivationQuantizer usual, int groupSize) -> new GeluAware(usual.resolve(bits), groupSize);
            default -> this;
        };
    }

    /// The member that acts on the input of a layer.
    default ActivationQuantizer at(String layer) {
        return this instanceof GeluAware(ActivationQuantizer usual, int groupSize)
                ? GeluOutputs.feed(layer) ? new Unsigned(groupSize) : usual
                : this;
    }

    /// Whether the input of a layer is shifted above zero before it is quantized.
    default boolean shifts(String layer) {
        return this instanceof GeluAware && GeluOutputs.feed(layer);
    }

    /// The member that acts on inputs of which nothing is known.
    default ActivationQuantizer usual() {
        return this;
    }

    /// Whether the scales lie so that integer products are formed block by block, for some layer.
    default boolean multipliesBlocks() {
        return usual() instanceof BlockExact || this instanceof GeluAware || this instanceof Unsigned;
    }

    /// This quantizer for an input of `channels` channels: a block size that does not divide them becomes the greatest
    /// common divisor.
    default ActivationQuantizer fit(int channels) {
        return switch (this) {
            case Block(int groupSize, ClipRatios clip) -> new Block(commonDivisor(groupSize, channels), clip);
            case BlockExact(int groupSize, ClipRatios clip) -> new BlockExact(commonDivisor(groupSize, channels), clip);
            case Auto(Block block, RowNormalized rowNormalized) ->
                new Auto(new Block(commonDivisor(block.groupSize(), channels), block.clip()), rowNormalized);
            case Unsigned(int groupSize) -> new Unsigned(commonDivisor(groupSize, channels));
            case GeluAware(ActivationQuantizer usual, int groupSize) ->
                new GeluAware(usual.fit(channels), commonDivisor(groupSize, channels));
            case FullPrecision _, Token _, TokenAsymmetric _, Channel _, ChannelToken _ -> this;
            case RowNormalized _, Centroids _, DualScale _ -> this;
        };
    }

    /// What to feed to `activation_clip` at this many bits.
    default float clip(int bits) {
        return switch (resolve(bits)) {
            case Block block -> block.clip().at(bits);
            case BlockExact block -> block.clip().at(bits);
            case Token(ClipRatios clip) -> clip.at(bits);
            case RowNormalized(ClipRatios span) -> span.at(bits);
            case DualScale(ClipRatios clip) -> clip.at(bits);
            case GeluAware(ActivationQuantizer usual, int _) -> usual.clip(bits);
            case FullPrecision _, TokenAsymmetric _, Channel _, ChannelToken _, Centroids _, Unsigned _, Auto _ -> 1;
        };
    }

    /// Whether the codes of a token depend on how many others there are.
    default boolean averagesTokens() {
        return usual() instanceof ChannelToken(Statistic statistic) && statistic == Statistic.RMS;
    }

    /// Largest code of a symmetric quantizer: `2^(bits-1) - 1`.
    ///
    /// @throws IllegalArgumentException when bits is not in 2..8
    static int maxCode(int bits) {
        if (bits < 2 || bits > 8) {
            throw new IllegalArgumentException("activation bits is " + bits + "; 2 to 8 are accepted");
        }
        return (1 << (bits - 1)) - 1;
    }

    private static int commonDivisor(int groupSize, int channels) {
        int divisor =
                BigInteger.valueOf(groupSize).gcd(BigInteger.valueOf(channels)).intValueExact();
        if (divisor < 8) {
            throw new IllegalArgumentException(
                    "activation block size " + groupSize + " and " + channels + " channels share only the divisor "
                            + divisor + "; choose a block size that divides the channels");
        }
        return divisor;
    }

    private static void requireGroup(int groupSize) {
        if (groupSize < 8) {
            throw new IllegalArgumentException(
                    "activation block size is " + groupSize + "; 8 or more channels are accepted (64 is usual)");
        }
    }
}
