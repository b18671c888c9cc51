package dev.quantreel.engines.runtime.ort;

import dev.quantreel.engines.runtime.CancellationToken;
import dev.quantreel.engines.runtime.EngineException;
import dev.quantreel.engines.runtime.ort.binding.BoundRun;
import dev.quantreel.engines.runtime.ort.binding.IoBinding;
import dev.quantreel.engines.runtime.ort.binding.OrtApiException;
import dev.quantreel.engines.runtime.ort.binding.OrtValue;
import dev.quantreel.engines.tensor.Tensor;
import java.lang.ref.Reference;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.Deque;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.concurrent.CancellationException;

/// Runs a session with its inputs and outputs bound: results of other sessions are read where they lie, results stay
/// where they are made, and outputs that have a target are written there. Runs may overlap; each has a binding of its
/// own.
final class BoundRunner implements AutoCloseable {

    private final ResidentMemory residents;
    private final OrtModelSession session;
    private final long handle;
    private final Map<String, OrtValue> streamed = new LinkedHashMap<>();

    /// The memory of `streamed`, which the C API does not hold.
    private final List<Tensor> streamedMemory = new ArrayList<>();

    /// @param streamed weights that are fed to every run from where they lie
    BoundRunner(ResidentMemory residents, OrtModelSession session, long handle, Map<String, Tensor> streamed) {
        this.residents = residents;
        this.session = session;
        this.handle = handle;
        streamed.forEach((name, weight) -> {
            Tensor aligned = OrtTensors.aligned(weight);
            streamedMemory.add(aligned);
            this.streamed.put(name, OrtValue.over(residents.host(), aligned));
        });
    }

    /// The session of the C API.
    long handle() {
        return handle;
    }

    /// @param inputs all that the graph declares
    /// @param targets memory for some outputs, native and aligned; if there is any, other outputs are not kept
    /// @return results by name where there are no targets
    Map<String, Tensor> run(Map<String, Tensor> inputs, Map<String, Tensor> targets, CancellationToken cancellation) {
        inputs.values().forEach(residents::touch);
        residents.makeRoom();
        Deque<Runnable> after = new ArrayDeque<>();
        try (BoundRun run = new BoundRun(residents.api());
                CancellationToken.Registration registration = cancellation.onCancel(run::terminate);
                IoBinding binding = new IoBinding(residents.api(), handle)) {
            if (session.hasArena()) {
                run.set(OrtModelSession.SHRINKAGE, OrtModelSession.SHRUNK);
            }
            streamed.forEach(binding::input);
            inputs.forEach((name, tensor) -> input(binding, name, tensor, after));
            List<String> kept = outputs(binding, targets, after);
            binding.run(run);
            return adopted(binding, kept);
        } catch (OrtApiException e) {
            if (cancellation.cancelled()) {
                CancellationException cancelled = new CancellationException("interrupted in " + session.name());
                cancelled.initCause(e);
                throw cancelled;
            }
            throw new EngineException(session.engine(), session.name() + ": " + e.getMessage(), e);
        } finally {
            after.forEach(Runnable::run);
            Reference.reachabilityFence(streamedMemory);
            Reference.reachabilityFence(inputs);
            Reference.reachabilityFence(targets);
        }
    }

    private void input(IoBinding binding, String name, Tensor tensor, Deque<Runnable> after) {
        Optional<HeldValue> resident = tensor.residence()
                .filter(OrtResidence.class::isInstance)
                .map(OrtResidence.class::cast)
                .flatMap(residence -> residence.retain(residents));
        if (resident.isEmpty()) {
            Tensor host = OrtTensors.aligned(tensor);
            OrtValue value = OrtValue.over(residents.host(), host);
            after.push(() -> {
                value.close();
                Reference.reachabilityFence(host);
            });
            binding.input(name, value);
            return;
        }
        HeldValue held = resident.get();
        after.push(held::release);
        OrtValue value = held.value();
        if (value.type().shape().equals(tensor.shape())) {
            binding.input(name, value);
        } else {
            try (OrtValue view = OrtValue.over(residents.device(), tensor.dtype(), tensor.shape(), value.data())) {
                binding.input(name, view);
            }
        }
    }

    /// @return names of those that stay where they are made, in the order in which they are bound
    private List<String> outputs(IoBinding binding, Map<String, Tensor> targets, Deque<Runnable> after) {
        if (targets.isEmpty()) {
            session.outputs().forEach(name -> binding.output(name, residents.device()));
            return session.outputs();
        }
        targets.forEach((name, target) -> {
            OrtValue value = OrtValue.over(residents.host(), OrtTensors.requireAligned(target));
            after.push(value::close);
            binding.output(name, value);
        });
        return List.of();
    }

    private Map<String, Tensor> adopted(IoBinding binding, List<String> kept) {
        Map<String, Tensor> results = new LinkedHashMap<>();
        if (!kept.isEmpty()) {
            Deque<OrtValue> values = new ArrayDeque<>(binding.outputs());
            try {
                kept.forEach(name -> results.put(name, residents.adopt(values.removeFirst())));
            } finally {
                values.forEach(OrtValue::close);
            }
        }
        return results;
    }

    /// The session is closed by its owner.
    @Override
    public void close() {
        streamed.values().forEach(OrtValue::close);
        Reference.reachabilityFence(streamedMemory);
    }
}
