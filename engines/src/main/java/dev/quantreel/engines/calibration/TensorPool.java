package dev.quantreel.engines.calibration;

import dev.quantreel.engines.runtime.CancellationToken;
import dev.quantreel.engines.runtime.Session;
import dev.quantreel.engines.tensor.DType;
import dev.quantreel.engines.tensor.Shape;
import dev.quantreel.engines.tensor.Tensor;
import java.lang.foreign.Arena;
import java.util.ArrayDeque;
import java.util.Collections;
import java.util.Deque;
import java.util.HashMap;
import java.util.IdentityHashMap;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Set;

/// Memory for outputs that is used again: the outputs of one run after the other would else wait for the collector,
/// which native memory does not wake. Not thread-safe.
final class TensorPool implements AutoCloseable {

    private final Arena arena = Arena.ofShared();
    private final Map<Type, Deque<Tensor>> free = new HashMap<>();
    private final Set<Tensor> own = Collections.newSetFromMap(new IdentityHashMap<>());
    private final Map<Session, Map<List<Shape>, Map<String, Type>>> known = new IdentityHashMap<>();

    private record Type(DType dtype, Shape shape) {
        static Type of(Tensor tensor) {
            return new Type(tensor.dtype(), tensor.shape());
        }
    }

    /// Runs a session; what it puts out is to be given back ([#giveBack]).
    ///
    /// @param inputs may hold more than the session reads
    Map<String, Tensor> run(Session session, Map<String, Tensor> inputs, CancellationToken cancellation) {
        Map<String, Tensor> taken = taken(session, inputs);
        List<Shape> shapes =
                session.inputs().stream().map(name -> of(taken, name).shape()).toList();
        Map<List<Shape>, Map<String, Type>> ofSession = known.computeIfAbsent(session, missing -> new HashMap<>());
        Map<String, Type> types = ofSession.get(shapes);
        if (types == null) {
            Map<String, Tensor> outputs = session.run(taken, cancellation);
            Map<String, Type> learned = new HashMap<>();
            outputs.forEach((name, tensor) -> learned.put(name, Type.of(tensor)));
            ofSession.put(shapes, learned);
            return outputs;
        }
        Map<String, Tensor> outputs = new HashMap<>();
        types.forEach((name, type) -> outputs.put(name, take(type)));
        session.runInto(taken, outputs, cancellation);
        return outputs;
    }

    /// What a session reads, out of what there is.
    static Map<String, Tensor> taken(Session session, Map<String, Tensor> inputs) {
        Map<String, Tensor> taken = new HashMap<>();
        session.inputs().forEach(name -> taken.put(name, of(inputs, name)));
        return taken;
    }

    private static Tensor of(Map<String, Tensor> tensors, String name) {
        return Objects.requireNonNull(tensors.get(name), () -> "no " + name + " among " + tensors.keySet());
    }

    private Tensor take(Type type) {
        Deque<Tensor> waiting = free.get(type);
        if (waiting != null && !waiting.isEmpty()) {
            return waiting.pop();
        }
        Tensor made = Tensor.allocate(type.dtype, type.shape, arena);
        own.add(made);
        return made;
    }

    /// Takes a tensor back; one that is not of this pool is left to the collector.
    void giveBack(Tensor tensor) {
        if (own.contains(tensor)) {
            free.computeIfAbsent(Type.of(tensor), missing -> new ArrayDeque<>()).push(tensor);
        }
    }

    @Override
    public void close() {
        arena.close();
    }
}
