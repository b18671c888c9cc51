package dev.quantreel.engines.runtime.djl;

import ai.djl.Device;
import ai.djl.Model;
import ai.djl.engine.Engine;
import ai.djl.ndarray.NDManager;
import ai.djl.onnxruntime.engine.OrtNDManager;
import ai.djl.onnxruntime.engine.OrtSymbolBlock;
import ai.onnxruntime.OrtEnvironment;
import ai.onnxruntime.OrtException;
import ai.onnxruntime.OrtSession;
import ai.onnxruntime.providers.OrtCUDAProviderOptions;
import ai.onnxruntime.providers.OrtTensorRTProviderOptions;
import dev.quantreel.engines.runtime.EngineException;
import dev.quantreel.engines.runtime.ort.OrtEngineProvider;
import dev.quantreel.engines.runtime.ort.OrtTarget;
import dev.quantreel.engines.runtime.ort.ResidentMemory;
import dev.quantreel.engines.runtime.ort.binding.BindingUnavailableException;
import dev.quantreel.engines.runtime.ort.binding.OrtApi;
import java.io.IOException;
import java.lang.System.Logger.Level;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Map;
import java.util.Optional;

/// A device of Deep Java Library's ONNX Runtime engine. Sessions become the block of a [Model] of it, which owns
/// them.
///
/// Deep Java Library adds a provider by the number of the device alone, gives its runs no options (so that nothing
/// can stop them) and no memory to write to: providers are therefore added, and sessions run, beneath it.
final class DjlTarget implements OrtTarget {

    static final String LIBRARY = "OnnxRuntime";

    private static final System.Logger LOG = System.getLogger(DjlTarget.class.getName());

    private final String id;
    private final OrtEnvironment environment;
    private final Engine library;
    private final Device device;
    private final Optional<OrtGpuOptions> gpu;
    private final Optional<ResidentMemory> residents;

    private DjlTarget(String id, Device device, Optional<OrtGpuOptions> gpu, BindingOptions binding) {
        this.id = id;
        // Makes the environment through Deep Java Library, which refuses one that is not its own.
        this.environment = OrtEngineProvider.environment();
        this.library = Engine.getEngine(LIBRARY);
        this.device = device;
        this.gpu = gpu;
        this.residents = binding.on() ? bound(binding.residentBytes()) : Optional.empty();
    }

    private Optional<ResidentMemory> bound(long limitBytes) {
        try {
            OrtApi api = ResidentMemory.loadedApi();
            return Optional.of(
                    device.isGpu()
                            ? ResidentMemory.ofGpu(api, this, device.getDeviceId(), limitBytes)
                            : ResidentMemory.ofHost(api, limitBytes));
        } catch (BindingUnavailableException e) {
            LOG.log(Level.WARNING, "{0}: results are copied to the host after every graph: {1}", id, e.getMessage());
            return Optional.empty();
        }
    }

    /// @throws LinkageError when ONNX Runtime does not load
    static DjlTarget cpu(String id, BindingOptions binding) {
        return new DjlTarget(id, Device.cpu(), Optional.empty(), binding);
    }

    /// @throws LinkageError when ONNX Runtime does not load
    static DjlTarget gpu(String id, OrtGpuOptions options) {
        return new DjlTarget(id, Device.gpu(options.device()), Optional.of(options), options.binding());
    }

    Device device() {
        return device;
    }

    /// For people, the version being ONNX Runtime's own: Deep Java Library's engine names that which it was built for.
    String describe() {
        return "ONNX Runtime " + environment.getVersion() + " through Deep Java Library, "
                + gpu.map(OrtGpuOptions::describe).orElse("CPU") + (residents.isPresent() ? ", I/O binding" : "");
    }

    @Override
    public Optional<ResidentMemory> residents() {
        return residents;
    }

    @Override
    public String engine() {
        return id;
    }

    @Override
    public OrtEnvironment environment() {
        return environment;
    }

    @Override
    public void addProviders(OrtSession.SessionOptions options) throws OrtException {
        if (gpu.isEmpty()) {
            return;
        }
        OrtGpuOptions settings = gpu.get();
        if (settings.tensorRt()) {
            Path folder = made(settings.cacheFolder());
            try (OrtTensorRTProviderOptions provider = new OrtTensorRTProviderOptions(settings.device())) {
                for (Map.Entry<String, String> option :
                        settings.tensorRt(folder).entrySet()) {
                    provider.add(option.getKey(), option.getValue());
                }
                options.addTensorrt(provider);
            }
        }
        try (OrtCUDAProviderOptions provider = new OrtCUDAProviderOptions(settings.device())) {
            for (Map.Entry<String, String> option : settings.cuda().entrySet()) {
                provider.add(option.getKey(), option.getValue());
            }
            options.addCUDA(provider);
        }
    }

    private Path made(Path folder) {
        try {
            return Files.createDirectories(folder);
        } catch (IOException e) {
            throw new EngineException(
                    id, "the folder for TensorRT's engines, " + folder + ", cannot be made: " + e.getMessage(), e);
        }
    }

    @Override
    public boolean streamsWeights() {
        return !device.isGpu();
    }

    @Override
    public OwnedSession own(String name, OrtSession session) {
        Model model = library.newModel(name, device);
        NDManager manager = model.getNDManager();
        model.setBlock(new OrtSymbolBlock(session, (OrtNDManager) manager));
        return model::close;
    }
}
