package dev.quantreel.engines.runtime.cuda;

import dev.quantreel.engines.onnx.OnnxModel;
import dev.quantreel.engines.onnx.OnnxValidation;
import dev.quantreel.engines.runtime.Engine;
import dev.quantreel.engines.runtime.EngineException;
import dev.quantreel.engines.runtime.Session;
import dev.quantreel.engines.runtime.cuda.driver.CudaContext;
import dev.quantreel.engines.runtime.cuda.driver.CudaException;
import dev.quantreel.engines.runtime.cuda.kernel.LowBitGemm;
import dev.quantreel.engines.tensor.Tensor;
import java.util.List;
import java.util.Optional;
import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;
import java.util.function.Supplier;
import org.jspecify.annotations.Nullable;

/// Runs graphs on one GPU by Quantreel's own kernels. Sessions share its two streams and run one at a time.
///
/// A graph with an operator that has no kernel, or that asks it for what its kernel does not do ([KernelGaps]),
/// goes to another engine as a whole, with a line in the log; the blocks of all transformer families have
/// kernels. Sessions with the same weights hold them once. When a kernel's fault cost the context, all sessions
/// say so and what to do.
public final class CudaEngine implements Engine {

    static final System.Logger LOG = System.getLogger(CudaEngine.class.getName());

    private final CudaDeviceState device;
    private final Runnable kernels;
    private final Supplier<Optional<Engine>> elsewhere;
    private final Set<CudaSession> sessions = ConcurrentHashMap.newKeySet();
    private @Nullable Engine fallback;
    private volatile boolean closed;

    /// @param kernels closes what they were loaded from
    /// @param elsewhere makes the engine for graphs without kernels; it belongs to this one then
    CudaEngine(CudaDeviceState device, Runnable kernels, Supplier<Optional<Engine>> elsewhere) {
        this.device = device;
        this.kernels = kernels;
        this.elsewhere = elsewhere;
    }

    @Override
    public String id() {
        return CudaEngineProvider.ID;
    }

    @Override
    public String description() {
        CudaContext context = device.context();
        return "own CUDA kernels, " + context.device().name() + " ("
                + context.device().capability() + "), "
                + MemoryBudget.megabytes(context.memory().totalBytes());
    }

    @Override
    public boolean hasFusedLinears() {
        return true;
    }

    @Override
    public Session open(OnnxModel model) {
        return open(model, Use.STEADY);
    }

    @Override
    public synchronized Session open(OnnxModel model, Use use) {
        try {
            OnnxValidation.check(model);
            device.loss().ifPresent(reason -> {
                throw failure(model, reason, null);
            });
            Optional<String> obstacle = KernelGaps.first(model);
            if (obstacle.isEmpty()) {
                return onDevice(model);
            }
            if (LoadedGraph.isOurs(model)) {
                throw failure(model, obstacle.get(), null);
            }
            return fallback(model, obstacle.get()).open(model, use);
        } catch (OutOfDeviceMemoryException e) {
            throw failure(
                    model,
                    e.getMessage() + "; with the setting offload=auto or offload=always blocks wait on the host",
                    e);
        } catch (CudaException | IllegalArgumentException e) {
            throw failure(model, device.loss().orElseGet(() -> String.valueOf(e.getMessage())), e);
        }
    }

    private CudaSession onDevice(OnnxModel model) {
        LoadedGraph loaded = LoadedGraph.of(
                model, LowBitGemm.multiplies4Bits(device.context().device().capability()));
        DeviceWeights weights = DeviceWeights.read(device, loaded.weights());
        try {
            CudaSession session = new CudaSession(device, loaded.graph(), weights, sessions::remove);
            sessions.add(session);
            return session;
        } catch (RuntimeException e) {
            weights.close();
            throw e;
        }
    }

    private Engine fallback(OnnxModel model, String obstacle) {
        Engine other = fallback;
        if (other == null) {
            other = elsewhere.get().orElseThrow(() -> failure(model, obstacle, null));
            fallback = other;
        }
        String id = other.id();
        LOG.log(System.Logger.Level.INFO, () -> model.name() + " runs on " + id + ": " + obstacle);
        return other;
    }

    private EngineException failure(OnnxModel model, String message, @Nullable Throwable cause) {
        return new EngineException(id(), "cannot open " + model.name() + ": " + message, cause);
    }

    /// Bytes that all sessions hold of the device together.
    public long heldBytes() {
        return device.budget().heldBytes();
    }

    @Override
    public Tensor place(Tensor tensor) {
        if (tensor.residence().isPresent()
                || tensor.data().byteSize() < Math.max(1, device.settings().residentBytes())) {
            return tensor;
        }
        device.turn().lock();
        try {
            return closed || device.loss().isPresent()
                    ? tensor
                    : device.residents().place(device, tensor);
        } finally {
            device.turn().unlock();
        }
    }

    /// Results that somebody may still read go to the host.
    private void leaveDevice() {
        device.turn().lock();
        try {
            device.residents().toHost(device);
        } finally {
            device.turn().unlock();
        }
    }

    /// Plans that all sessions keep.
    public int plans() {
        return sessions.stream().mapToInt(CudaSession::plans).sum();
    }

    @Override
    public synchronized void close() {
        if (closed) {
            return;
        }
        closed = true;
        if (fallback != null) {
            fallback.close();
        }
        try {
            closeSessions();
            leaveDevice();
        } finally {
            closeDevice();
        }
    }

    /// All of them, whatever comes of one: weights in pinned memory go back even where the device is lost.
    private void closeSessions() {
        RuntimeException first = null;
        for (CudaSession session : List.copyOf(sessions)) {
            try {
                session.close();
            } catch (RuntimeException e) {
                if (first == null) {
                    first = e;
                } else {
                    first.addSuppressed(e);
                }
            }
        }
        if (first != null) {
            throw first;
        }
    }

    private void closeDevice() {
        try {
            device.kernels().close();
            device.staging().close();
            device.compute().close();
            device.copies().close();
            kernels.run();
        } finally {
            device.context().close();
        }
    }
}
