package dev.quantreel.nodes.sampling;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatExceptionOfType;

import dev.quantreel.engines.cache.StepWindow;
import dev.quantreel.engines.dit.LatentSize;
import dev.quantreel.engines.dit.wan.WanConfig;
import dev.quantreel.engines.dit.wan.WanTransformer;
import dev.quantreel.engines.metrics.LatentMetrics;
import dev.quantreel.engines.sampling.SamplingTrace;
import dev.quantreel.engines.sampling.SamplingTrace.Decision;
import dev.quantreel.nodes.DemoPipeline;
import dev.quantreel.nodes.report.CalibrateMagCache;
import dev.quantreel.nodes.report.FitTeaCache;
import dev.quantreel.nodes.spi.NodeInputException;
import dev.quantreel.nodes.values.CachePlan;
import dev.quantreel.nodes.values.Trace;
import java.nio.file.Path;
import java.util.Optional;
import org.assertj.core.api.ThrowableAssert.ThrowingCallable;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/// Nodes of step caches on the demo model.
class StepCacheNodesTest {

    private static DemoPipeline demo;

    @BeforeAll
    static void open(@TempDir Path root) throws Exception {
        demo = DemoPipeline.in(root);
    }

    @AfterAll
    static void close() throws Exception {
        demo.context().close();
    }

    @Test
    void observingChangesNothingAndSeesEveryStep() throws Exception {
        SampleVideo.Outputs plain = demo.sample(demo.model());
        SampleVideo.Outputs observed = observed();
        SamplingTrace trace = observed.trace().steps();

        assertThat(observed.latent().samples().toFloatArray())
                .isEqualTo(plain.latent().samples().toFloatArray());
        assertThat(trace.signals()).hasSameSizeAs(trace.steps());
        assertThat(trace.magnitudeRatios().conditional()).hasSize(8).startsWith(1.0);
        assertThat(trace.magnitudeRatios().unconditional())
                .isNotEqualTo(trace.magnitudeRatios().conditional());
        assertThat(trace.signalPoints(CacheSignal.TIME_EMBEDDING.watched()))
                .hasSize(7)
                .allMatch(point -> point.signal() > 0 && point.output() > 0);
        assertThat(trace.signalPoints(CacheSignal.MODULATED_INPUT.watched())).isEmpty();
    }

    @Test
    void aFittedPolynomialSkipsStepsWhetherConnectedOrPasted() throws Exception {
        FitTeaCache.Outputs fit = new FitTeaCache().run(fit(observed().trace(), 2), demo.context());
        CachePlan pasted = new TeaCache()
                .run(
                        new TeaCache.Inputs("auto", 0.6, 0, 1, fit.coefficients(), CacheSignal.TIME_EMBEDDING),
                        demo.context())
                .cache();

        assertThat(fit.error()).isBetween(0.0, 1.0);
        assertThat(demo.context().folders().output().resolve("fit/tea_00001_.png"))
                .isNotEmptyFile();
        SampleVideo.Outputs connected = cached(fit.cache());
        assertThat(skipped(connected)).isPositive();
        assertThat(cached(pasted).latent().samples().toFloatArray())
                .isEqualTo(connected.latent().samples().toFloatArray());
        assertClose(connected);
    }

    @Test
    void magCacheWantsACalibrationForTheDemoModel() throws Exception {
        CachePlan published = new MagCache()
                .run(new MagCache.Inputs(0, 0, 0.2), demo.context())
                .cache();
        assertRejected("stepCache", () -> cached(published), "no published ratios", "Calibrate MagCache");

        CalibrateMagCache.Outputs calibrated = new CalibrateMagCache()
                .run(new CalibrateMagCache.Inputs(observed().trace(), 0.3, 2, 0.2, "fit/mag"), demo.context());
        SampleVideo.Outputs skipping = cached(calibrated.cache());
        assertThat(calibrated.ratios().lines()).hasSize(2);
        assertThat(demo.context().folders().output().resolve("fit/mag_00001_.png"))
                .isNotEmptyFile();
        assertThat(skipped(skipping)).isPositive();
        assertClose(skipping);
    }

    @Test
    void easyCacheLeavesTheWholeModelOut() throws Exception {
        CachePlan plan = new EasyCache()
                .run(new EasyCache.Inputs(0.5, 2), demo.context())
                .cache();
        SampleVideo.Outputs skipping = cached(plan);

        assertThat(skipping.trace().title()).contains("EasyCache");
        assertThat(skipping.trace().steps().steps())
                .allMatch(step -> step.conditional() == step.unconditional())
                .filteredOn(step -> step.conditional() == Decision.REUSED)
                .isNotEmpty()
                .allMatch(step ->
                        step.elapsed().preludeNanos() == 0 && step.elapsed().headNanos() == 0);
        assertClose(skipping);
    }

