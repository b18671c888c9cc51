package dev.quantreel.engines.torch;

import ai.djl.Device;
import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.NDManager;
import ai.djl.training.GradientCollector;
import dev.quantreel.engines.onnx.OnnxModel;
import dev.quantreel.engines.onnx.proto.Onnx.NodeProto;
import dev.quantreel.engines.runtime.CancellationToken;
import dev.quantreel.engines.runtime.Engine;
import dev.quantreel.engines.tensor.Tensor;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import java.util.concurrent.CancellationException;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;
import java.util.concurrent.locks.ReentrantLock;

/// A graph that can be differentiated: loss and gradients of some of its inputs. What does not depend on activations is
/// computed by an inference engine, once for each set of input shapes; the rest runs node by node in PyTorch.
///
/// Standard operators only ([dev.quantreel.engines.onnx.Dialect#STANDARD]). Not thread-safe. PyTorch works on a thread
/// of its own, so that whoever waits for it can stop waiting: a product that runs ends by itself, and what it was for
/// is given up.
public final class TorchGraph implements AutoCloseable {

    /// Deep Java Library collects one gradient at a time in a process.
    private static final ReentrantLock COLLECTOR = new ReentrantLock();

    private static final long POLL_MILLIS = 20;

    private final Engine engine;
    private final StaticValues statics;
    private final List<NodeProto> nodes;
    private final NDManager manager;
    private final ExecutorService thread;
    private final Map<List<String>, Prepared> byShapes = new HashMap<>();

    /// Known values and the arrays made of them.
    private record Prepared(Map<String, Tensor> known, Map<String, NDArray> constants) {}

    /// One thing to learn from.
    ///
    /// @param inputs of the graph, parameters apart
    /// @param targets what outputs should be, by name
    public record Example(Map<String, Tensor> inputs, Map<String, Tensor> targets) {}

    /// What came of an example.
    ///
    /// @param error relative squared error
    /// @param temporal temporal divergence, not yet weighted
    /// @param gradients of the loss by parameter; none where they were not asked for
    public record Outcome(double error, double temporal, Map<String, float[]> gradients) {

        /// @param objective that it was computed for
        public double loss(Objective objective) {
            return error + objective.temporalWeight() * temporal;
        }
    }

    private TorchGraph(Engine engine, StaticValues statics, NDManager manager) {
        this.engine = engine;
        this.statics = statics;
        this.manager = manager;
        this.nodes = statics.model().proto().getGraph().getNodeList().stream()
                .filter(node -> !statics.names().contains(node.getOutput(0)))
                .toList();
        this.thread = Executors.newSingleThreadExecutor(
                Thread.ofPlatform().daemon().name("training").factory());
    }

    /// @param engine computes what does not depend on activations
    /// @throws IllegalStateException when PyTorch is not there, see [TorchEngine#obstacle]
    public static TorchGraph open(Engine engine, OnnxModel model) {
        NDManager manager = TorchEngine.start().newBaseManager(Device.cpu());
        return new TorchGraph(engine, StaticValues.of(model), manager);
    }

    /// Runs the graph forward.
    ///
    /// @throws CancellationException when `cancellation` asked to stop, at once
    public Outcome loss(
            Example example, Map<String, Tensor> parameters, Objective objective, CancellationToken cancellation) {
        return call(example, parameters, cancellation, values -> {
            new TorchInterpreter(cancellation).run(nodes, values);
            return outcome(TorchLoss.of(values, example.targets, objective), Map.of());
        });
    }

    /// Runs the graph forward and back.
    ///
    /// @param parameters inputs that the loss is differentiated by
    /// @throws CancellationException when `cancellation` asked to stop, at once
    public Outcome gradients(
            Example example, Map<String, Tensor> parameters, Objective objective, CancellationToken cancellation) {
        return call(example, parameters, cancellation, values -> {
            try (GradientCollector collector = TorchEngine.start().newGradientCollector()) {
                parameters.keySet().forEach(name -> values.array(name).setRequiresGradient(true));
                new TorchInterpreter(cancellation).run(nodes, values);
                TorchLoss loss = TorchLoss.of(values, example.targets, objective);
                cancellation.throwIfCancelled();
                collector.backward(loss.total());
                Map<String, float[]> gradients = new TreeMap<>();
                for (String name : parameters.keySet()) {
                    try (NDArray gradient = values.array(name).getGradient()) {
                        gradients.put(name, gradient.toFloatArray());
                    }
                }
                return outcome(loss, gradients);
            }
        });
    }

    private static Outcome outcome(TorchLoss loss, Map<String, float[]> gradients) {
        return new Outcome(loss.error().getFloat(), loss.temporal().getFloat(), gradients);
    }

    /// Work on the values of one example.
    private interface Work {
        Outcome on(TorchValues values);
    }

    private Outcome call(Example example, Map<String, Tensor> parameters, CancellationToken cancellation, Work work) {
        cancellation.throwIfCancelled();
        Map<String, Tensor> all = new HashMap<>(example.inputs);
        all.putAll(parameters);
        Prepared prepared = prepared(all, cancellation);
        return awaited(
                thread.submit(() -> {
                    COLLECTOR.lockInterruptibly();
                    try (NDManager own = manager.newSubManager()) {
                        TorchValues values =
                                new TorchValues(prepared.known, prepared.constants, manager, own, new HashMap<>());
                        all.forEach((name, tensor) -> {
                            if (!statics.names().contains(name)) {
                                values.put(name, TorchValues.array(own, tensor));
                            }
                        });
                        return work.on(values);
                    } finally {
                        COLLECTOR.unlock();
                    }
                }),
                cancellation);
    }

    private Prepared prepared(Map<String, Tensor> inputs, CancellationToken cancellation) {
        List<String> key = statics.key(inputs);
        Prepared known = byShapes.get(key);
        if (known == null) {
            known = new Prepared(statics.computed(engine, inputs, cancellation), new HashMap<>());
            byShapes.put(key, known);
        }
        return known;
    }

    private static Outcome awaited(Future<Outcome> future, CancellationToken cancellation) {
        while (true) {
            try {
                return future.get(POLL_MILLIS, TimeUnit.MILLISECONDS);
            } catch (TimeoutException e) {
                cancellation.throwIfCancelled();
            } catch (InterruptedException e) {
                Thread.currentThread().interrupt();
                throw new CancellationException("interrupted");
            } catch (ExecutionException e) {
                if (e.getCause() instanceof RuntimeException failure) {
                    throw failure;
                }
                throw new IllegalStateException("training failed: " + e.getCause(), e.getCause());
            }
        }
    }

    /// Frees the weights as soon as PyTorch has nothing to do any more.
    @Override
    public void close() {
        thread.execute(manager::close);
        thread.shutdown();
    }
}
