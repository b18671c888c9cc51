package dev.quantreel.server.execution;

import dev.quantreel.nodes.spi.WorkflowMetadata;
import dev.quantreel.server.graph.ExecutionGraph;
import java.lang.System.Logger;
import java.lang.System.Logger.Level;
import java.util.ArrayList;
import java.util.Collection;
import java.util.Comparator;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.OptionalDouble;
import java.util.PriorityQueue;
import java.util.Set;
import java.util.concurrent.CopyOnWriteArrayList;

/// The queue and its one worker: takes requests, runs the one with the lowest number, remembers how it ended.
/// Thread-safe. Owns the [Executor].
public final class PromptService implements AutoCloseable {

    private static final Logger LOG = System.getLogger(PromptService.class.getName());
    private static final int MAX_PENDING = 10_000;

    private final Executor executor;
    private final List<ExecutionListener> listeners = new CopyOnWriteArrayList<>();
    private final Object lock = new Object();
    private final PriorityQueue<Waiting> pending =
            new PriorityQueue<>(Comparator.comparingDouble(Waiting::number).thenComparingLong(Waiting::arrival));
    private final Set<String> known = new HashSet<>();
    private final History history = new History();
    private final Thread worker;
    private Optional<Current> current = Optional.empty();
    private volatile Optional<String> currentNode = Optional.empty();
    private long arrivals;
    private long counter;
    private boolean unloadAsked;
    private boolean forgetAsked;
    private boolean closed;

    public PromptService(Executor executor) {
        this.executor = executor;
        this.worker = Thread.ofPlatform().name("quantreel-executor").daemon().unstarted(this::work);
    }

    private record Waiting(ExecutionRequest request, long arrival) {
        double number() {
            return request.ticket().number();
        }
    }

    private record Current(ExecutionRequest request, Interrupt interrupt, long startedAtMillis) {}

    /// A request before it has a number.
    ///
    /// @param number place in the queue; the next number when empty
    /// @param front before everything that has no number of its own
    public record Submission(
            String promptId,
            OptionalDouble number,
            boolean front,
            ExecutionGraph graph,
            String promptJson,
            String extraDataJson,
            Optional<String> clientId,
            Optional<String> workflowId,
            WorkflowMetadata metadata) {}

    /// Starts the worker.
    public void start() {
        worker.start();
    }

    public void addListener(ExecutionListener listener) {
        listeners.add(listener);
    }

    /// Puts a request into the queue.
    ///
    /// @throws QueueException when its id is in use, or the queue is full
    public ExecutionRequest.Ticket submit(Submission submission) {
        ExecutionRequest.Ticket ticket;
        synchronized (lock) {
            refuse(submission.promptId());
            double number = submission.number().orElse(submission.front() ? -counter : counter);
            counter++;
            ticket = new ExecutionRequest.Ticket(
                    submission.promptId(),
                    number,
                    submission.promptJson(),
                    submission.extraDataJson(),
                    submission.graph().outputIds(),
                    submission.clientId(),
                    submission.workflowId(),
                    System.currentTimeMillis());
            known.add(ticket.promptId());
            pending.add(
                    new Waiting(new ExecutionRequest(ticket, submission.graph(), submission.metadata()), arrivals++));
            queueChanged();
            lock.notifyAll();
        }
        return ticket;
    }

    private void refuse(String promptId) {
        if (closed) {
            throw new QueueException(QueueException.Reason.CLOSED, "the server is shutting down");
        }
        if (known.contains(promptId) || history.find(promptId).isPresent()) {
            throw new QueueException(
                    QueueException.Reason.DUPLICATE,
                    "prompt_id " + promptId + " is in use already; leave it out or send a new UUID");
        }
        if (pending.size() >= MAX_PENDING) {
            throw new QueueException(
                    QueueException.Reason.FULL, "the queue is full, " + MAX_PENDING + " prompts wait; try again later");
        }
    }

    /// The queue now.
    public QueueSnapshot queue() {
        synchronized (lock) {
            List<Waiting> waiting = new ArrayList<>(pending);
            waiting.sort(Comparator.comparingDouble(Waiting::number).thenComparingLong(Waiting::arrival));
            return new QueueSnapshot(
                    current.map(run ->
                            new QueueSnapshot.Running(run.request().ticket(), run.startedAtMillis(), currentNode)),
                    waiting.stream().map(item -> item.request().ticket()).toList());
        }
    }

    /// Number of requests waiting or running.
    public int remaining() {
        synchronized (lock) {
            return pending.size() + (current.isPresent() ? 1 : 0);
        }
    }

    /// Takes waiting requests out of the queue; the running one is not touched.
    ///
    /// @return how many were taken out
    public int delete(Collection<String> promptIds) {
        synchronized (lock) {
            int before = pending.size();
            pending.removeIf(item -> {
                String promptId = item.request().ticket().promptId();
                return promptIds.contains(promptId) && known.remove(promptId);
            });
            queueChanged();
            return before - pending.size();
        }
    }

