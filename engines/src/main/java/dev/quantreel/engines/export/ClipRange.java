package dev.quantreel.engines.export;

import dev.quantreel.engines.dit.LatentSize;
import dev.quantreel.engines.dit.TransformerFacts;
import dev.quantreel.engines.tensor.LatentSpace;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/// The clips that exported graphs are to run with: the least, the usual, the largest.
///
/// @param min not larger than `opt` in anything
/// @param opt what engines are tuned for
/// @param max not smaller than `opt` in anything
public record ClipRange(Clip min, Clip opt, Clip max) {

    private static final Pattern SIZE = Pattern.compile("(\\d{1,5})x(\\d{1,5})x(\\d{1,5})");

    /// One clip and its prompt.
    ///
    /// @param size of the latent
    /// @param textTokens of the prompt, for models that read as many as there are
    public record Clip(LatentSize size, int textTokens) {

        public Clip {
            if (textTokens < 1) {
                throw new IllegalArgumentException("a prompt of " + textTokens + " tokens; 1 or more are accepted");
            }
        }

        /// Reads a size in pixels.
        ///
        /// @param text width, height and pictures: `832x480x81`
        /// @throws IllegalArgumentException when it is no size of this model's clips; says what is accepted
        public static Clip parse(String text, int textTokens, TransformerFacts facts) {
            Matcher matcher = SIZE.matcher(text);
            LatentSpace space = facts.latent().space();
            int factor = space.spatialFactor();
            if (matcher.matches()) {
                int width = Integer.parseInt(matcher.group(1));
                int height = Integer.parseInt(matcher.group(2));
                int pictures = Integer.parseInt(matcher.group(3));
                if (width >= factor
                        && height >= factor
                        && pictures > 0
                        && width % factor == 0
                        && height % factor == 0) {
                    return new Clip(
                            new LatentSize(space.frames(pictures), height / factor, width / factor), textTokens);
                }
            }
            throw new IllegalArgumentException("the size is " + text + "; accepted are width, height and pictures as"
                    + " 832x480x81, width and height in multiples of " + factor);
        }
    }

    /// Reads one size, or three: least, usual and largest.
    ///
    /// @param sizes `832x480x81`, or `480x480x17,832x480x81,1280x720x81`
    /// @param textTokens of the prompt, in the same manner; empty takes the model's longest
    /// @throws IllegalArgumentException when it is neither; says what is accepted
    public static ClipRange parse(String sizes, String textTokens, TransformerFacts facts) {
        String[] clips = three(sizes, "sizes");
        String tokens = textTokens.isBlank() ? Integer.toString(facts.text().length()) : textTokens;
        String[] texts = three(tokens, "text tokens");
        return new ClipRange(
                Clip.parse(clips[0], number(texts[0]), facts),
                Clip.parse(clips[1], number(texts[1]), facts),
                Clip.parse(clips[2], number(texts[2]), facts));
    }

    private static String[] three(String text, String what) {
        String[] parts = text.strip().split("[,\\s]+");
        return switch (parts.length) {
            case 1 -> new String[] {parts[0], parts[0], parts[0]};
            case 3 -> parts;
            default ->
                throw new IllegalArgumentException(what + " are '" + text
                        + "'; accepted are one, or three with commas between: least, usual, largest");
        };
    }

    private static int number(String text) {
        try {
            return Integer.parseInt(text);
        } catch (NumberFormatException e) {
            throw new IllegalArgumentException("text tokens are '" + text + "'; a number is accepted", e);
        }
    }

    /// One size alone.
    public static ClipRange fixed(Clip clip) {
        return new ClipRange(clip, clip, clip);
    }
}
