package dev.quantreel.nodes.measure;

import dev.quantreel.nodes.values.BitPlan;
import dev.quantreel.nodes.values.CachePlan;
import dev.quantreel.nodes.values.DiffusionModel;
import dev.quantreel.nodes.values.LowNoiseModel;
import dev.quantreel.nodes.values.ModelAssembly;
import java.util.List;
import java.util.Optional;
import java.util.stream.Collectors;
import java.util.stream.Stream;

/// One way to run a model.
///
/// @param name for tables and plots
/// @param model quantized or not; of two experts the one of the noisy steps
/// @param lowNoise the other expert
/// @param bits activation bits over the steps; without it those of the model
/// @param cache which steps are skipped; without it none
public record Candidate(
        String name,
        DiffusionModel model,
        Optional<LowNoiseModel> lowNoise,
        Optional<BitPlan> bits,
        Optional<CachePlan> cache) {

    /// A model as it is.
    public static Candidate of(String name, DiffusionModel model) {
        return new Candidate(name, model, Optional.empty(), Optional.empty(), Optional.empty());
    }

    /// The same model in full precision, LoRAs included.
    public static Candidate fullPrecision(DiffusionModel model) {
        return of("full precision", unquantized(model));
    }

    /// The model without what quantizes it, and without what makes up for that.
    static DiffusionModel unquantized(DiffusionModel model) {
        return DiffusionModel.fullPrecision(model.file().withoutEstimate(), model.architecture())
                .with(model.execution());
    }

    /// Its models in the order in which the noise falls.
    public List<DiffusionModel> models() {
        return Stream.concat(Stream.of(model), lowNoise.map(LowNoiseModel::model).stream())
                .toList();
    }

    /// Short name of the precision: `W4A8`; of two experts that differ both, `W8A8 + W4A8`.
    public String precision() {
        return models().stream().map(DiffusionModel::precision).distinct().collect(Collectors.joining(" + "));
    }

    /// Equal for candidates that compute the same, whatever they are called; the same in every process.
    void addTo(Fingerprint fingerprint) {
        add(model, fingerprint);
        fingerprint
                .add(bits.map(plan -> plan.schedule().toString()).orElse("-"))
                .add(cache.map(Object::toString).orElse("-"));
        lowNoise.ifPresent(low -> {
            fingerprint.add("low noise").add(low.boundary()).add(low.cfg());
            add(low.model(), fingerprint);
        });
    }

    private static void add(DiffusionModel model, Fingerprint fingerprint) {
        fingerprint
                .add(model.file().digest())
                .add(ModelAssembly.planText(model))
                .add(model.activationBits())
                .add(model.execution());
    }

    /// Its models that another one does not use: other weights, or another engine.
    List<DiffusionModel> modelsBeside(Candidate other) {
        return models().stream()
                .filter(own -> other.models().stream().noneMatch(its -> isSame(own, its)))
                .toList();
    }

    private static boolean isSame(DiffusionModel one, DiffusionModel other) {
        return one.file().equals(other.file())
                && ModelAssembly.planText(one).equals(ModelAssembly.planText(other))
                && one.execution().equals(other.execution());
    }
}
