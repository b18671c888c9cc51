package dev.quantreel.engines.runtime.cuda;

import dev.quantreel.engines.runtime.Engine;
import dev.quantreel.engines.runtime.EngineException;
import dev.quantreel.engines.runtime.EngineProvider;
import dev.quantreel.engines.runtime.cuda.driver.ComputeCapability;
import dev.quantreel.engines.runtime.cuda.driver.CudaContext;
import dev.quantreel.engines.runtime.cuda.driver.CudaDevice;
import dev.quantreel.engines.runtime.cuda.driver.CudaDriver;
import dev.quantreel.engines.runtime.cuda.driver.CudaException;
import dev.quantreel.engines.runtime.cuda.driver.NativeLibraryException;
import dev.quantreel.engines.runtime.cuda.kernel.KernelException;
import dev.quantreel.engines.runtime.cuda.kernel.KernelImages;
import dev.quantreel.engines.runtime.cuda.kernel.KernelLibrary;
import java.util.Comparator;
import java.util.EnumSet;
import java.util.Optional;
import java.util.ServiceLoader;
import java.util.Set;
import java.util.concurrent.locks.ReentrantLock;

/// Own kernels on an NVIDIA GPU through its driver alone: what runs W4A8 and W4A4 as what they are.
///
/// Settings ([EngineProvider.EngineOptions#settings]): `memory=8GB` most that it holds of the device; `offload=auto`
/// (weights of blocks wait in host memory where they do not fit), `always` or `never`; `retry=true` sends weights to
/// the host when memory runs out in spite of the plan; `attention=bf16`, `s8`, `fp8` or `auto`, the fastest of the
/// chip; `activations=bf16` or `f32`, what lies between two kernels that take both; `graphs=false` launches
/// every kernel by itself.
public final class CudaEngineProvider implements EngineProvider {

    public static final String ID = "cuda";

    /// The first chip that the kernels are made for.
    private static final int AMPERE = 80;

    private final String library;
    private final KernelImages images;

    /// The driver of this machine and the kernels of this build.
    public CudaEngineProvider() {
        this(CudaDriver.DEFAULT_LIBRARY, KernelImages.packed());
    }

    /// @param library of the driver
    /// @param images where kernels come from; the host simulator takes any
    public CudaEngineProvider(String library, KernelImages images) {
        this.library = library;
        this.images = images;
    }

    @Override
    public String id() {
        return ID;
    }

    /// Below the engines for the CPU: `auto` does not choose it as long as no figure of a GPU is in
    /// `docs/gpu-checks.md`.
    @Override
    public int rank() {
        return 60;
    }

    @Override
    public Set<Capability> capabilities() {
        return EnumSet.of(Capability.FP32, Capability.INT8, Capability.INT4, Capability.GPU);
    }

    @Override
    public Availability probe() {
        try {
            CudaDevice device = device();
            ComputeCapability chip = device.capability();
            if (!chip.isAtLeast(AMPERE)) {
                return new Availability.Unavailable(
                        device.name() + " has compute capability " + chip + "; the kernels need 8.0 (Ampere) or later");
            }
            try (CudaContext context = device.open();
                    KernelLibrary kernels = KernelLibrary.of(context, images)) {
                kernels.function("elementwise", "qr_elementwise_f32");
            }
            return new Availability.Available(
                    device.name() + " (compute capability " + chip + "), driver for CUDA " + driver().version());
        } catch (NativeLibraryException e) {
            return new Availability.Unavailable("NVIDIA's driver is not installed: " + e.getMessage());
        } catch (CudaException | KernelException | IllegalStateException e) {
            return new Availability.Unavailable(String.valueOf(e.getMessage()));
        }
    }

    private CudaDriver driver() {
        return CudaDriver.open(library);
    }

    private CudaDevice device() {
        CudaDriver driver = driver();
        if (driver.deviceCount() == 0) {
            throw new IllegalStateException("the driver finds no GPU");
        }
        return driver.device(0);
    }

    @Override
    public Engine create(EngineOptions options) {
        options.accept(ID, CudaSettings.NAMES);
        if (probe() instanceof Availability.Unavailable(String reason)) {
            throw new EngineException(ID, reason, null);
        }
        try {
            CudaDevice chip = device();
            CudaSettings settings = CudaSettings.of(options.settings(), chip.capability());
            CudaContext context = chip.open();
            KernelLibrary kernels = KernelLibrary.of(context, images);
            CudaDeviceState device = new CudaDeviceState(
                    context,
                    context.newStream(),
                    context.newStream(),
                    new CudaKernels(kernels, settings.attention(), settings.narrows()),
                    new MemoryBudget(context, settings.memoryBytes()),
                    settings,
                    new ReentrantLock());
            return new CudaEngine(device, kernels::close, () -> elsewhere(options));
        } catch (CudaException | IllegalArgumentException e) {
            throw new EngineException(ID, String.valueOf(e.getMessage()), e);
        }
    }

    /// The best engine of the CPU.
    private static Optional<Engine> elsewhere(EngineOptions options) {
        return ServiceLoader.load(EngineProvider.class).stream()
                .map(ServiceLoader.Provider::get)
                .filter(provider -> !provider.capabilities().contains(Capability.GPU))
                .filter(provider -> provider.probe() instanceof Availability.Available)
                .max(Comparator.comparingInt(EngineProvider::rank))
                .map(provider -> provider.create(new EngineOptions(options.threads())));
    }
}
