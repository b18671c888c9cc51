package dev.quantreel.nodes.report;

import dev.quantreel.nodes.measure.Candidate;
import dev.quantreel.nodes.measure.Methods;
import dev.quantreel.nodes.spi.In;
import dev.quantreel.nodes.spi.Node;
import dev.quantreel.nodes.spi.NodeContext;
import dev.quantreel.nodes.spi.NodeInputException;
import dev.quantreel.nodes.spi.NodeType;
import dev.quantreel.nodes.spi.Out;
import dev.quantreel.nodes.values.BitPlan;
import dev.quantreel.nodes.values.CachePlan;
import dev.quantreel.nodes.values.DiffusionModel;
import dev.quantreel.nodes.values.LowNoiseModel;
import java.util.List;
import java.util.Optional;

/// Collects what is compared.
@NodeType(
        id = "AddMethod",
        title = "Add Method",
        category = "report",
        description =
                "Adds one way to run the model, with its bit schedule, step cache and second expert, to the methods that"
                        + " Report Card and Error Curves compare. Connect the nodes one behind the other; the first is the first row of"
                        + " the table.",
        aliases = {"method list", "compare"})
public final class AddMethod implements Node<AddMethod.Inputs, AddMethod.Outputs> {

    /// See [AddMethod].
    public record Inputs(
            @In(help = "The model, quantized or not.") DiffusionModel model,

            @In(help = "Name in tables and plots; empty takes the precision, such as W4A8.", initial = "")
            String name,

            @In(help = "Activation bits over the steps.") Optional<BitPlan> bitSchedule,

            @In(help = "Which steps are skipped.") Optional<CachePlan> stepCache,

            @In(help = "The methods before this one.") Optional<Methods> methods,

            @In(
                    help =
                            "The second model of Wan 2.2 A14B, from Low-Noise Expert; the one above is then the high-noise"
                                    + " one.")
            Optional<LowNoiseModel> lowNoise) {}

    /// See [AddMethod].
    public record Outputs(@Out(help = "The methods so far.") Methods methods) {}

    @Override
    public Outputs run(Inputs in, NodeContext context) {
        Candidate unnamed = new Candidate("", in.model(), in.lowNoise(), in.bitSchedule(), in.stepCache());
        String name = in.name().isBlank() ? unnamed.precision() : in.name().strip();
        Methods before = in.methods().orElseGet(() -> new Methods(List.of()));
        if (before.candidates().stream().anyMatch(other -> other.name().equals(name))) {
            throw new NodeInputException(
                    "name", "is '" + name + "', as is that of an earlier method; accepted is a name of its own");
        }
        return new Outputs(
                before.with(new Candidate(name, in.model(), in.lowNoise(), in.bitSchedule(), in.stepCache())));
    }
}
