package dev.quantreel.engines.vae;

import java.util.ArrayList;
import java.util.List;

/// How a clip is cut along time.
sealed interface TimePlan {

    /// The runs of one tile, in order.
    List<Span> spans(int latentFrames);

    /// Latent frames that one run takes at most.
    int longest(int latentFrames);

    /// One run: latent frames `latent` up to `latent + latents` go in, the first `skip` pictures that come out are
    /// dropped, the rest are pictures `picture` up to `picture + pictures` of the clip.
    ///
    /// @param blend pictures at the start that are shared with the run before: its share falls linearly
    record Span(int latent, int latents, int skip, int picture, int pictures, int blend) {
        int end() {
            return picture + pictures;
        }
    }

    /// Consecutive runs that carry state: the first takes `first` latent frames, the others `next`. Nothing is
    /// computed
    /// twice, and the result does not depend on the cut.
    ///
    /// @param skip pictures that the first run gives too many
    record Streaming(VaeTraits.Grid grid, int first, int next, int skip) implements TimePlan {
        @Override
        public List<Span> spans(int latentFrames) {
            List<Span> spans = new ArrayList<>();
            int at = 0;
            while (at < latentFrames) {
                int count = Math.min(at == 0 ? first : next, latentFrames - at);
                int picture = at == 0 ? 0 : grid.pictures(at);
                spans.add(new Span(at, count, at == 0 ? skip : 0, picture, grid.pictures(at + count) - picture, 0));
                at += count;
            }
            return spans;
        }

        @Override
        public int longest(int latentFrames) {
            return Math.min(latentFrames, Math.max(first, next));
        }
    }

    /// Runs that carry state, of two latent frames; the first of three, or of four where the clip has an even number
    /// (CogVideoX, whose norms span a run).
    record Batches(VaeTraits.Grid grid) implements TimePlan {
        @Override
        public List<Span> spans(int latentFrames) {
            return new Streaming(grid, latentFrames % 2 == 0 ? 4 : 3, 2, 0).spans(latentFrames);
        }

        @Override
        public int longest(int latentFrames) {
            return Math.min(latentFrames, latentFrames % 2 == 0 ? 4 : 3);
        }
    }

    /// Overlapping runs without state, for decoders that look at the whole clip. A run after the first drops its
    /// first
    /// picture, which lacks what went before, and shares `window - 1 - stride` latent frames' pictures with the run
    /// before it.
    ///
    /// @param window latent frames of a run
    /// @param stride latent frames from run to run
    /// @param whole clips up to this many latent frames take one run
    record Windows(VaeTraits.Grid grid, int window, int stride, int whole) implements TimePlan {
        @Override
        public List<Span> spans(int latentFrames) {
            if (latentFrames <= whole) {
                return List.of(new Span(0, latentFrames, 0, 0, grid.pictures(latentFrames), 0));
            }
            List<Span> spans = new ArrayList<>();
            for (int at = 0; at < latentFrames; at += stride) {
                int count = Math.min(window, latentFrames - at);
                if (at > 0 && count == 1) {
                    continue;
                }
                int picture = at == 0 ? 0 : grid.pictures(at + 1);
                int blend = at == 0 ? 0 : spans.getLast().end() - picture;
                spans.add(new Span(at, count, at == 0 ? 0 : 1, picture, grid.pictures(at + count) - picture, blend));
            }
            return spans;
        }

        @Override
        public int longest(int latentFrames) {
            return latentFrames <= whole ? latentFrames : window;
        }
    }
}
