package dev.quantreel.engines.evaluation;

import static org.assertj.core.api.Assertions.assertThat;

import dev.quantreel.engines.evaluation.InterruptBenchmark.Stop;
import java.util.List;
import java.util.concurrent.CountDownLatch;
import org.junit.jupiter.api.Test;

class InterruptBenchmarkTest {

    @Test
    void aStopIsMeasuredFromTheRequestUntilTheWorkEnds() throws InterruptedException {
        List<Stop> stops = InterruptBenchmark.measure(
                token -> {
                    CountDownLatch asked = new CountDownLatch(1);
                    token.onCancel(asked::countDown);
                    try {
                        asked.await();
                    } catch (InterruptedException e) {
                        Thread.currentThread().interrupt();
                    }
                    token.throwIfCancelled();
                },
                List.of(0.01, 0.02));

        assertThat(stops).extracting(Stop::delaySeconds).containsExactly(0.01, 0.02);
        assertThat(stops).allSatisfy(stop -> assertThat(stop.stopSeconds()).isPositive());
    }

    @Test
    void workThatIsDoneBeforeHasNoFigure() throws InterruptedException {
        assertThat(InterruptBenchmark.measure(token -> {}, List.of(5.0)))
                .singleElement()
                .satisfies(stop -> assertThat(stop.stopSeconds()).isNaN());
    }
}
