package dev.quantreel.engines.runtime.ort;

import dev.quantreel.engines.runtime.ort.binding.OrtApi;
import dev.quantreel.engines.runtime.ort.binding.OrtApiException;
import dev.quantreel.engines.runtime.ort.binding.OrtMemory;
import dev.quantreel.engines.runtime.ort.binding.OrtValue;
import dev.quantreel.engines.tensor.Tensor;
import java.lang.System.Logger.Level;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.lang.ref.Cleaner;
import java.lang.ref.WeakReference;
import java.util.ArrayList;
import java.util.Iterator;
import java.util.List;
import org.jspecify.annotations.Nullable;

/// Results that stay where ONNX Runtime computed them until somebody asks for them, so that the next graph reads them
/// without a copy. Thread-safe; lives as long as its engine.
///
/// Memory goes back when a tensor is discarded, read on the host, or collected. Since collectors know nothing of
/// devices, they are asked to run when results hold more than a limit (as Java does for its own buffers), and what is
/// then still held goes to the host, the least recently used first.
public final class ResidentMemory {

    private static final System.Logger LOG = System.getLogger(ResidentMemory.class.getName());
    private static final Cleaner CLEANER = Cleaner.create();
    private static final int COLLECTIONS = 3;
    private static final long PAUSE_MILLIS = 5;

    /// How results come to the host.
    interface Transport {

        /// Copies a value of a device.
        ///
        /// @param value alive meanwhile
        MemorySegment toHost(OrtValue value);

        /// Copies a tensor of the host.
        ///
        /// @param device memory of the copy
        OrtValue toDevice(Tensor tensor, OrtMemory device);
    }

    private final OrtApi api;
    private final OrtMemory device;
    private final OrtMemory host;
    private final long limitBytes;
    private final @Nullable Transport transport;
    private final List<WeakReference<Tensor>> tensors = new ArrayList<>();
    private long heldBytes;

    private ResidentMemory(OrtApi api, OrtMemory device, long limitBytes, @Nullable Transport transport) {
        this.api = api;
        this.device = device;
        this.host = OrtMemory.host(api);
        this.limitBytes = limitBytes;
        this.transport = transport;
    }

    /// The C API of the library that is loaded, when sessions of it can be bound.
    ///
    /// @throws dev.quantreel.engines.runtime.ort.binding.BindingUnavailableException when they cannot, with
    /// the reason
    public static OrtApi loadedApi() {
        SessionHandle.requireReadable();
        return OrtApi.loaded();
    }

    /// Results in memory of the processor, which need no copy.
    ///
    /// @param limitBytes most that they hold
    public static ResidentMemory ofHost(OrtApi api, long limitBytes) {
        return new ResidentMemory(api, OrtMemory.host(api), limitBytes, null);
    }

    /// Results in memory of a GPU.
    ///
    /// @param target whose sessions copy them
    /// @param number of the GPU
    public static ResidentMemory ofGpu(OrtApi api, OrtTarget target, int number, long limitBytes) {
        return ofDevice(
                api,
                OrtMemory.gpu(api, number),
                limitBytes,
                new CopySessions(target, api, OrtMemory.pinned(api, number)));
    }

    static ResidentMemory ofDevice(OrtApi api, OrtMemory device, long limitBytes, Transport transport) {
        return new ResidentMemory(api, device, limitBytes, transport);
    }

    OrtApi api() {
        return api;
    }

    /// Where results are made.
    OrtMemory device() {
        return device;
    }

    /// Memory that callers hand over.
    OrtMemory host() {
        return host;
    }

    /// Bytes of results that are held at this moment, those that wait for the collector included.
    public synchronized long heldBytes() {
        return heldBytes;
    }

    private synchronized void add(long bytes) {
        heldBytes += bytes;
    }

    /// Takes a result over.
    Tensor adopt(OrtValue value) {
        OrtValue.Type type = value.type();
        long bytes = type.dtype().byteSize(type.shape().elements());
        add(bytes);
        HeldValue held = new HeldValue(value, () -> add(-bytes));
        OrtResidence residence = new OrtResidence(this, held);
        CLEANER.register(residence, held::giveUp);
        Tensor tensor = Tensor.resident(type.dtype(), type.shape(), residence);
        touch(tensor);
        return tensor;
    }

    /// The tensor where graphs read it without a copy; itself if it is there already, or if there is no room for it.
    public Tensor place(Tensor tensor) {
        if (transport == null || tensor.residence().isPresent()) {
            return tensor;
        }
        try {
            return adopt(transport.toDevice(OrtTensors.aligned(tensor), device));
        } catch (OrtApiException e) {
            LOG.log(Level.INFO, "{0}{1} stays on the host: {2}", tensor.dtype(), tensor.shape(), e.getMessage());
            return tensor;
        }
    }

    /// Marks a tensor as the most recently used; does nothing to one on the host.
    void touch(Tensor tensor) {
        if (tensor.residence().isEmpty()) {
            return;
        }
        synchronized (tensors) {
            Iterator<WeakReference<Tensor>> known = tensors.iterator();
            while (known.hasNext()) {
                Tensor other = known.next().get();
                if (other == null || other == tensor || other.residence().isEmpty()) {
                    known.remove();
                }
            }
            tensors.add(new WeakReference<>(tensor));
        }
    }

    /// Brings what is held back to the limit.
    void makeRoom() {
        for (int i = 0; i < COLLECTIONS && heldBytes() > limitBytes; i++) {
            System.gc();
            try {
                Thread.sleep(PAUSE_MILLIS);
            } catch (InterruptedException e) {
                Thread.currentThread().interrupt();
                break;
            }
        }
        while (heldBytes() > limitBytes) {
            Tensor oldest = oldest();
            if (oldest == null) {
                return;
            }
            try {
                oldest.data();
            } catch (IllegalStateException e) {
                LOG.log(Level.DEBUG, "discarded by its owner meanwhile: {0}", e.getMessage());
            }
        }
    }

    private @Nullable Tensor oldest() {
        synchronized (tensors) {
            while (!tensors.isEmpty()) {
                Tensor tensor = tensors.removeFirst().get();
                if (tensor != null && tensor.residence().isPresent()) {
                    return tensor;
                }
            }
            return null;
        }
    }

    /// The elements on the host, after which the value belongs to them or is released.
    MemorySegment toHost(HeldValue held) {
        if (transport == null) {
            OrtValue value = held.handOver();
            // A part of the value's memory under a life of its own, at whose end the value goes.
            return value.data().reinterpret(Arena.ofAuto(), segment -> held.release());
        }
        MemorySegment copy = transport.toHost(held.value());
        held.giveUp();
        return copy;
    }
}
