package dev.quantreel.engines.gpucheck;

import java.io.BufferedOutputStream;
import java.io.IOException;
import java.io.InputStream;
import java.io.OutputStream;
import java.io.PrintStream;
import java.io.PrintWriter;
import java.io.StringWriter;
import java.io.UncheckedIOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Comparator;
import java.util.List;
import java.util.Locale;
import java.util.function.Predicate;
import java.util.spi.ToolProvider;
import java.util.stream.Stream;

/// Everything that the check needs in one file, for a machine with an NVIDIA GPU and nothing else: a Java cut to size,
/// the classes and kernels, the demo model and a script. Made on Linux, for the same kind of processor.
///
/// @param models folder with the demo model, in which `diffusion_models` is taken
/// @param preset of xz, 0 (fast) to 9 (small)
public record CheckBundle(Path models, int preset) {

    /// Most that a bundle may have.
    public static final long LIMIT_BYTES = 60_000_000;

    /// Name of the folder that a bundle unpacks to.
    static final String FOLDER = "quantreel-gpu-check";

    /// What xz is set to: higher ones save a tenth and take three times as long.
    public static final int PRESET = 2;

    private static final List<String> MODULES = List.of(
            "java.base",
            "java.logging",
            "java.management",
            "java.naming",
            "java.xml",
            "jdk.incubator.vector",
            "jdk.management",
            "jdk.unsupported");

    /// A class of each library that the check uses.
    private static final List<String> LIBRARIES = List.of(
            "dev/quantreel/engines/gpucheck/GpuCheckMain.class",
            "com/google/protobuf/Message.class",
            "com/fasterxml/jackson/databind/ObjectMapper.class",
            "com/fasterxml/jackson/core/JsonFactory.class",
            "com/fasterxml/jackson/annotation/JsonProperty.class",
            "com/google/gson/Gson.class",
            "org/slf4j/Logger.class",
            "ai/djl/Model.class",
            "ai/djl/onnxruntime/engine/OrtEngine.class",
            "ai/onnxruntime/OrtEnvironment.class");

    /// The bindings of TensorRT, 2 MB packed, where `./quantreel install tensorrt` put them on the class path.
    /// Its libraries are NVIDIA's, and the machine's.
    private static final List<String> BINDINGS = List.of(
            "org/bytedeco/tensorrt/nvinfer/IBuilder.class",
            "org/bytedeco/tensorrt/linux-x86_64/libjninvinfer.so",
            "org/bytedeco/cuda/cudart/CUstream_st.class",
            "org/bytedeco/cuda/linux-x86_64/libjnicudart.so",
            "org/bytedeco/javacpp/Pointer.class",
            "org/bytedeco/javacpp/linux-x86_64/libjnijavacpp.so");

    /// Native code of other systems, and what nobody runs; of CUDA's bindings what TensorRT's load.
    private static final Predicate<String> WANTED = name -> !name.matches(
            "ai/onnxruntime/native/(?!linux-x64/).*|nlp/.*|META-INF/maven/.*|META-INF/.*\\.(SF|RSA|DSA)|.*\\.proto"
                    + "|org/bytedeco/cuda/linux-x86_64/libjni(?!(cudart|cublas|cudnn|nvrtc)\\.so).*");

    /// Writes the bundle.
    ///
    /// @param out is told what is being done
    /// @return its size in bytes
    /// @throws IOException when a part is missing or it becomes larger than [#LIMIT_BYTES]
    public long write(Path target, PrintStream out) throws IOException {
        if (!System.getProperty("os.name").equals("Linux")
                || !System.getProperty("os.arch").equals("amd64")) {
            throw new IOException("a bundle is made on Linux on x86-64, for the same; this is "
                    + System.getProperty("os.name") + " on " + System.getProperty("os.arch"));
        }
        Path scratch = Files.createTempDirectory("quantreel-bundle");
        try {
            out.println("Kernels: " + KernelInventory.describe());
            out.println("Cutting a Java to size ...");
            Path java = scratch.resolve("jre");
            link(java);
            Path app = Files.createDirectory(scratch.resolve("app"));
            for (String library : libraries()) {
                Path home = StoredJar.home(library);
                StoredJar.write(home, app.resolve(jarName(home)), WANTED);
            }
            out.println("Packing ...");
            pack(target, java, app);
            long size = Files.size(target);
            if (size > LIMIT_BYTES) {
                throw new IOException(String.format(
                        Locale.ROOT,
                        "the bundle has %.1f MB, more than the %.0f MB that it may have",
                        size / 1e6,
                        LIMIT_BYTES / 1e6));
            }
            return size;
        } finally {
            delete(scratch);
        }
    }

    private static List<String> libraries() {
        ClassLoader loader = CheckBundle.class.getClassLoader();
        boolean all = BINDINGS.stream().allMatch(name -> loader.getResource(name) != null);
        return all ? Stream.concat(LIBRARIES.stream(), BINDINGS.stream()).toList() : LIBRARIES;
    }

    private static String jarName(Path home) {
        String name = String.valueOf(home.getFileName());
        return name.endsWith(".jar") ? name : "quantreel-engines.jar";
    }

    private void pack(Path target, Path java, Path app) throws IOException {
        try (OutputStream file = new BufferedOutputStream(Files.newOutputStream(target));
                TarXz archive = new TarXz(file, preset)) {
            archive.text(resource("run.sh"), FOLDER + "/run.sh", true);
            archive.text(resource("README.txt"), FOLDER + "/README.txt", false);
            archive.text(resource("baseline.py"), FOLDER + "/baseline.py", false);
            archive.folder(java, FOLDER + "/jre");
            archive.folder(app, FOLDER + "/app");
            archive.folder(models.resolve("diffusion_models"), FOLDER + "/models/diffusion_models");
        }
    }

    private static void link(Path folder) throws IOException {
        ToolProvider jlink = ToolProvider.findFirst("jlink")
                .orElseThrow(() -> new IOException(
                        "a bundle needs a JDK with jlink; this Java is " + System.getProperty("java.home")));
        StringWriter said = new StringWriter();
        try (PrintWriter writer = new PrintWriter(said)) {
            int code = jlink.run(
                    writer,
                    writer,
                    "--add-modules",
                    String.join(",", MODULES),
                    "--strip-debug",
                    "--no-header-files",
                    "--no-man-pages",
                    "--compress=zip-0",
                    "--output",
                    folder.toString());
            if (code != 0) {
                throw new IOException("jlink ended with " + code + ": " + said);
            }
        }
    }

    static String resource(String name) throws IOException {
        try (InputStream in = CheckBundle.class.getResourceAsStream(name)) {
            if (in == null) {
                throw new IOException("the resource " + name + " is missing");
            }
            return new String(in.readAllBytes(), StandardCharsets.UTF_8);
        }
    }

    /// Puts the helper for PyTorch where Python can read it, for a check outside of a bundle.
    ///
    /// @param folder made where it is missing
    /// @return the script
    public static Path script(Path folder) throws IOException {
        Path script = Files.createDirectories(folder).resolve("baseline.py");
        return Files.writeString(script, resource("baseline.py"), StandardCharsets.UTF_8);
    }

    private static void delete(Path folder) throws IOException {
        try (Stream<Path> walk = Files.walk(folder)) {
            for (Path path : walk.sorted(Comparator.reverseOrder()).toList()) {
                Files.delete(path);
            }
        } catch (UncheckedIOException e) {
            throw e.getCause();
        }
    }
}
