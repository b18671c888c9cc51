package dev.quantreel.engines.runtime.tensorrt;

import dev.quantreel.engines.dit.LatentSize;
import dev.quantreel.engines.dit.TransformerArchitecture;
import dev.quantreel.engines.dit.TransformerFacts;
import dev.quantreel.engines.tensor.Shape;
import java.util.HashSet;
import java.util.Map;
import java.util.Set;
import java.util.regex.Pattern;

/// What one run of a transformer multiplies, counted from its shapes: a multiplication and an addition are two
/// operations; norms, activation functions and copies are left out.
///
/// @param tokens of the picture
/// @param linearFlops of the blocks' linears
/// @param attentionFlops of scores and weighted sums, over all blocks
/// @param blockWeights elements of the blocks' linears
/// @param otherWeights elements of everything else
/// @param widest inputs or outputs of the widest linear of the blocks
public record TransformerWork(
        long tokens, double linearFlops, double attentionFlops, long blockWeights, long otherWeights, long widest) {

    private static final String WEIGHT = ".weight";

    /// Linears of the blocks that read the text instead of the picture.
    private static final Pattern OF_TEXT =
            Pattern.compile(".*(cross_attn\\.(k|v)(_img)?|attn2\\.to_(k|v)|txt_.*|.*_txt|add_[kqv]_proj|to_add_out)$");

    /// Counts a run on one branch of guidance.
    ///
    /// @param textTokens of the prompt
    public static TransformerWork of(TransformerArchitecture architecture, LatentSize size, int textTokens) {
        TransformerFacts facts = architecture.facts();
        TransformerFacts.Patch patch = facts.latent().patch();
        long tokens = (long) Math.ceilDiv(size.frames(), patch.frames())
                * Math.ceilDiv(size.height(), patch.height())
                * Math.ceilDiv(size.width(), patch.width());
        Set<String> linears = new HashSet<>(architecture.blockLinears());
        double flops = 0;
        long inBlocks = 0;
        long all = 0;
        long widest = 0;
        boolean looksAcross = false;
        for (Map.Entry<String, Shape> tensor : architecture.shapes().entrySet()) {
            long elements = tensor.getValue().elements();
            all += elements;
            String layer = tensor.getKey().endsWith(WEIGHT)
                    ? tensor.getKey().substring(0, tensor.getKey().length() - WEIGHT.length())
                    : "";
            if (!linears.contains(layer)) {
                continue;
            }
            boolean ofText = OF_TEXT.matcher(layer).matches();
            looksAcross |= layer.contains("cross_attn.") || layer.contains("attn2.");
            flops += 2.0 * elements * (ofText ? textTokens : tokens);
            inBlocks += elements;
            Shape shape = tensor.getValue();
            widest = Math.max(widest, Math.max(shape.dim(0), shape.dim(1)));
        }
        double sequence = tokens + (looksAcross ? 0 : textTokens);
        double across = looksAcross ? (double) tokens * textTokens : 0;
        double attention = 4.0 * facts.sizes().layers() * facts.sizes().dim() * (sequence * sequence + across);
        return new TransformerWork(tokens, flops, attention, inBlocks, all - inBlocks, widest);
    }

    /// Share of attention in all operations, 0 to 1.
    public double attentionShare() {
        return attentionFlops / (linearFlops + attentionFlops);
    }

    /// How many times faster a run can get at most when the linears alone get `ratio` times faster: Amdahl's
    /// `1 / ((1 - a) / r + a)` with the share `a` of attention.
    public double bound(double ratio) {
        double share = attentionShare();
        return 1 / ((1 - share) / ratio + share);
    }

    /// Bytes that an engine's weights take.
    public long weightBytes(EngineKind kind) {
        return Math.round(blockWeights * kind.weightBits() / 8) + 2 * otherWeights;
    }

    /// Bytes of activations in 16 bits that live at once, a rough estimate: eight vectors of a token's width, and
    /// two of the widest linear's.
    ///
    /// @param dim width of a token
    public long activationBytes(int dim) {
        return 2 * tokens * (8L * dim + 2 * widest);
    }

    /// Seconds of a run at a chip's peak rates: linears in the kind's arithmetic, attention in bfloat16. No run can be
    /// shorter, and none was measured.
    public double leastSeconds(EngineKind kind, ChipRates rates) {
        return linearFlops / (kind.peakTeraflops(rates) * 1e12) + attentionFlops / (rates.bf16Teraflops() * 1e12);
    }
}
