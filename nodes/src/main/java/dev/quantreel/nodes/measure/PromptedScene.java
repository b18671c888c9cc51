package dev.quantreel.nodes.measure;

import dev.quantreel.nodes.spi.In;
import dev.quantreel.nodes.spi.SharedInputs;
import dev.quantreel.nodes.values.Conditioning;
import java.util.Optional;

/// One scene, as nodes ask for it that measure on a single prompt.
public record PromptedScene(
        @In(help = "What the video shows; through Image To Video where it starts from a picture.")
        Conditioning positive,

        @In(help = "What guidance leads away from; not needed when cfg is 1.")
        Optional<Conditioning> negative,

        @SharedInputs SceneInputs settings) {

    /// What is generated.
    public Scene scene() {
        return settings.scene(positive, negative);
    }
}
