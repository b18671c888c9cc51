package dev.quantreel.engines.gpu;

import dev.quantreel.engines.runtime.djl.OrtProviders;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;

/// What this machine has of NVIDIA's.
///
/// @param gpus in the driver's order; none where there is no driver that works
/// @param parts what was found, one for each [Component] in its order
/// @param providers what ONNX Runtime can run on; empty where it was not asked
public record GpuReport(List<Gpu> gpus, List<Part> parts, Optional<OrtProviders> providers) {

    /// A component and what was found of it.
    public record Part(Component component, Finding finding) {}

    /// What the GPU can be used through.
    public enum Use {
        /// Own kernels, which need the driver alone.
        KERNELS(Component.DRIVER),
        TENSORRT(
                Component.DRIVER,
                Component.RUNTIME,
                Component.CUBLAS,
                Component.CUDNN,
                Component.NVRTC,
                Component.TENSORRT,
                Component.PARSER,
                Component.RESOURCES);

        private final List<Component> needs;

        Use(Component... needs) {
            this.needs = List.of(needs);
        }
    }

    public GpuReport {
        gpus = List.copyOf(gpus);
        parts = List.copyOf(parts);
    }

    /// Of NVIDIA's libraries alone.
    public GpuReport(List<Gpu> gpus, List<Part> parts) {
        this(gpus, parts, Optional.empty());
    }

    /// What was found of a component.
    public Finding of(Component component) {
        return parts.stream()
                .filter(part -> part.component() == component)
                .map(Part::finding)
                .findFirst()
                .orElseThrow();
    }

    /// What is missing or does not fit for a use.
    public List<Component> lacking(Use use) {
        return use.needs.stream().filter(component -> !of(component).fits()).toList();
    }

    /// Why the GPU cannot be used in a way, naming what is missing and what to install; empty where it can.
    public Optional<String> obstacle(Use use) {
        List<String> obstacles = new ArrayList<>();
        for (Component component : lacking(use)) {
            switch (of(component)) {
                case Finding.Found f -> {}
                case Finding.Unfit(String version, String path, String reason, String remedy) ->
                    obstacles.add(component.title() + " " + version + ": " + reason + "; " + remedy);
                case Finding.Missing(String reason, String remedy) ->
                    obstacles.add(component.title() + ": " + reason + "; " + remedy);
                case Finding.Broken(String reason, String remedy) ->
                    obstacles.add(component.title() + ": " + reason + "; " + remedy);
            }
        }
        if (obstacles.isEmpty() && gpus.isEmpty()) {
            return Optional.of("the driver has no GPU");
        }
        return obstacles.isEmpty() ? Optional.empty() : Optional.of(String.join(". ", obstacles));
    }
}
