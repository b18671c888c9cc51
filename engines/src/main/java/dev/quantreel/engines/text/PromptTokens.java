package dev.quantreel.engines.text;

import java.util.Arrays;
import java.util.List;
import java.util.Optional;

/// A prompt as an encoder reads it: inside the family's chat template where it has one; for ByT5 only what the prompt
/// quotes.
///
/// @param ids cut to what the format allows, and filled up where padding goes through the encoder
/// @param crop tokens of the template in front, whose vectors are left out
/// @param given tokens of the prompt before it was cut
/// @param format how the result is filled up
public record PromptTokens(List<Integer> ids, int crop, int given, PromptFormat format) {

    public PromptTokens {
        ids = List.copyOf(ids);
    }

    /// @param family decides template and glyphs
    public static PromptTokens of(
            TextEncoderFamily family, PromptTokenizer tokenizer, String prompt, PromptFormat format) {
        Optional<ChatTemplate> template = ChatTemplate.of(family);
        int crop = template.map(chat -> chat.crop(tokenizer)).orElse(0);
        String text = template.map(chat -> chat.around(prompt)).orElse(prompt);
        if (family == TextEncoderFamily.BYT5) {
            Optional<String> glyphs = GlyphText.of(prompt);
            if (glyphs.isEmpty()) {
                return new PromptTokens(List.of(), 0, 0, format);
            }
            text = glyphs.get();
        }
        int[] ids = tokenizer.encode(text);
        int[] kept = cut(ids, format.maxTokens() + crop, template.isEmpty());
        if (format.padding() == PromptFormat.Padding.TOKENS) {
            kept = Arrays.copyOf(kept, format.maxTokens());
        }
        return new PromptTokens(Arrays.stream(kept).boxed().toList(), crop, Math.max(0, ids.length - crop), format);
    }

    /// A model that reads whole prompts ends them with its end token; a chat is cut where it is too long.
    private static int[] cut(int[] ids, int most, boolean keepEnd) {
        if (ids.length <= most) {
            return ids;
        }
        int[] kept = Arrays.copyOf(ids, most);
        if (keepEnd) {
            kept[most - 1] = ids[ids.length - 1];
        }
        return kept;
    }

    /// Whether the prompt was too long.
    public boolean isCut() {
        return given > format.maxTokens();
    }

    /// Tokens whose vectors come out.
    int length() {
        return Math.max(0, ids.size() - crop);
    }

    int[] toArray() {
        return ids.stream().mapToInt(Integer::intValue).toArray();
    }

    /// Place of the first such token among those whose vectors come out; the last one where there is none.
    int firstIndexOf(int token) {
        int found = ids.subList(ids.size() - length(), ids.size()).indexOf(token);
        return found >= 0 ? found : length() - 1;
    }
}
