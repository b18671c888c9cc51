package dev.quantreel.nodes.measure;

import dev.quantreel.nodes.values.BitPlan;
import dev.quantreel.nodes.values.CachePlan;
import dev.quantreel.nodes.values.DiffusionModel;
import java.util.Optional;

/// One way to run a model.
///
/// @param name for tables and plots
/// @param model quantized or not
/// @param bits activation bits over the steps; without it those of the model
/// @param cache which steps are skipped; without it none
public record Candidate(String name, DiffusionModel model, Optional<BitPlan> bits, Optional<CachePlan> cache) {

    /// A model as it is.
    public static Candidate of(String name, DiffusionModel model) {
        return new Candidate(name, model, Optional.empty(), Optional.empty());
    }

    /// The same model in full precision, LoRAs included.
    public static Candidate fullPrecision(DiffusionModel model) {
        return of(
                "full precision",
                DiffusionModel.fullPrecision(model.file(), model.architecture()).with(model.execution()));
    }

    /// Equal for candidates that compute the same, whatever they are called; the same in every process.
    void addTo(Fingerprint fingerprint) {
        fingerprint
                .add(model.file().digest())
                .add(model.plan().map(Object::toString).orElse("full precision"))
                .add(model.activationBits())
                .add(model.execution())
                .add(bits.map(plan -> plan.schedule().toString()).orElse("-"))
                .add(cache.map(Object::toString).orElse("-"));
    }

    /// Whether both use the same quantized weights on the same engine.
    boolean sharesModelWith(Candidate other) {
        return model.file().equals(other.model.file())
                && model.plan().equals(other.model.plan())
                && model.execution().equals(other.model.execution());
    }
}
