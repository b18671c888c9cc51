package dev.quantreel.engines.vae;

import dev.quantreel.engines.runtime.Engine;
import dev.quantreel.engines.runtime.Session;
import dev.quantreel.engines.tensor.Shape;
import dev.quantreel.engines.video.Frames;
import java.lang.foreign.Arena;

/// The encoder of any family on an engine: what a clip becomes, and how it is cut.
///
/// @param graph what [#session] runs
record OpenEncoder(EncoderPlan plan, DecoderPlan.Graph graph, Session session) implements AutoCloseable {

    /// @param levels features that the graph puts out beside the latent
    static OpenEncoder open(Engine engine, EncoderPlan plan, EncoderLevels levels) {
        try (Arena arena = Arena.ofShared()) {
            DecoderPlan.Graph graph = plan.graph().build(arena, levels);
            return new OpenEncoder(plan, graph, engine.open(graph.model()));
        }
    }

    VaeTraits traits() {
        return plan.traits();
    }

    long workingBytes(Frames frames, DecodeOptions options) {
        Shape shape = latentShape(frames);
        return tiling(frames).workingBytes(shape, plan.time().longest((int) shape.dim(2)), options);
    }

    TileWalk walk(Frames frames, DecodeOptions options) {
        return TileWalk.of(latentShape(frames), plan.time(), tiling(frames), options);
    }

    /// A picture by itself takes less than a latent frame's pictures.
    private Tiling tiling(Frames frames) {
        VaeTraits.Grid grid = frames.count() == 1 ? VaeTraits.Grid.stills(traits().pixelsPerCell()) : traits().grid();
        return new Tiling(grid, plan.memory(), graph.state());
    }

    /// `[1, channels, latents, height, width]`.
    ///
    /// @throws IllegalArgumentException when the frames do not fill whole latent cells
    Shape latentShape(Frames frames) {
        int pixels = traits().pixelsPerCell();
        int each = traits().grid().framesPerLatent();
        if ((frames.count() - 1) % each != 0 || frames.height() % pixels != 0 || frames.width() % pixels != 0) {
            throw new IllegalArgumentException(frames.count() + " frames of " + frames.width() + " x " + frames.height()
                    + " pixels; accepted are 1, " + (1 + each) + ", " + (1 + 2 * each)
                    + ", ... frames whose sides are multiples of " + pixels);
        }
        int latents = (frames.count() - 1) / each + 1;
        return Shape.of(1, traits().latentChannels(), latents, frames.height() / pixels, frames.width() / pixels);
    }

    @Override
    public void close() {
        session.close();
    }
}
