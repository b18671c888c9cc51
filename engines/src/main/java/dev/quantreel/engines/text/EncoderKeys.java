package dev.quantreel.engines.text;

import dev.quantreel.engines.tensor.Checkpoint;
import dev.quantreel.engines.tensor.CheckpointView;
import dev.quantreel.engines.tensor.MissingTensor;
import java.util.Collections;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.SequencedMap;
import java.util.SequencedSet;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/// A text encoder under Hugging Face's names, whatever its file calls them: a part of an all-in-one file
/// (`text_encoders.umt5xxl.transformer.`), the language model inside LLaVA or Qwen2.5-VL, or GGUF's names
/// (`enc.blk.0.attn_q`, `blk.0.attn_q`).
final class EncoderKeys implements CheckpointView {

    /// Names that only one kind of encoder has, and the layout they are written in.
    private record Anchor(Pattern pattern, Layout layout) {}

    private enum Layout {
        HUGGING_FACE,
        GGUF_T5,
        GGUF_DECODER
    }

    private static final List<Anchor> ANCHORS = List.of(
            anchor("encoder\\.block\\.0\\.layer\\.0\\.SelfAttention\\.q\\.weight", Layout.HUGGING_FACE),
            anchor("text_model\\.encoder\\.layers\\.0\\.mlp\\.fc1\\.weight", Layout.HUGGING_FACE),
            anchor("layers\\.0\\.self_attn\\.q_proj\\.weight", Layout.HUGGING_FACE),
            anchor("enc\\.blk\\.0\\.attn_q\\.weight", Layout.GGUF_T5),
            anchor("blk\\.0\\.attn_q\\.weight", Layout.GGUF_DECODER));

    /// Parts of larger models whose names resemble an encoder's.
    private static final Pattern VISION =
            Pattern.compile("(.*\\.)?(visual|vision_tower|vision_model|multi_modal_projector|mm_projector)\\..*");

    private static final Pattern GGUF_BLOCK = Pattern.compile("(?:enc\\.)?blk\\.(\\d+)\\.(.+)");
    private static final String DECODER_PREFIX = "model.";

    private static final Map<String, String> GGUF_T5_PARTS = Map.ofEntries(
            Map.entry("attn_q.weight", "layer.0.SelfAttention.q.weight"),
            Map.entry("attn_k.weight", "layer.0.SelfAttention.k.weight"),
            Map.entry("attn_v.weight", "layer.0.SelfAttention.v.weight"),
            Map.entry("attn_o.weight", "layer.0.SelfAttention.o.weight"),
            Map.entry("attn_rel_b.weight", "layer.0.SelfAttention.relative_attention_bias.weight"),
            Map.entry("attn_norm.weight", "layer.0.layer_norm.weight"),
            Map.entry("ffn_gate.weight", "layer.1.DenseReluDense.wi_0.weight"),
            Map.entry("ffn_up.weight", "layer.1.DenseReluDense.wi_1.weight"),
            Map.entry("ffn_down.weight", "layer.1.DenseReluDense.wo.weight"),
            Map.entry("ffn_norm.weight", "layer.1.layer_norm.weight"));

    private static final Map<String, String> GGUF_T5_OUTER = Map.of(
            "token_embd.weight", T5Config.EMBEDDING,
            "enc.output_norm.weight", T5Config.FINAL_NORM);

    private static final Map<String, String> GGUF_DECODER_PARTS = Map.ofEntries(
            Map.entry("attn_q", "self_attn.q_proj"),
            Map.entry("attn_k", "self_attn.k_proj"),
            Map.entry("attn_v", "self_attn.v_proj"),
            Map.entry("attn_output", "self_attn.o_proj"),
            Map.entry("attn_norm", "input_layernorm"),
            Map.entry("ffn_norm", "post_attention_layernorm"),
            Map.entry("ffn_gate", "mlp.gate_proj"),
            Map.entry("ffn_up", "mlp.up_proj"),
            Map.entry("ffn_down", "mlp.down_proj"));

