package dev.quantreel.nodes.sampling;

import dev.quantreel.engines.dit.LatentSize;
import dev.quantreel.engines.dit.TransformerFacts;
import dev.quantreel.engines.tensor.LatentSpace;
import dev.quantreel.nodes.spi.NodeInputException;
import java.util.Optional;

/// Which sizes of clips a model makes.
///
/// @param space of its latents
/// @param facts of the model, where it is known
record ClipGrid(LatentSpace space, Optional<TransformerFacts> facts) {

    /// Patches of nearly every model where a cell is 8 pixels.
    private static final int USUAL_PATCH = 2;

    /// The latent of a clip.
    ///
    /// @throws NodeInputException naming the input that does not fit, with the nearest values that do
    LatentSize size(int width, int height, int frames) {
        requireMultiple("width", width);
        requireMultiple("height", height);
        requireFrames(frames);
        return new LatentSize(space.frames(frames), height / space.spatialFactor(), width / space.spatialFactor());
    }

    /// The first latent frame is one picture; a model may join several latent frames to a token.
    private void requireFrames(int pictures) {
        int joined = facts.map(known -> known.latent().patch().frames()).orElse(1);
        int step = space.temporalFactor() * joined;
        int least = space.pictures(joined);
        if (pictures < least || (pictures - least) % step != 0) {
            int below = Math.max(least, pictures - Math.floorMod(pictures - least, step));
            String accepted = joined == 1
                    ? "accepted is one more than a multiple of " + step
                    : "accepted are " + least + ", " + (least + step) + ", " + (least + 2 * step) + " and so on";
            throw new NodeInputException(
                    "frames",
                    "is " + pictures + "; " + accepted + who() + ", the nearest are " + below + " and "
                            + (below + step));
        }
    }

    private void requireMultiple(String port, int value) {
        int multiple = space.spatialFactor() * patch(port);
        if (value % multiple != 0) {
            int below = value / multiple * multiple;
            throw new NodeInputException(
                    port,
                    "is " + value + "; accepted are multiples of " + multiple + who() + ", the nearest are "
                            + (below == 0 ? "" : below + " and ") + (below + multiple));
        }
    }

    private int patch(String port) {
        return facts.map(known -> known.latent().patch())
                .map(patch -> port.equals("width") ? patch.width() : patch.height())
                .orElse(space == LatentSpace.LTX_VIDEO || space == LatentSpace.HUNYUAN_VIDEO_15 ? 1 : USUAL_PATCH);
    }

    private String who() {
        return facts.map(known -> " for " + known.variant()).orElse("");
    }
}
