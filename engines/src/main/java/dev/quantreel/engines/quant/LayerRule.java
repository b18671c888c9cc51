package dev.quantreel.engines.quant;

import java.util.ArrayList;
import java.util.Arrays;
import java.util.LinkedHashMap;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Optional;
import java.util.SequencedMap;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import java.util.regex.PatternSyntaxException;

/// Which of a model's block linears are quantized, and to how many bits.
///
/// What is said first holds: layers that [#keep] finds stay; then the first and the last blocks; then the first of
/// [#bits] whose pattern is found; all others have the bits of the weight plan.
///
/// @param keep regular expression; layers in whose name it is found stay in full precision. Empty keeps none.
/// @param first the first blocks
/// @param last the last blocks
/// @param bits patterns with bits of their own, in order
public record LayerRule(String keep, Edge first, Edge last, List<LayerBits> bits) {

    /// Quantizes all block linears.
    public static final LayerRule ALL = new LayerRule("");

    /// A block is what its layers' names have in common up to the first number: `blocks.3`, `double_blocks.0`.
    private static final Pattern BLOCK = Pattern.compile("^(.*?\\d+)\\.");

    public LayerRule {
        compiled("keep", keep);
        bits = List.copyOf(bits);
    }

    /// The same bits for all that are not kept.
    public LayerRule(String keep) {
        this(keep, Edge.NONE, Edge.NONE, List.of());
    }

    /// Layers with bits of their own.
    ///
    /// @param pattern regular expression, looked for in the layer's name
    /// @param bits 2 to 8
    public record LayerBits(String pattern, int bits) {
        public LayerBits {
            compiled("pattern", pattern);
            if (pattern.isEmpty()) {
                throw new IllegalArgumentException(
                        "the pattern for " + bits + " bits is empty; name layers, or .* for all");
            }
            requireBits(pattern, bits);
        }
    }

    /// Blocks at one end of the model: those whose errors grow or show most.
    ///
    /// @param blocks how many, 0 for none
    /// @param bits 2 to 8, or 0 to leave them in full precision
    public record Edge(int blocks, int bits) {

        /// No blocks.
        public static final Edge NONE = new Edge(0, 0);

        public Edge {
            if (blocks < 0) {
                throw new IllegalArgumentException("a rule is for " + blocks + " blocks; 0 or more are accepted");
            }
            if (bits != 0) {
                requireBits("blocks at the end", bits);
            }
        }
    }

    /// What layers do, by the names of all families; the groups of ViDiT-Q, each of which is judged by a metric of its
    /// own: picture, motion, text.
    public enum Role {
        /// Attention along time.
        TEMPORAL_ATTENTION("temporal_transformer_blocks\\.\\d+\\.attn1?\\."),
        /// Attention to the text or the start picture.
        CROSS_ATTENTION("(^|\\.)(cross_attn|attn2)\\."),
        /// Attention of tokens to each other.
        SELF_ATTENTION("(^|\\.)(self_attn|attn1|img_attn|txt_attn)\\.|linear1\\.[qkv]$|linear2\\.attn$"),
        /// The two matrices around the activation function.
        MLP("(^|\\.)(ffn|ff|mlp|img_mlp|txt_mlp)(\\.|$)");

        private final String pattern;

        Role(String pattern) {
            this.pattern = pattern;
        }

        /// Found in the names of the layers with this role.
        public String pattern() {
            return pattern;
        }

        /// What a layer does; empty for those of no role, such as one matrix for several parts.
        public static Optional<Role> of(String layer) {
            return Arrays.stream(values())
                    .filter(role -> Pattern.compile(role.pattern).matcher(layer).find())
                    .findFirst();
        }

        /// The layers with this role at `bits`.
        public LayerBits at(int bits) {
            return new LayerBits(pattern, bits);
        }
    }

    /// ViDiT-Q's released table: attention at the plan's bits, the MLP at 8.
    public static List<LayerBits> metricDecoupled() {
        return List.of(Role.MLP.at(8));
    }

    /// This rule, and what `other` keeps besides; where both speak of bits or ends, `other` is heard first.
    public LayerRule and(LayerRule other) {
        String both =
                keep.isEmpty() || other.keep.isEmpty() ? keep + other.keep : "(?:" + keep + ")|(?:" + other.keep + ")";
        List<LayerBits> all = new ArrayList<>(other.bits);
        all.addAll(bits);
        return new LayerRule(
                both, other.first.blocks > 0 ? other.first : first, other.last.blocks > 0 ? other.last : last, all);
    }

    /// The layers to quantize, in the given order.
    public List<String> select(List<String> layers) {
        return List.copyOf(bits(layers, 2).keySet());
    }

    /// The bits of every layer that is quantized, in the given order.
    ///
    /// @param layers all block linears of the model, in its order
    /// @param otherwise bits of layers that no rule names
    public SequencedMap<String, Integer> bits(List<String> layers, int otherwise) {
        Pattern kept = Pattern.compile(keep);
        List<Pattern> patterns =
                bits.stream().map(rule -> Pattern.compile(rule.pattern)).toList();
        List<String> blocks = blocks(layers);
        SequencedMap<String, Integer> result = new LinkedHashMap<>();
        for (String layer : layers) {
            if (!keep.isEmpty() && kept.matcher(layer).find()) {
                continue;
            }
            int block = blocks.indexOf(block(layer));
            int own = otherwise;
            if (block >= 0 && block < first.blocks) {
                own = first.bits;
            } else if (block >= 0 && block >= blocks.size() - last.blocks) {
                own = last.bits;
            } else {
                own = named(layer, patterns, otherwise);
            }
            if (own != 0) {
                result.put(layer, own);
            }
        }
        return result;
    }

    /// Whether some layer may have these bits beside those of the plan.
    boolean mentions(int wanted) {
        return first.bits == wanted || last.bits == wanted || bits.stream().anyMatch(rule -> rule.bits == wanted);
    }

    private int named(String layer, List<Pattern> patterns, int otherwise) {
        for (int i = 0; i < patterns.size(); i++) {
            if (patterns.get(i).matcher(layer).find()) {
                return bits.get(i).bits;
            }
        }
        return otherwise;
    }

    private static List<String> blocks(List<String> layers) {
        LinkedHashSet<String> blocks = new LinkedHashSet<>();
        for (String layer : layers) {
            String block = block(layer);
            if (!block.isEmpty()) {
                blocks.add(block);
            }
        }
        return List.copyOf(blocks);
    }

    /// The block of a layer, `blocks.3`; empty for a layer outside of blocks.
    public static String block(String layer) {
        Matcher matcher = BLOCK.matcher(layer);
        return matcher.find() ? matcher.group(1) : "";
    }

    private static void requireBits(String what, int bits) {
        if (bits < 2 || bits > 8) {
            throw new IllegalArgumentException("weight bits for " + what + " is " + bits + "; 2 to 8 are accepted");
        }
    }

    private static void compiled(String name, String pattern) {
        try {
            Pattern.compile(pattern);
        } catch (PatternSyntaxException e) {
            throw new IllegalArgumentException(
                    name + " is \"" + pattern + "\"; a regular expression is needed (" + e.getDescription() + ")", e);
        }
    }
}
