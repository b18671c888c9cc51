package dev.quantreel.engines.gpu;

import dev.quantreel.engines.gpu.Finding.Broken;
import dev.quantreel.engines.gpu.Finding.Found;
import dev.quantreel.engines.gpu.Finding.Missing;
import dev.quantreel.engines.gpu.Finding.Unfit;
import dev.quantreel.engines.runtime.cuda.driver.CudaVersion;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.Optional;
import java.util.Set;
import java.util.TreeSet;

/// Says what the answers of the libraries mean: what fits the versions that Quantreel is made for, what does
/// not, and what to install then.
final class Judgement {

    /// Version of CUDA for which the kernels are compiled and TensorRT is bound.
    static final CudaVersion CUDA = new CudaVersion(13, 0);

    /// Version of TensorRT that is bound; another major version has other functions.
    static final String TENSORRT = "10.15";

    private static final String DRIVER_REMEDY =
            "install NVIDIA's driver 580 or newer; in a container, start it with the GPU (docker run --gpus all)";
    private static final String CUDA_REMEDY =
            "install CUDA 13's libraries (package cuda-libraries-13-0, or pip install %s) and put their folder into"
                    + " LD_LIBRARY_PATH";
    private static final String TENSORRT_REMEDY =
            "install TensorRT " + TENSORRT + " for CUDA 13 and put its folder into LD_LIBRARY_PATH";

    private Judgement() {}

    /// What is to be said of a component.
    ///
    /// @param lines what was said of it, in order
    /// @param death how the process ended that asked it, if it ended over it
    static Finding of(Component component, List<ProbeLine> lines, Optional<String> death) {
        if (death.isPresent()) {
            return new Broken("the process that asked it " + death.get(), remedy(component, ""));
        }
        List<String> absences = new ArrayList<>();
        for (ProbeLine line : lines) {
            switch (line) {
                case ProbeLine.Loaded loaded -> {
                    return loaded(loaded);
                }
                case ProbeLine.Failed(Component c, String library, String reason) -> {
                    return new Broken(library + ": " + reason, remedy(component, reason));
                }
                case ProbeLine.Absent(Component c, String library, String reason) ->
                    absences.add(library + ": " + reason);
                case ProbeLine.Begin b -> {}
                case ProbeLine.Device d -> {}
                case ProbeLine.Memory m -> {}
                case ProbeLine.Resource r -> {}
            }
        }
        return absences.isEmpty()
                ? new Broken("it was not asked", remedy(component, ""))
                : new Missing(absences.getFirst(), remedy(component, ""));
    }

    private static Finding loaded(ProbeLine.Loaded loaded) {
        Optional<String> objection = objection(loaded);
        if (objection.isEmpty()) {
            return new Found(loaded.version(), loaded.path());
        }
        return new Unfit(loaded.version(), loaded.path(), objection.get(), remedy(loaded.component(), ""));
    }

    /// Why a version does not fit; empty where it does.
    private static Optional<String> objection(ProbeLine.Loaded loaded) {
        int major = major(loaded.version());
        return switch (loaded.component()) {
            case DRIVER ->
                major >= CUDA.major()
                        ? Optional.empty()
                        : Optional.of("too old: it knows CUDA up to " + loaded.version()
                                + ", the kernels and TensorRT's binding need " + CUDA);
            case MANAGEMENT -> Optional.empty();
            case RUNTIME, CUBLAS, NVRTC ->
                major == CUDA.major()
                        ? Optional.empty()
                        : Optional.of("of CUDA " + major + "; TensorRT's binding needs CUDA " + CUDA.major()
                                + (major == 12 ? " (ONNX Runtime's CUDA 12 build takes this one)" : ""));
            case CUDNN -> cudnnObjection(major, loaded.builtFor());
            case TENSORRT, PARSER ->
                major == major(TENSORRT)
                        ? Optional.empty()
                        : Optional.of("version " + loaded.version() + " was found, the binding is of " + TENSORRT
                                + ": another major version has other functions");
            case RESOURCES -> throw new IllegalArgumentException("builder resources have no version");
        };
    }

