package dev.quantreel.engines.golden;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.within;

import dev.quantreel.engines.cache.CacheTracker;
import dev.quantreel.engines.cache.EasyCache;
import dev.quantreel.engines.cache.FirstBlockCache;
import dev.quantreel.engines.cache.MagCache;
import dev.quantreel.engines.cache.MagnitudeRatios;
import dev.quantreel.engines.cache.StepCache;
import dev.quantreel.engines.cache.StepCache.Watched;
import dev.quantreel.engines.cache.StepWindow;
import dev.quantreel.engines.cache.TeaCache;
import dev.quantreel.engines.cache.TeaCacheFit;
import dev.quantreel.engines.cache.TeaCacheProfile;
import dev.quantreel.engines.schedule.BitTracker;
import dev.quantreel.engines.schedule.DeltaGbs;
import dev.quantreel.engines.tensor.Shape;
import dev.quantreel.engines.tensor.Tensor;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.stream.IntStream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/// Caches and δ-GBS decide as an independent implementation of their papers does (`tools/reference/step_caches.py`).
class StepCacheGoldenTest {

    private static final GoldenFile GOLDEN =
            GoldenFile.open(Path.of("src/test/resources/golden/step_caches.safetensors"));

    @ParameterizedTest
    @CsvSource({
        "identity, IDENTITY, 0.1",
        "wan_1_3b, WAN_T2V_1_3B, 0.3",
        "wan_14b_ret, WAN_T2V_14B_RET, 0.2",
        "hunyuan, HUNYUAN_VIDEO, 0.15"
    })
    void teaCache(String name, TeaCacheProfile profile, double threshold) {
        assertThat(computed(TeaCache.of(profile, threshold), rows("in.signal")))
                .isEqualTo(golden("out.teacache." + name));
    }

    @ParameterizedTest
    @CsvSource({"50, 0.12, 2, 0.2", "50, 0.24, 6, 0.2", "20, 0.12, 4, 0.1", "7, 0.06, 3, 0.2"})
    void magCache(int steps, double threshold, int longest, double retention) {
        List<Double> ratios = doubles("in.ratios");
        List<Double> others = ratios.stream().map(ratio -> ratio * 1.5).toList();
        StepCache cache = new MagCache(new MagnitudeRatios(ratios, others), threshold, longest, retention);
        StepCache swapped = new MagCache(new MagnitudeRatios(others, ratios), threshold, longest, retention);
        List<Tensor> watched = rows("in.signal").subList(0, steps);

        List<Integer> expected = golden("out.magcache." + steps + "." + longest);
        assertThat(computed(cache.start(steps), watched)).isEqualTo(expected);
        assertThat(computed(swapped.startUnconditional(steps), watched)).isEqualTo(expected);
    }

    @ParameterizedTest
    @CsvSource({"0.05, 10", "0.2, 5"})
    void easyCache(double threshold, int retained) {
        int steps = 50;
        CacheTracker tracker = new EasyCache(threshold, retained).start(steps);
        Tensor latent = GOLDEN.tensor("in.latent");
        List<Integer> computed = new ArrayList<>();
        float[] path = GOLDEN.tensor("out.easycache." + retained + ".path").toFloatArray();
        for (int step = 0; step < steps; step++) {
            float[] x = latent.toFloatArray();
            for (int i = 0; i < x.length; i++) {
                assertThat(x[i]).isCloseTo(path[step * x.length + i], within(1e-4f));
            }
            Tensor velocity;
            if (tracker.reuses(step, latent)) {
                velocity = tracker.reuse(latent);
                computed.add(0);
            } else {
                velocity = velocity(x, step);
                tracker.computed(latent, velocity);
                computed.add(1);
            }
            float[] v = velocity.toFloatArray();
            for (int i = 0; i < x.length; i++) {
                x[i] -= v[i] / steps;
            }
            latent = Tensor.of(Shape.of(x.length), x);
        }
        assertThat(computed).isEqualTo(golden("out.easycache." + retained));
    }

    private static Tensor velocity(float[] x, int step) {
        float[] v = new float[x.length];
        for (int i = 0; i < x.length; i++) {
            v[i] = (float) (0.3 * x[i] + 0.5 * Math.sin(step / 12.0) * x[x.length - 1 - i]);
        }
        return Tensor.of(Shape.of(x.length), v);
    }

    @ParameterizedTest
    @CsvSource({"0.06, 0", "0.12, 2"})
    void firstBlockCache(double threshold, int longest) {
        assertThat(computed(new FirstBlockCache(threshold, longest, StepWindow.ALL), rows("in.residuals")))
                .isEqualTo(golden("out.first_block." + longest));
    }

    @ParameterizedTest
    @CsvSource({"0.02, 1, 0, 0.02", "0.1, 1, 0, 0.1", "0.3, 1, 0, 0.3", "0.2, 3, 4, forced"})
    void deltaGbs(double delta, int first, int last, String name) {
        List<Double> changes = doubles("in.changes");
        BitTracker tracker = new DeltaGbs(delta, 4, 8, first, last).start(changes.size() + 1);
        List<Integer> bits = new ArrayList<>();
        for (int step = 0; step <= changes.size(); step++) {
            bits.add(tracker.bits(step));
            if (step > 0) {
                tracker.observed(step, changes.get(step - 1));
            }
        }
        assertThat(bits).isEqualTo(golden("out.delta_gbs." + name));
    }

    @Test
    void fittedPolynomials() {
        List<Double> signal = doubles("in.fit.signal");
        List<Double> output = doubles("in.fit.output");
        List<TeaCacheFit.Point> points = IntStream.range(0, signal.size())
                .mapToObj(i -> new TeaCacheFit.Point(signal.get(i), output.get(i)))
                .toList();
        for (int degree = 1; degree <= 4; degree++) {
            TeaCacheFit fit = TeaCacheFit.fit("m", Watched.TIME_EMBEDDING, points, degree);
            List<Double> expected = doubles("out.fit." + degree);
            for (int i = 0; i < points.size(); i++) {
                assertThat(fit.estimate(signal.get(i))).isCloseTo(expected.get(i), within(1e-6));
            }
        }
    }

    /// 1 where a step is computed.
    private static List<Integer> computed(StepCache cache, List<Tensor> watched) {
        return computed(cache.start(watched.size()), watched);
    }

    private static List<Integer> computed(CacheTracker tracker, List<Tensor> watched) {
        Tensor tokens = Tensor.of(Shape.of(1, 1, 2), 1, 2);
        List<Integer> computed = new ArrayList<>();
        for (int step = 0; step < watched.size(); step++) {
            if (tracker.reuses(step, watched.get(step))) {
                computed.add(0);
            } else {
                tracker.computed(tokens, tokens);
                computed.add(1);
            }
        }
        return computed;
    }

    private static List<Tensor> rows(String name) {
        Tensor table = GOLDEN.tensor(name);
        float[] values = table.toFloatArray();
        int width = (int) table.shape().dim(1);
        return IntStream.range(0, (int) table.shape().dim(0))
                .mapToObj(row -> {
                    float[] own = new float[width];
                    System.arraycopy(values, row * width, own, 0, width);
                    return Tensor.of(Shape.of(width), own);
                })
                .toList();
    }

    private static List<Double> doubles(String name) {
        List<Double> values = new ArrayList<>();
        for (float value : GOLDEN.tensor(name).toFloatArray()) {
            values.add((double) value);
        }
        return values;
    }

    private static List<Integer> golden(String name) {
        return doubles(name).stream().map(Double::intValue).toList();
    }
}
