package dev.quantreel.engines.cache;

/// First-block cache (FBCache, chengzeyi/ParaAttention): runs the first block at every step, and the others only when
/// what the first one changes differs enough from what it changed at the last computed step.
///
/// @param threshold relative L1 that calls for a computed step; 0 computes every step
/// @param longestRun most steps in a row that are skipped; 0 for any
/// @param window where steps may be skipped
public record FirstBlockCache(double threshold, int longestRun, StepWindow window) implements StepCache {

    public FirstBlockCache {
        if (!(threshold >= 0)) {
            throw new IllegalArgumentException(
                    "the threshold of the first-block cache is " + threshold + ", expected 0 or more");
        }
        if (longestRun < 0) {
            throw new IllegalArgumentException("the longest run is " + longestRun + " steps, expected 0 or more");
        }
    }

    @Override
    public Watched watched() {
        return Watched.FIRST_BLOCK;
    }

    @Override
    public Reach reach() {
        return Reach.LATER_BLOCKS;
    }

    @Override
    public String title() {
        return "FBCache";
    }

    @Override
    public CacheTracker start(int steps) {
        return new ComparingTracker(ComparingTracker.Against.LAST_COMPUTED) {
            private int run;

            @Override
            boolean decide(int step, double relativeL1) {
                boolean ended = longestRun > 0 && run >= longestRun;
                boolean reuses = !ended && window.contains(step, steps) && relativeL1 < threshold;
                run = reuses ? run + 1 : 0;
                return reuses;
            }
        };
    }
}