    private static Optional<String> cudnnObjection(int major, String builtFor) {
        if (major != 9) {
            return Optional.of("version " + major + "; 9 is needed");
        }
        boolean wrong = !builtFor.isEmpty() && major(builtFor) != CUDA.major();
        return wrong
                ? Optional.of("built for CUDA " + builtFor + "; TensorRT's binding needs one for CUDA " + CUDA.major())
                : Optional.empty();
    }

    private static int major(String version) {
        return Integer.parseInt(version.substring(0, version.indexOf('.')));
    }

    /// What to do about a component that is missing or does not fit.
    ///
    /// @param reason of its failure; empty where there is none
    private static String remedy(Component component, String reason) {
        return switch (component) {
            case DRIVER -> driverRemedy(reason);
            case MANAGEMENT -> "it comes with the driver; without it the free memory shown is that of the start";
            case RUNTIME -> CUDA_REMEDY.formatted("nvidia-cuda-runtime");
            case CUBLAS -> CUDA_REMEDY.formatted("nvidia-cublas");
            case NVRTC -> CUDA_REMEDY.formatted("nvidia-cuda-nvrtc");
            case CUDNN ->
                "install cuDNN 9 for CUDA 13 (package cudnn9-cuda-13, or pip install nvidia-cudnn-cu13) and put its"
                        + " folder into LD_LIBRARY_PATH";
            case TENSORRT, PARSER, RESOURCES -> TENSORRT_REMEDY;
        };
    }

    private static String driverRemedy(String reason) {
        if (reason.contains("NO_DEVICE")) {
            return "the driver sees no GPU: look at nvidia-smi and CUDA_VISIBLE_DEVICES; in a container, start it with"
                    + " the GPU (docker run --gpus all)";
        }
        if (reason.contains("STUB_LIBRARY")) {
            return "this is the linker's stub of the CUDA toolkit: take its folder out of LD_LIBRARY_PATH and "
                    + DRIVER_REMEDY;
        }
        if (reason.contains("DRIVER_MISMATCH") || reason.contains("COMPAT_NOT_SUPPORTED")) {
            return "library and kernel module are of different versions: restart the machine after an update of the"
                    + " driver, and leave cuda-compat out of LD_LIBRARY_PATH";
        }
        return DRIVER_REMEDY;
    }

    /// What is to be said of TensorRT's builder resources for the chips of this machine.
    ///
    /// @param names of the files that were found
    static Finding resources(Set<String> names, List<Gpu> gpus) {
        if (names.isEmpty()) {
            return new Missing(
                    "no " + BuilderResources.PREFIX + "* beside libnvinfer: engines cannot be built",
                    remedy(Component.RESOURCES, ""));
        }
        Set<String> kinds = new TreeSet<>();
        names.forEach(name -> kinds.add(kind(name)));
        if (kinds.contains("all chips")) {
            return new Found("all chips", "");
        }
        List<String> without = gpus.stream()
                .map(gpu -> "sm" + gpu.capability().number())
                .distinct()
                .filter(chip -> !kinds.contains(chip))
                .toList();
        String found = String.join(", ", kinds);
        if (without.isEmpty()) {
            return new Found(found, "");
        }
        String chips = String.join(", ", without);
        return kinds.contains("ptx")
                ? new Found(found + " (none for " + chips + ": engines are built from PTX, which takes longer)", "")
                : new Unfit(found, "", "none for " + chips + " and no PTX", remedy(Component.RESOURCES, ""));
    }

    /// `sm90` or `ptx` of `libnvinfer_builder_resource_sm90.so.10.15.1`.
    private static String kind(String name) {
        String rest = name.substring(BuilderResources.PREFIX.length());
        int end = rest.indexOf(".so");
        String kind = end < 0 ? rest : rest.substring(0, end);
        return kind.isEmpty() ? "all chips" : kind.substring(1).toLowerCase(Locale.ROOT);
    }
}
