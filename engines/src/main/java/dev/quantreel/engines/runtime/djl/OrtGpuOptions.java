package dev.quantreel.engines.runtime.djl;

import dev.quantreel.engines.runtime.EngineException;
import dev.quantreel.engines.runtime.EngineProvider.EngineOptions;
import java.nio.file.Path;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Optional;
import java.util.Set;

/// Settings of `ort-gpu`, and what ONNX Runtime's execution providers call them.
///
/// @param device number of the GPU
/// @param tensorRt whether TensorRT comes before CUDA
/// @param precision what TensorRT may compute in
/// @param cache folder of TensorRT's engines and tactics; empty for the user's cache folder
/// @param memoryBytes most that the CUDA provider takes; 0 for all
/// @param exactGrowth whether memory grows by what is asked for instead of by doubling
/// @param tf32 whether products in 32 bits may round their factors to 10 bits of mantissa
/// @param binding whether results stay on the GPU
record OrtGpuOptions(
        int device,
        boolean tensorRt,
        Precision precision,
        Optional<Path> cache,
        long memoryBytes,
        boolean exactGrowth,
        boolean tf32,
        BindingOptions binding) {

    /// What TensorRT may compute in.
    enum Precision {
        /// As the graph says.
        FP32,
        /// Whatever is faster, 16 bits included.
        FP16,
        /// 16 bits, and 8 where the graph has QuantizeLinear and DequantizeLinear.
        INT8
    }

    static final Set<String> SETTINGS =
            Set.of("device", "provider", "precision", "cache", "memory", "growth", "tf32", "binding", "resident");

    /// @throws EngineException when a setting is unknown or has no value that is accepted; names both
    static OrtGpuOptions of(String engine, EngineOptions options) {
        options.accept(engine, SETTINGS);
        Reader reader = new Reader(engine, options.settings());
        return new OrtGpuOptions(
                reader.index("device"),
                reader.word("provider", List.of("cuda", "tensorrt")).equals("tensorrt"),
                Precision.valueOf(reader.word("precision", List.of("fp32", "fp16", "int8"))
                        .toUpperCase(Locale.ROOT)),
                Optional.ofNullable(options.settings().get("cache")).map(Path::of),
                BindingOptions.bytes(engine, options, "memory", "0"),
                reader.word("growth", List.of("doubling", "exact")).equals("exact"),
                reader.word("tf32", List.of("false", "true")).equals("true"),
                BindingOptions.of(engine, options));
    }

    private record Reader(String engine, Map<String, String> settings) {

        /// The first word is what holds where nothing is said.
        String word(String name, List<String> accepted) {
            String value = settings.getOrDefault(name, accepted.getFirst()).toLowerCase(Locale.ROOT);
            if (!accepted.contains(value)) {
                throw refused(name, "one of " + accepted);
            }
            return value;
        }

        int index(String name) {
            String value = settings.getOrDefault(name, "0");
            if (!value.matches("\\d{1,3}")) {
                throw refused(name, "a number from 0");
            }
            return Integer.parseInt(value);
        }

        private EngineException refused(String name, String accepted) {
            return new EngineException(
                    engine, "the setting " + name + " is '" + settings.get(name) + "'; accepted is " + accepted, null);
        }
    }

    /// Options of the CUDA provider, by ONNX Runtime's names.
    Map<String, String> cuda() {
        Map<String, String> values = new LinkedHashMap<>();
        values.put("device_id", Integer.toString(device));
        if (memoryBytes > 0) {
            values.put("gpu_mem_limit", Long.toString(memoryBytes));
        }
        values.put("arena_extend_strategy", exactGrowth ? "kSameAsRequested" : "kNextPowerOfTwo");
        // Trying every algorithm takes minutes for a video decoder and memory that nothing else can have.
        values.put("cudnn_conv_algo_search", "HEURISTIC");
        values.put("do_copy_in_default_stream", "1");
        values.put("use_tf32", tf32 ? "1" : "0");
        return values;
    }

    /// Options of the TensorRT provider, by ONNX Runtime's names.
    ///
    /// @param folder where engines and tactics are kept
    Map<String, String> tensorRt(Path folder) {
        Map<String, String> values = new LinkedHashMap<>();
        values.put("device_id", Integer.toString(device));
        values.put("trt_fp16_enable", precision == Precision.FP32 ? "0" : "1");
        values.put("trt_int8_enable", precision == Precision.INT8 ? "1" : "0");
        values.put("trt_engine_cache_enable", "1");
        values.put("trt_engine_cache_path", folder.toString());
        values.put("trt_timing_cache_enable", "1");
        values.put("trt_timing_cache_path", folder.toString());
        if (memoryBytes > 0) {
            values.put("trt_max_workspace_size", Long.toString(memoryBytes));
        }
        return values;
    }

    /// Where TensorRT's engines are kept: as told, else below the user's cache folder, apart by precision.
    Path cacheFolder() {
        return cache.orElseGet(() -> {
            String home = System.getenv().getOrDefault("XDG_CACHE_HOME", System.getProperty("user.home") + "/.cache");
            return Path.of(home, "quantreel", "tensorrt", precision.name().toLowerCase(Locale.ROOT));
        });
    }

    String describe() {
        return "GPU " + device + ", " + (tensorRt ? "TensorRT " + precision.name() + " before CUDA" : "CUDA")
                + (tf32 ? ", TF32" : "")
                + (memoryBytes > 0 ? ", at most " + (memoryBytes >> 20) + " MiB" : "");
    }
}
