package dev.quantreel.engines.runtime.cuda.kernel;

import dev.quantreel.engines.runtime.cuda.driver.ComputeCapability;
import dev.quantreel.engines.runtime.cuda.driver.NativeLibraryException;
import dev.quantreel.engines.runtime.cuda.driver.Nvrtc;
import dev.quantreel.engines.runtime.cuda.driver.NvrtcException;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.List;
import java.util.Optional;

/// Kernels compiled by NVRTC for the chip at hand.
final class CompiledImages implements KernelImages {

    /// What nvcc is given as well: no contraction, so that every operation rounds as it is written.
    private static final List<String> OPTIONS = List.of("--std=c++17", "--fmad=false");

    /// Chips whose own instructions need the suffix `a`, and code that no other chip runs.
    private static final List<Integer> SPECIFIC = List.of(90, 120);

    private final Nvrtc compiler;

    CompiledImages(Nvrtc compiler) {
        this.compiler = compiler;
    }

    /// The NVRTC that was named, else the newest of this machine.
    ///
    /// @param unit what it is needed for, for the message
    /// @throws KernelException when there is none
    static CompiledImages find(String unit) {
        List<String> reasons = new ArrayList<>();
        try {
            Optional<Nvrtc> found = Nvrtc.find();
            if (found.isPresent()) {
                return new CompiledImages(found.get());
            }
        } catch (NativeLibraryException e) {
            reasons.add(e.getMessage());
        }
        for (String library : Nvrtc.defaultLibraries()) {
            try {
                return new CompiledImages(Nvrtc.open(library));
            } catch (NativeLibraryException e) {
                reasons.add(e.getMessage());
            }
        }
        throw new KernelException(
                "kernels " + unit + ": this build holds no machine code (nvcc was not there when it was made;"
                        + " ./quantreel install cuda-compiler fetches it) and NVRTC, which would compile them here,"
                        + " cannot be loaded: " + String.join("; ", reasons),
                null);
    }

    @Override
    public byte[] image(String unit, ComputeCapability chip) {
        String text = KernelSources.text(unit);
        Nvrtc.Source source = new Nvrtc.Source(unit + ".cu", text, KernelSources.headers(text));
        List<Integer> known = compiler.architectures();
        try {
            if (known.contains(chip.number())) {
                return compiler.compileToCubin(source, architecture(chip), OPTIONS)
                        .code();
            }
            int newest = known.stream()
                    .filter(number -> number <= chip.number())
                    .max(Comparator.naturalOrder())
                    .orElseThrow(() -> new KernelException(
                            "kernels " + unit + ": NVRTC " + compiler.version() + " compiles for " + known
                                    + ", not for " + chip.architecture() + " or an older chip",
                            null));
            return compiler.compileToPtx(source, "compute_" + newest, OPTIONS).code();
        } catch (NvrtcException e) {
            throw new KernelException("kernels " + unit + " for " + chip.architecture(), e);
        }
    }

    private static String architecture(ComputeCapability chip) {
        return chip.architecture() + (SPECIFIC.contains(chip.number()) ? "a" : "");
    }
}