    private static final Map<String, String> GGUF_DECODER_OUTER = Map.of(
            "token_embd.weight", DecoderConfig.EMBEDDING,
            "output_norm.weight", DecoderConfig.FINAL_NORM);

    private final Checkpoint source;
    private final SequencedMap<String, String> sourceNames;
    private final boolean permuted;

    private EncoderKeys(Checkpoint source, SequencedMap<String, String> sourceNames, boolean permuted) {
        this.source = source;
        this.sourceNames = Collections.unmodifiableSequencedMap(sourceNames);
        this.permuted = permuted;
    }

    /// @return a view; the tensors of other models in the file are left out
    static EncoderKeys of(Checkpoint source) {
        for (Anchor anchor : ANCHORS) {
            for (String name : source.names()) {
                Matcher matcher = anchor.pattern.matcher(name);
                if (matcher.matches() && !VISION.matcher(name).matches()) {
                    return of(source, Optional.ofNullable(matcher.group(1)).orElse(""), anchor.layout);
                }
            }
        }
        return of(source, "", Layout.HUGGING_FACE);
    }

    private static EncoderKeys of(Checkpoint source, String prefix, Layout layout) {
        SequencedMap<String, String> names = new LinkedHashMap<>();
        boolean decoder = source.contains(prefix + "layers.0.self_attn.q_proj.weight");
        for (String name : source.names()) {
            if (EncoderConfig.ACCOMPANYING.contains(name)) {
                names.put(name, name);
            } else if (name.startsWith(prefix) && !VISION.matcher(name).matches()) {
                String inner = name.substring(prefix.length());
                canonical(inner, decoder, layout).ifPresent(canonical -> names.put(canonical, name));
            }
        }
        String second = names.remove("encoder.embed_tokens.weight");
        if (second != null) {
            names.putIfAbsent(T5Config.EMBEDDING, second);
        }
        boolean llama = layout == Layout.GGUF_DECODER && !source.contains(prefix + "blk.0.attn_q.bias");
        return new EncoderKeys(source, names, llama);
    }

    private static Optional<String> canonical(String name, boolean decoder, Layout layout) {
        return switch (layout) {
            case HUGGING_FACE -> Optional.of(decoder ? DECODER_PREFIX + name : name);
            case GGUF_T5 ->
                gguf(name, GGUF_T5_OUTER, "encoder.block.", part -> Optional.ofNullable(GGUF_T5_PARTS.get(part)));
            case GGUF_DECODER -> gguf(name, GGUF_DECODER_OUTER, DECODER_PREFIX + "layers.", EncoderKeys::decoderPart);
        };
    }

    private interface Parts {
        Optional<String> canonical(String part);
    }

    /// Names GGUF adds for its own use (rotary factors, the output head) are not the encoder's.
    private static Optional<String> gguf(String name, Map<String, String> outer, String blocks, Parts parts) {
        Matcher block = GGUF_BLOCK.matcher(name);
        return block.matches()
                ? parts.canonical(block.group(2)).map(part -> blocks + block.group(1) + "." + part)
                : Optional.ofNullable(outer.get(name));
    }

    private static Optional<String> decoderPart(String part) {
        int dot = part.lastIndexOf('.');
        String layer = GGUF_DECODER_PARTS.get(dot < 0 ? part : part.substring(0, dot));
        return layer == null ? Optional.empty() : Optional.of(layer + part.substring(dot));
    }

    private static Anchor anchor(String pattern, Layout layout) {
        return new Anchor(Pattern.compile("(.*\\.)?" + pattern), layout);
    }

    /// Whether the rows of q and k are permuted so that rotary pairs lie side by side, as llama.cpp stores Llama.
    boolean hasInterleavedRotaryPairs() {
        return permuted;
    }

    @Override
    public SequencedSet<String> names() {
        return sourceNames.sequencedKeySet();
    }

    @Override
    public String nameBeneath(String name) {
        String stored = sourceNames.get(name);
        if (stored == null) {
            throw MissingTensor.of(this, name);
        }
        return stored;
    }

    @Override
    public Checkpoint beneath() {
        return source;
    }
}
