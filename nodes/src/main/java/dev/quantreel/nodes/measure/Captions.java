package dev.quantreel.nodes.measure;

import dev.quantreel.nodes.sampling.EncodePrompt;
import dev.quantreel.nodes.spi.NodeContext;
import dev.quantreel.nodes.values.Conditioning;
import dev.quantreel.nodes.values.TextModel;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;

/// Prompts of a measurement, typed one to a line.
///
/// @param clip encodes them
/// @param beside gives each its picture and its embedded guidance; its own text is left aside
public record Captions(TextModel clip, Optional<Conditioning> beside) {

    /// The prompts of a text, without empty lines.
    public static List<String> lines(String text) {
        return text.lines().map(String::strip).filter(line -> !line.isEmpty()).toList();
    }

    /// One prompt.
    ///
    /// @throws Exception when the encoder's file cannot be opened
    public Conditioning encoded(String text, NodeContext context) throws Exception {
        Conditioning prompt = new EncodePrompt()
                .run(new EncodePrompt.Inputs(clip, text), context)
                .conditioning();
        return new Conditioning(
                prompt.embedding(),
                prompt.encoders(),
                prompt.prompt(),
                beside.flatMap(Conditioning::image),
                beside.flatMap(Conditioning::guidance));
    }

    /// Each scene with several noises. Another noise for each prompt, too: equal noise would count its chance twice.
    ///
    /// @param seeds noises for each
    public static List<Scene> noised(List<Scene> prompts, int seeds) {
        List<Scene> scenes = new ArrayList<>();
        for (Scene first : prompts) {
            for (int i = 0; i < seeds; i++) {
                scenes.add(first.with(first.positive(), first.seed() + scenes.size()));
            }
        }
        return scenes;
    }
}
