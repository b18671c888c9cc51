package dev.quantreel.engines.export;

import dev.quantreel.engines.dit.FloatLinears;
import dev.quantreel.engines.dit.LinearLayers;
import dev.quantreel.engines.dit.LowRankLinears;
import dev.quantreel.engines.dit.QuantizedLinears;
import dev.quantreel.engines.dit.QuantizedLinears.Arithmetic;
import dev.quantreel.engines.dit.SplitGraphs;
import dev.quantreel.engines.dit.TransformerCheckpoint;
import dev.quantreel.engines.lowrank.LowRankBranches;
import dev.quantreel.engines.onnx.Dialect;
import dev.quantreel.engines.onnx.OnnxModel;
import dev.quantreel.engines.quant.QuantizedWeights;
import dev.quantreel.engines.runtime.CancellationToken;
import dev.quantreel.engines.tensor.FloatWeights;
import dev.quantreel.engines.tensor.Tensor;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Optional;
import java.util.SequencedMap;
import java.util.Set;
import java.util.function.Predicate;
import java.util.function.UnaryOperator;
import java.util.regex.Pattern;

/// Builds the graphs of a diffusion transformer in one [ExportForm].
///
/// @param source model, plan and branches
/// @param settings form and precision
/// @param place where laid-out weights are kept until they are written, such as
/// [dev.quantreel.engines.tensor.ScratchFile]; the identity keeps them in memory
/// @param cancellation asked while weights are laid out
public record OnnxExport(
        ExportSource source, ExportSettings settings, UnaryOperator<Tensor> place, CancellationToken cancellation) {

    /// Share of the model up to which what follows from the time alone is computed in F32.
    private static final double SMALL_SHARE = 0.05;

    /// The graphs, and what became of the weights.
    ///
    /// @param graphs text, prelude, trunk (and the trunk of both branches), head, in the order they run, by
    /// those names
    /// @param report what the form holds
    /// @param linears that were emitted: they know what to feed to the inputs of activation bits
    public record Result(SequencedMap<String, OnnxModel> graphs, ExportReport report, LinearLayers linears) {}

    /// Name of the trunk that runs both branches of guidance.
    public static final String TRUNK_OF_BOTH = "trunk-of-both";

    /// Builds the graphs in memory; large weights are referenced where they lie, or are in `place`.
    ///
    /// @throws IllegalArgumentException when the plan has no such form; says what is in the way and what is
    /// accepted
    /// @throws java.util.concurrent.CancellationException when cancellation was asked
    public Result build() {
        FormRules.require(source, settings);
        return settings.form() == ExportForm.INTEGER ? integer() : typed();
    }

    private Result integer() {
        QuantizedWeights weights = source.quantized().orElseThrow();
        LinearLayers products = settings.activationBits() == 0
                ? QuantizedLinears.of(weights, Arithmetic.INTEGER)
                : QuantizedLinears.fixed(weights, Arithmetic.INTEGER, settings.activationBits());
        LinearLayers linears = LowRankLinears.of(products, branches());
        SequencedMap<String, OnnxModel> graphs = new LinkedHashMap<>();
        emitted(linears, Dialect.STANDARD)
                .forEach((name, graph) -> graphs.put(name, standard(StandardProducts.of(graph))));
        List<RecodedLayer> layers = weights.matrices().values().stream()
                .map(matrix -> RecodedLayer.exact(
                        matrix.name().replaceFirst("\\.weight$", ""),
                        matrix.bits(),
                        matrix.isInteger() ? "integers" : "values"))
                .toList();
        return new Result(graphs, new ExportReport(settings, FormRules.notes(source, settings), layers), linears);
    }

    private Result typed() {
        ProductForm form = new ProductForm(
                settings,
                new WeightCarrier(settings.precision(), settings.recoding(), cancellation),
                layer -> source.isOriginal()
                        ? source.quantized().flatMap(weights -> weights.unrounded(layer))
                        : Optional.empty(),
                place);
        LinearLayers products = source.quantized()
                .filter(weights -> settings.form().isQuantized())
                .<LinearLayers>map(weights -> new CarriedLinears(weights, form))
                .orElseGet(() -> new FloatLinears(new FloatWeights(source.checkpoint())));
        LinearLayers linears = LowRankLinears.of(products, branches());
        Predicate<String> isWide = wide();
        SequencedMap<String, OnnxModel> graphs = new LinkedHashMap<>();
        emitted(linears, Dialect.TENSOR_RT).forEach((name, graph) -> {
            cancellation.throwIfCancelled();
            OnnxModel constant = ConstantWeights.of(graph);
            graphs.put(name, GraphNames.standard(StrongTyping.of(constant, settings.precision(), isWide, place)));
        });
        return new Result(
                graphs, new ExportReport(settings, FormRules.notes(source, settings), form.report()), linears);
    }

    /// Other programs have the standard operator sets alone; streamed weights stay streamed for engines of ours.
    private static OnnxModel standard(OnnxModel model) {
        OnnxModel plain = GraphNames.standard(model);
        return new OnnxModel(plain.proto(), plain.weights(), model.streamed());
    }

    private LowRankBranches branches() {
        LowRankBranches own = source.quantized()
                .filter(weights -> settings.form().isQuantized())
                .map(QuantizedWeights::branches)
                .orElse(LowRankBranches.NONE);
        return own.plus(source.beside());
    }

    private SequencedMap<String, OnnxModel> emitted(LinearLayers linears, Dialect dialect) {
        SplitGraphs parts = source.checkpoint().graphs(linears, new TransformerCheckpoint.Options(dialect, Set.of()));
        SequencedMap<String, OnnxModel> graphs = new LinkedHashMap<>();
        parts.text().ifPresent(text -> graphs.put("text", text));
        graphs.put("prelude", parts.prelude());
        graphs.put("trunk", parts.trunk());
        if (settings.bothBranches()) {
            graphs.put(
                    TRUNK_OF_BOTH,
                    source.checkpoint().architecture().trunkOfBoth(source.checkpoint(), linears, dialect));
        }
        graphs.put("head", parts.head());
        return graphs;
    }

    /// Weights that stay F32: those that make vectors out of the time, where they are a small part of the
    /// model. One row a step runs through them, and their rounding would shift every token alike.
    private Predicate<String> wide() {
        Pattern layers = Pattern.compile(source.checkpoint().architecture().timeLinears());
        Predicate<String> ofTime = name -> name.endsWith(".weight")
                && layers.matcher(name.substring(0, name.length() - 7)).matches();
        long elements = source.checkpoint().names().stream()
                .filter(ofTime)
                .mapToLong(name -> source.checkpoint().shape(name).elements())
                .sum();
        boolean small = elements <= SMALL_SHARE * source.checkpoint().parameters();
        return name -> ProductForm.isWide(name) || small && ofTime.test(name);
    }
}