    /// Takes all waiting requests out of the queue.
    public void clear() {
        synchronized (lock) {
            pending.forEach(item -> known.remove(item.request().ticket().promptId()));
            pending.clear();
            queueChanged();
        }
    }

    /// Stops the running request.
    ///
    /// @param promptId only if this one runs; whichever runs when empty
    /// @return whether one was asked to stop
    public boolean interrupt(Optional<String> promptId) {
        Optional<Current> running;
        synchronized (lock) {
            running = current.filter(run -> promptId.isEmpty()
                    || promptId.get().equals(run.request().ticket().promptId()));
        }
        running.ifPresent(run -> run.interrupt().cancel());
        return running.isPresent();
    }

    /// Asks the worker to give memory back as soon as nothing runs.
    ///
    /// @param unload close models and other resources
    /// @param forget forget results
    public void free(boolean unload, boolean forget) {
        synchronized (lock) {
            unloadAsked |= unload;
            forgetAsked |= forget;
            lock.notifyAll();
        }
    }

    /// Ended requests, oldest first.
    public List<HistoryEntry> history() {
        synchronized (lock) {
            return history.all();
        }
    }

    public Optional<HistoryEntry> history(String promptId) {
        synchronized (lock) {
            return history.find(promptId);
        }
    }

    public void deleteHistory(Collection<String> promptIds) {
        synchronized (lock) {
            history.delete(promptIds);
        }
    }

    public void clearHistory() {
        synchronized (lock) {
            history.clear();
        }
    }

    /// Stops the running request and the worker, and closes the executor.
    @Override
    public void close() {
        synchronized (lock) {
            closed = true;
            pending.clear();
            lock.notifyAll();
        }
        interrupt(Optional.empty());
        try {
            worker.join(10_000);
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
        }
        if (!worker.isAlive()) {
            executor.close();
        }
    }

    private void work() {
        Optional<Current> next = take();
        while (next.isPresent()) {
            run(next.get());
            next = take();
        }
    }

    /// Waits for something to run; empty when the service was closed.
    private Optional<Current> take() {
        synchronized (lock) {
            while (!closed) {
                freeMemory();
                Waiting waiting = pending.poll();
                if (waiting != null) {
                    Current taken = new Current(waiting.request(), new Interrupt(), System.currentTimeMillis());
                    current = Optional.of(taken);
                    queueChanged();
                    return current;
                }
                try {
                    lock.wait();
                } catch (InterruptedException e) {
                    LOG.log(Level.DEBUG, "a node left the worker interrupted", e);
                }
            }
            return Optional.empty();
        }
    }

    private void freeMemory() {
        if (unloadAsked) {
            executor.unloadResources();
        }
        if (forgetAsked) {
            executor.forgetResults();
        }
        if (unloadAsked || forgetAsked) {
            unloadAsked = false;
            forgetAsked = false;
            System.gc(); // native memory of tensors is given back when their owners are collected
        }
    }

    @SuppressWarnings("checkstyle:IllegalCatch") // the worker must survive whatever happens to one request
    private void run(Current run) {
        ExecutionRequest.Ticket ticket = run.request().ticket();
        try {
            ExecutionResult result = executor.run(run.request(), run.interrupt(), event -> told(event, ticket));
            ended(run, result);
        } catch (Throwable e) {
            LOG.log(Level.ERROR, "prompt " + ticket.promptId() + " could not be run", e);
            Failure failure = new Failure(
                    "",
                    "",
                    "",
                    e.getClass().getName(),
                    "internal error: " + e,
                    Optional.empty(),
                    Execution.traceOf(e),
                    Map.of(),
                    List.of());
            told(new ExecutionEvent.Failed(ticket.promptId(), failure, System.currentTimeMillis()), ticket);
            ended(run, new ExecutionResult(new ExecutionResult.Outcome.Error(failure), Map.of(), List.of(), List.of()));
        }
    }

    private void ended(Current run, ExecutionResult result) {
        ExecutionRequest.Ticket ticket = run.request().ticket();
        synchronized (lock) {
            history.add(new HistoryEntry(ticket, result, run.startedAtMillis(), System.currentTimeMillis()));
            known.remove(ticket.promptId());
            current = Optional.empty();
            currentNode = Optional.empty();
            queueChanged();
        }
        told(new ExecutionEvent.Ended(ticket.promptId()), ticket);
    }

    private void told(ExecutionEvent event, ExecutionRequest.Ticket ticket) {
        if (event instanceof ExecutionEvent.NodeStarted started) {
            currentNode = Optional.of(started.nodeId());
        }
        tell(event, ticket.clientId());
    }

    private void queueChanged() {
        tell(new ExecutionEvent.QueueChanged(pending.size() + (current.isPresent() ? 1 : 0)), Optional.empty());
    }

    private void tell(ExecutionEvent event, Optional<String> clientId) {
        for (ExecutionListener listener : listeners) {
            listener.on(event, clientId);
        }
    }
}
