package dev.quantreel.server.config;

import static org.assertj.core.api.Assertions.assertThat;

import dev.quantreel.server.execution.ExecutionEvent;
import dev.quantreel.server.execution.ExecutionEvent.NodeProgress;
import dev.quantreel.server.execution.ExecutionEvent.State;
import java.io.ByteArrayOutputStream;
import java.io.PrintStream;
import java.nio.charset.StandardCharsets;
import java.util.List;
import org.junit.jupiter.api.Test;

class TerminalProgressTest {

    private final ByteArrayOutputStream bytes = new ByteArrayOutputStream();

    private String show(boolean terminal, ExecutionEvent... events) {
        TerminalProgress progress =
                new TerminalProgress(new PrintStream(bytes, true, StandardCharsets.UTF_8), terminal, 2);
        List.of(events).forEach(progress::on);
        return bytes.toString(StandardCharsets.UTF_8);
    }

    private static ExecutionEvent[] oneNode() {
        return new ExecutionEvent[] {
            new ExecutionEvent.ProgressChanged("p", List.of(new NodeProgress("1", State.RUNNING, 0, 1))),
            new ExecutionEvent.NodeStarted("p", "1", "Load DiT"),
            new ExecutionEvent.Progressed("p", "1", 2, 4),
            new ExecutionEvent.Progressed("p", "1", 4, 4),
            new ExecutionEvent.ProgressChanged("p", List.of(new NodeProgress("1", State.FINISHED, 4, 4)))
        };
    }

    @Test
    void logGetsALineWhenANodeBeginsAndWhenItIsDone() {
        String text = show(false, oneNode());

        assertThat(text.lines().toList()).hasSize(2);
        assertThat(text).startsWith("[1/2] Load DiT\n[1/2] Load DiT: done (").doesNotContain("\u001b");
    }

    @Test
    void terminalGetsABarThatIsDrawnOver() {
        String text = show(true, oneNode());

        assertThat(text).contains("░".repeat(24) + " 0/1", "█".repeat(24) + " 4/4");
        assertThat(text.lines().toList()).hasSizeGreaterThanOrEqualTo(1);
        assertThat(text).endsWith(" s)\n");
    }

    @Test
    void interruptedNodeIsSaidToHaveStopped() {
        String text = show(
                false,
                new ExecutionEvent.NodeStarted("p", "1", "Sample Video"),
                new ExecutionEvent.Interrupted("p", "1", "SampleVideo", List.of(), 0));

        assertThat(text).contains("Sample Video: stopped");
    }
}
