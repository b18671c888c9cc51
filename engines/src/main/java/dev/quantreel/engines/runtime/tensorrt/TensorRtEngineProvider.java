package dev.quantreel.engines.runtime.tensorrt;

import dev.quantreel.engines.runtime.Engine;
import dev.quantreel.engines.runtime.EngineException;
import dev.quantreel.engines.runtime.EngineProvider;
import dev.quantreel.engines.runtime.cuda.driver.CppObject;
import dev.quantreel.engines.runtime.cuda.driver.CudaException;
import dev.quantreel.engines.runtime.cuda.driver.NativeLibraryException;
import dev.quantreel.engines.runtime.ort.OrtEngineProvider;
import java.util.EnumSet;
import java.util.Set;
import java.util.function.Supplier;

/// Finds TensorRT, which is NVIDIA's and the user's to install.
///
/// Nothing of it is touched in this process until a process of its own has shown that driver, GPU and libraries work.
public final class TensorRtEngineProvider implements EngineProvider {

    /// Id of the engine: `tensorrt`.
    public static final String ID = "tensorrt";

    /// What to do where it is missing.
    public static final String HOW_TO_INSTALL =
            "./quantreel install tensorrt fetches the bindings and says which of NVIDIA's libraries they need"
                    + " (docs/tensorrt.md), then start Quantreel again";

    private final TensorRtProbe probe;

    /// For this machine; asked once in the life of the process.
    public TensorRtEngineProvider() {
        this(TensorRtProbe.ofThisMachine());
    }

    TensorRtEngineProvider(TensorRtProbe probe) {
        this.probe = probe;
    }

    @Override
    public String id() {
        return ID;
    }

    @Override
    public int rank() {
        return 200;
    }

    @Override
    public Set<Capability> capabilities() {
        return EnumSet.of(Capability.FP32, Capability.BF16, Capability.INT8, Capability.GPU);
    }

    /// What was found, or why nothing.
    public TensorRtProbe.Result found() {
        return probe.result();
    }

    @Override
    public Availability probe() {
        return switch (probe.result()) {
            case TensorRtProbe.Ready ready ->
                new Availability.Available("TensorRT " + ready.versionText() + " on " + ready.chip());
            case TensorRtProbe.Missing(String reason) -> new Availability.Unavailable(reason);
        };
    }

    @Override
    public Engine create(EngineOptions options) {
        return create(options, TensorRtOptions.settings(options));
    }

    /// An engine with settings of its own.
    ///
    /// @throws EngineException when it is not available
    public TensorRtEngine create(EngineOptions options, TensorRtSettings settings) {
        if (probe.result() instanceof TensorRtProbe.Missing(String reason)) {
            throw new EngineException(ID, reason, null);
        }
        return create(options, settings, () -> DriverDevice.open(0), () -> new JavaCppTensorRt(CppObject::delete));
    }

    /// @param gpu opens it
    /// @param library loads it
    static TensorRtEngine create(
            EngineOptions options,
            TensorRtSettings settings,
            Supplier<Device> gpu,
            Supplier<TensorRtBindings> library) {
        Device device;
        try {
            device = gpu.get();
        } catch (NativeLibraryException | CudaException e) {
            throw new EngineException(ID, "the GPU does not open: " + e.getMessage(), e);
        }
        try {
            TensorRtBindings loaded = library.get();
            Workshop workshop = new Workshop(
                    settings,
                    new EngineCache(settings.cache()),
                    new EngineBuilder(),
                    loaded,
                    new Workshop.Gpu(device, device.newStream(), new SharedScratch(device)));
            return new TensorRtEngine(
                    workshop, () -> new OrtEngineProvider().create(new EngineOptions(options.threads())));
        } catch (LinkageError e) {
            device.close();
            throw new EngineException(ID, LoadFailure.describe(e), e);
        } catch (TensorRtException e) {
            device.close();
            throw new EngineException(ID, String.valueOf(e.getMessage()), e);
        } catch (RuntimeException e) {
            device.close();
            throw e;
        }
    }
}
