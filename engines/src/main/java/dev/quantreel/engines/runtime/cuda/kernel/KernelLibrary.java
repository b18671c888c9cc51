package dev.quantreel.engines.runtime.cuda.kernel;

import dev.quantreel.engines.runtime.cuda.driver.CudaContext;
import dev.quantreel.engines.runtime.cuda.driver.CudaFunction;
import dev.quantreel.engines.runtime.cuda.driver.CudaModule;
import java.util.HashMap;
import java.util.Map;

/// The kernels of one GPU, each unit loaded when first asked for. Owns the modules: functions are of use until it is
/// closed. Thread-safe.
///
/// ```java
/// try (KernelLibrary kernels = KernelLibrary.open(context)) {
///     CudaFunction kernel = kernels.function("rotate_quantize", "qr_rotate_quantize_f32");
/// ```
public final class KernelLibrary implements AutoCloseable {

    private final CudaContext context;
    private final KernelImages images;
    private final Map<String, CudaModule> modules = new HashMap<>();
    private final Map<String, CudaFunction> functions = new HashMap<>();

    private KernelLibrary(CudaContext context, KernelImages images) {
        this.context = context;
        this.images = images;
    }

    /// The kernels of this build, as machine code or compiled by NVRTC.
    public static KernelLibrary open(CudaContext context) {
        return of(context, KernelImages.packed());
    }

    /// Kernels from elsewhere; the host simulator takes any image, for it has the kernels compiled in.
    public static KernelLibrary of(CudaContext context, KernelImages images) {
        return new KernelLibrary(context, images);
    }

    /// The GPU's context that the kernels are loaded into.
    public CudaContext context() {
        return context;
    }

    /// A kernel.
    ///
    /// @param unit source file without its ending, for example `rotate_quantize`
    /// @param kernel name in it, for example `qr_rotate_quantize_f32`
    /// @throws KernelException when the unit can neither be loaded nor compiled
    /// @throws dev.quantreel.engines.runtime.cuda.driver.CudaException when it has no such kernel, or no code for
    ///     the chip
    public synchronized CudaFunction function(String unit, String kernel) {
        CudaFunction known = functions.get(kernel);
        if (known == null) {
            known = module(unit).function(kernel);
            functions.put(kernel, known);
        }
        return known;
    }

    private CudaModule module(String unit) {
        CudaModule module = modules.get(unit);
        if (module == null) {
            module = context.load(images.image(unit, context.device().capability()));
            modules.put(unit, module);
        }
        return module;
    }

    @Override
    public synchronized void close() {
        functions.clear();
        modules.values().forEach(CudaModule::close);
        modules.clear();
    }
}