    @Test
    void theFirstBlockDecidesForEachBranch() throws Exception {
        SampleVideo.Outputs skipping = cached(firstBlock(0.3));
        SampleVideo.Outputs every = cached(firstBlock(1e-9));

        assertThat(LatentMetrics.relativeL2(
                        every.latent().samples(),
                        demo.sample(demo.model()).latent().samples()))
                .isLessThan(1e-4);
        assertThat(skipped(every)).isZero();
        assertThat(skipped(skipping)).isPositive();
        assertClose(skipping);
    }

    private static CachePlan firstBlock(double threshold) {
        return new FBCache()
                .run(new FBCache.Inputs(threshold, 0, 0, 1), demo.context())
                .cache();
    }

    @Test
    void whatDoesNotFitIsNamed() throws Exception {
        Trace plain = demo.sample(demo.model()).trace();

        assertRejected("trace", () -> new FitTeaCache().run(fit(plain, 4), demo.context()), "Observe Signals");
        assertRejected(
                "trace",
                () -> new CalibrateMagCache()
                        .run(new CalibrateMagCache.Inputs(plain, 0.1, 2, 0.2, "x"), demo.context()),
                "Observe Signals");
        assertRejected("retainedSteps", () -> new EasyCache.Inputs(0.1, 1), "is 1");
        assertRejected(
                "coefficients",
                () -> new TeaCache()
                        .run(
                                new TeaCache.Inputs("auto", 0, 0, 1, "1, two", CacheSignal.TIME_EMBEDDING),
                                demo.context()),
                "'two'",
                "separated by commas");
    }

    @Test
    void recommendedThresholdsAllowForTheNoiseOfQuantizedActivations() {
        WanTransformer wan = new WanTransformer(new WanConfig(16, 16, 1536, 8960, 12, 30, 4096, 256, 512, 0, false));
        CachePlan easy = new CachePlan.Easy(0, 0);
        CachePlan first = new CachePlan.FirstBlock(0, 0, StepWindow.ALL);

        assertThat(easy.resolve(target(wan, false))).isEqualTo(new dev.quantreel.engines.cache.EasyCache(0.05, 10));
        assertThat(easy.resolve(target(wan, true)))
                .isEqualTo(new dev.quantreel.engines.cache.EasyCache(0.05 * 1.5, 10));
        assertThat(first.resolve(target(wan, true)))
                .isEqualTo(new dev.quantreel.engines.cache.FirstBlockCache(0.08 * 1.5, 0, StepWindow.ALL));
        assertThat(new CachePlan.Mag(Optional.empty(), 0, 4, 0.2).resolve(target(wan, true)))
                .isInstanceOfSatisfying(dev.quantreel.engines.cache.MagCache.class, mag -> {
                    assertThat(mag.threshold()).isEqualTo(0.12);
                    assertThat(mag.longestRun()).isEqualTo(4);
                    assertThat(mag.ratios().conditional()).hasSize(50).endsWith(0.81838);
                    assertThat(mag.ratios().unconditional()).hasSize(50).endsWith(0.81939);
                });
    }

    private static CachePlan.Target target(WanTransformer wan, boolean quantized) {
        return new CachePlan.Target(wan.facts(), new LatentSize(21, 60, 104), 50, quantized);
    }

    private static FitTeaCache.Inputs fit(Trace trace, int degree) {
        return new FitTeaCache.Inputs(
                trace,
                Optional.empty(),
                Optional.empty(),
                Optional.empty(),
                CacheSignal.TIME_EMBEDDING,
                degree,
                0.6,
                "fit/tea");
    }

    private static SampleVideo.Outputs observed() throws Exception {
        return cached(new ObserveSignals()
                .run(new ObserveSignals.Inputs(), demo.context())
                .cache());
    }

    private static SampleVideo.Outputs cached(CachePlan plan) throws Exception {
        return demo.sample(demo.model(), Optional.empty(), Optional.of(plan));
    }

    private static long skipped(SampleVideo.Outputs sampled) {
        return sampled.trace().steps().reusedPasses();
    }

    private static void assertClose(SampleVideo.Outputs sampled) throws Exception {
        assertThat(LatentMetrics.relativeL2(
                        sampled.latent().samples(),
                        demo.sample(demo.model()).latent().samples()))
                .isBetween(1e-5, 0.8);
    }

    private static void assertRejected(String port, ThrowingCallable run, String... parts) {
        assertThatExceptionOfType(NodeInputException.class)
                .isThrownBy(run)
                .withMessageContainingAll(parts)
                .satisfies(e -> assertThat(e.port()).isEqualTo(port));
    }
}
