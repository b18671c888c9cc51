package dev.quantreel.engines.runtime.cuda;

import dev.quantreel.engines.runtime.Engine;
import dev.quantreel.engines.runtime.EngineException;
import dev.quantreel.engines.runtime.EngineProvider;
import dev.quantreel.engines.runtime.cuda.driver.ComputeCapability;
import dev.quantreel.engines.runtime.cuda.driver.CudaContext;
import dev.quantreel.engines.runtime.cuda.driver.CudaDevice;
import dev.quantreel.engines.runtime.cuda.driver.CudaDriver;
import dev.quantreel.engines.runtime.cuda.driver.CudaException;
import dev.quantreel.engines.runtime.cuda.driver.CudaStream;
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
import java.util.function.Supplier;

/// Own kernels on an NVIDIA GPU through its driver alone: what runs W4A8 and W4A4 as what they are.
///
/// Settings ([EngineProvider.EngineOptions#settings]): `memory=8GB` most that it holds of the device; `offload=auto`
/// (weights of blocks wait in host memory where they do not fit), `always` or `never`; `retry=true` sends weights to
/// the host when memory runs out in spite of the plan; `attention=bf16`, `s8`, `fp8` or `auto`, the fastest of the
/// chip; `activations=bf16` or `f32`, what lies between two kernels that take both; `graphs=false` launches
/// every kernel by itself; `resident=1MB` size from which results stay on the device until somebody reads them.
///
/// A child process runs a product before this one loads the driver; what it found holds as long as this process
/// lives.
public final class CudaEngineProvider implements EngineProvider {

    public static final String ID = "cuda";

    /// The first chip that the kernels are made for.
    private static final int AMPERE = 80;

    private final String library;
    private final KernelImages images;
    private final Optional<Supplier<Availability>> trial;

    /// The driver of this machine and the kernels of this build.
    public CudaEngineProvider() {
        this(CudaDriver.DEFAULT_LIBRARY, KernelImages.packed(), Optional.of(() -> Tried.ANSWER));
    }

    /// A driver that is known not to take this process down, or whose trial this process is.
    ///
    /// @param library of the driver
    /// @param images where kernels come from; the host simulator takes any
    public CudaEngineProvider(String library, KernelImages images) {
        this(library, images, Optional.empty());
    }

    /// @param trial of the same in another process
    CudaEngineProvider(String library, KernelImages images, Optional<Supplier<Availability>> trial) {
        this.library = library;
        this.images = images;
        this.trial = trial;
    }

    /// What the child said; drivers do not change while Quantreel runs.
    private static final class Tried {
        static final Availability ANSWER =
                ProcessTrial.of(CudaDriver.DEFAULT_LIBRARY).run();
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
        if (trial.isEmpty()) {
            return tried();
        }
        Availability found = trial.get().get();
        if (found instanceof Availability.Unavailable) {
            return found;
        }
        try {
            Optional<String> loss = loss(device());
            return loss.isPresent() ? new Availability.Unavailable(loss.get()) : found;
        } catch (NativeLibraryException | CudaException | IllegalStateException e) {
            return new Availability.Unavailable(String.valueOf(e.getMessage()));
        }
    }

    /// Tries it in this process.
    private Availability tried() {
        try {
            CudaDevice device = device();
            ComputeCapability chip = device.capability();
            if (!chip.isAtLeast(AMPERE)) {
                return new Availability.Unavailable(
                        device.name() + " has compute capability " + chip + "; the kernels need 8.0 (Ampere) or later");
            }
            Optional<String> loss = loss(device);
            if (loss.isPresent()) {
                return new Availability.Unavailable(loss.get());
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

    /// Why the device is of no more use in this process; a context that nobody has open is not made for it.
    private static Optional<String> loss(CudaDevice device) {
        if (!device.isContextActive()) {
            return Optional.empty();
        }
        try (CudaContext context = device.open()) {
            try {
                context.memory();
            } catch (CudaException e) {
                if (!e.contextLost()) {
                    throw e;
                }
            }
            return context.lost().map(CudaDeviceState::lossOf);
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
            try {
                KernelLibrary kernels = KernelLibrary.of(context, images);
                return new CudaEngine(state(context, kernels, settings), kernels::close, () -> elsewhere(options));
            } catch (RuntimeException e) {
                // With the context go its streams and modules.
                context.close();
                throw e;
            }
        } catch (CudaException | IllegalArgumentException e) {
            throw new EngineException(ID, String.valueOf(e.getMessage()), e);
        }
    }

    private static CudaDeviceState state(CudaContext context, KernelLibrary kernels, CudaSettings settings) {
        CudaStream compute = context.newStream();
        return new CudaDeviceState(
                context,
                compute,
                context.newStream(),
                new StagedCopies(context, compute, StagedCopies.CHUNK_BYTES),
                new CudaKernels(kernels, settings.attention(), settings.narrows()),
                new MemoryBudget(context, settings.memoryBytes()),
                new WeightPieces(),
                new Residents(),
                settings,
                new ReentrantLock());
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
