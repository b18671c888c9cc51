package dev.quantreel.nodes.report;

import dev.quantreel.engines.sampling.SamplingListener;
import dev.quantreel.engines.tensor.Tensor;
import dev.quantreel.nodes.measure.Candidate;
import dev.quantreel.nodes.measure.Figures;
import dev.quantreel.nodes.measure.Scene;
import dev.quantreel.nodes.measure.Yardstick;
import dev.quantreel.nodes.spi.NodeContext;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;

/// Measures every method on every scene. Where the references of all scenes fit into a gibibyte they run first, and
/// each method is opened once; otherwise scene by scene, which opens the methods anew for each. Not thread-safe.
final class CardRun {

    private static final long REFERENCES_BYTES = 1L << 30;
    private static final int TENSORS_OF_A_STEP = 3;
    private static final long PARTS = 1000;

    private final NodeContext context;
    private final KeptResults<Figures> results;
    private final List<Yardstick> yardsticks;
    private final List<Candidate> candidates;
    private final Figures[][] found;
    private long done;

    /// @param yardsticks one for each scene
    CardRun(NodeContext context, KeptResults<Figures> results, List<Yardstick> yardsticks, List<Candidate> candidates) {
        this.context = context;
        this.results = results;
        this.yardsticks = List.copyOf(yardsticks);
        this.candidates = List.copyOf(candidates);
        this.found = new Figures[candidates.size()][yardsticks.size()];
    }

    /// How many scenes' references are kept at once.
    static int together(Scene scene) {
        long latent = scene.latent().samples().data().byteSize();
        long reference = latent * TENSORS_OF_A_STEP * scene.sampler().steps();
        return (int) Math.clamp(REFERENCES_BYTES / reference, 1, Integer.MAX_VALUE);
    }

    /// Whether the references of so many scenes are kept at once.
    static boolean fitTogether(Scene scene, int scenes) {
        return scenes <= together(scene);
    }

    /// @param together whether all references are kept at once
    /// @return for each candidate its figures, scene by scene
    /// @throws Exception as Sample Video
    List<List<Figures>> measured(boolean together) throws Exception {
        if (together) {
            measure(List.copyOf(yardsticks));
        } else {
            for (Yardstick yardstick : yardsticks) {
                measure(List.of(yardstick));
                yardstick.forget();
            }
        }
        List<List<Figures>> all = new ArrayList<>();
        for (Figures[] row : found) {
            all.add(List.of(row));
        }
        return all;
    }

    private void measure(List<Yardstick> scenes) throws Exception {
        List<Yardstick> open = scenes.stream()
                .filter(scene -> candidates.stream().anyMatch(candidate -> results.find(scene.key(candidate))
                        .isEmpty()))
                .toList();
        for (Yardstick scene : open) {
            scene.prepare(new Steps("full precision"));
        }
        if (!open.isEmpty()) {
            open.getFirst().releaseReference();
        }
        for (int i = 0; i < candidates.size(); i++) {
            Candidate candidate = candidates.get(i);
            boolean used = false;
            for (Yardstick scene : scenes) {
                String key = scene.key(candidate);
                Optional<Figures> known = results.find(key);
                used |= known.isEmpty();
                Figures figures = known.isPresent() ? known.get() : run(scene, candidate, key);
                found[i][yardsticks.indexOf(scene)] = figures;
                done++;
            }
            if (used) {
                scenes.getFirst().release(candidate, Optional.empty());
            }
        }
    }

    private Figures run(Yardstick scene, Candidate candidate, String key) throws Exception {
        Figures figures = scene.measure(candidate, new Steps(candidate.name())).figures();
        results.add(key, candidate.name(), figures);
        return figures;
    }

    /// Progress within one generation.
    private final class Steps implements SamplingListener {

        private final String name;

        Steps(String name) {
            this.name = name;
        }

        @Override
        public void stepDone(int step, int total, Tensor clean) {
            long all = (long) candidates.size() * yardsticks.size();
            context.status(name + ", generation " + (done + 1) + "/" + all);
            context.progress(done * PARTS + PARTS * step / (total + 1), all * PARTS);
        }
    }
}
