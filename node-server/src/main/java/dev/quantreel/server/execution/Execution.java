package dev.quantreel.server.execution;

import dev.quantreel.nodes.spi.NodeFolders;
import dev.quantreel.server.execution.ExecutionEvent.NodeProgress;
import dev.quantreel.server.execution.ExecutionEvent.State;
import java.util.ArrayList;
import java.util.Iterator;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.function.Consumer;

/// One request being run: who listens, how far its nodes are, and whether it is to stop. Thread-safe.
final class Execution {

    /// So many nodes are told with each change; all of a graph of 10,000 would be quadratic.
    private static final int MAX_STATES_TOLD = 128;

    private final ExecutionRequest request;
    private final NodeFolders folders;
    private final Interrupt interrupt;
    private final Consumer<ExecutionEvent> events;
    private final LinkedHashMap<String, NodeProgress> states = new LinkedHashMap<>();

    Execution(ExecutionRequest request, NodeFolders folders, Interrupt interrupt, Consumer<ExecutionEvent> events) {
        this.request = request;
        this.folders = folders;
        this.interrupt = interrupt;
        this.events = events;
    }

    ExecutionRequest request() {
        return request;
    }

    String promptId() {
        return request.ticket().promptId();
    }

    NodeFolders folders() {
        return folders;
    }

    Interrupt interrupt() {
        return interrupt;
    }

    synchronized void emit(ExecutionEvent event) {
        events.accept(event);
    }

    synchronized void progressed(String nodeId, long value, long max) {
        emit(new ExecutionEvent.Progressed(promptId(), nodeId, value, max));
        changed(new NodeProgress(nodeId, State.RUNNING, value, max));
    }

    synchronized void changed(NodeProgress state) {
        states.remove(state.nodeId());
        states.put(state.nodeId(), state);
        if (states.size() > MAX_STATES_TOLD) {
            forgetOldestFinished();
        }
        emit(new ExecutionEvent.ProgressChanged(promptId(), new ArrayList<>(states.values())));
    }

    synchronized void finished(String nodeId) {
        NodeProgress before = states.get(nodeId);
        long max = before == null ? 1 : before.max();
        changed(new NodeProgress(nodeId, State.FINISHED, max, max));
    }

    synchronized void failed(String nodeId) {
        NodeProgress before = states.getOrDefault(nodeId, new NodeProgress(nodeId, State.ERROR, 0, 1));
        changed(new NodeProgress(nodeId, State.ERROR, before.value(), before.max()));
    }

    private void forgetOldestFinished() {
        Iterator<Map.Entry<String, NodeProgress>> oldestFirst =
                states.entrySet().iterator();
        while (oldestFirst.hasNext()) {
            if (oldestFirst.next().getValue().state() == State.FINISHED) {
                oldestFirst.remove();
                return;
            }
        }
    }

    static List<String> traceOf(Throwable thrown) {
        List<String> lines = new ArrayList<>();
        for (Throwable cause = thrown; cause != null && lines.size() < 60; cause = cause.getCause()) {
            lines.add((lines.isEmpty() ? "" : "Caused by: ") + cause);
            StackTraceElement[] frames = cause.getStackTrace();
            for (int i = 0; i < Math.min(frames.length, 12); i++) {
                lines.add("    at " + frames[i]);
            }
        }
        return List.copyOf(lines);
    }
}
