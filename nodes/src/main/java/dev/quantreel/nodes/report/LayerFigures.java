package dev.quantreel.nodes.report;

import com.fasterxml.jackson.databind.node.ArrayNode;
import com.fasterxml.jackson.databind.node.JsonNodeFactory;
import com.fasterxml.jackson.databind.node.ObjectNode;
import dev.quantreel.engines.quant.LayerSqnr;
import dev.quantreel.engines.quant.QuantizationError;
import dev.quantreel.engines.quant.QuantizedMatrix;
import dev.quantreel.engines.quant.WeightMemory;
import dev.quantreel.nodes.video.TextTable;
import java.util.Comparator;
import java.util.List;
import java.util.Locale;
import java.util.Optional;
import java.util.function.ToDoubleFunction;

/// Quantization figures of a model, layer by layer, as table, JSON and series for plots.
///
/// @param title precision and plan
/// @param activationBits bits at which SQNR was measured
/// @param layers in the order they run
/// @param memory of all weights
record LayerFigures(String title, int activationBits, List<Layer> layers, WeightMemory memory) {

    LayerFigures {
        layers = List.copyOf(layers);
    }

    /// @param sqnr of the output on recorded inputs, where there were any
    /// @param shapes of weights and inputs before and after rotation
    record Layer(String name, QuantizedMatrix matrix, Optional<LayerSqnr> sqnr, RotationShapes shapes) {}

    /// The layer whose outliers stand out most before rotation.
    Layer worst() {
        return layers.stream()
                .max(Comparator.comparingDouble(layer -> layer.shapes().worstCrest()))
                .orElseThrow();
    }

    String table() {
        TextTable table = new TextTable(
                "layer",
                "size",
                "bits",
                "MSE",
                "MSE/σ²",
                "vs MinMax",
                "SQNR W",
                "SQNR A",
                "SQNR",
                "cosine",
                "crest μ",
                "row μ",
                "kurt",
                "clip %",
                "in crest");
        layers.forEach(layer -> addRow(table, layer));
        return title + "\n" + table + "\n" + memoryLine();
    }

    private static void addRow(TextTable table, Layer layer) {
        QuantizationError error = layer.matrix().error();
        table.row(
                layer.name(),
                layer.matrix().rows() + "x" + layer.matrix().columns(),
                Integer.toString(layer.matrix().bits()),
                format("%.3g", error.mse()),
                format("%.3g", error.relativeMse()),
                format("%+.1f %%", -100 * error.stdReduction()),
                decibels(layer, LayerSqnr::weightOnly),
                decibels(layer, LayerSqnr::activationOnly),
                decibels(layer, LayerSqnr::both),
                layer.sqnr().map(sqnr -> format("%.4f", sqnr.output().cosine())).orElse("-"),
                format("%.1f", error.crestFactor()),
                format("%.1f", error.incoherence()),
                format("%.1f", error.kurtosis()),
                format("%.2f", 100 * error.clippedFraction()),
                layer.shapes()
                        .inputs()
                        .map(pair -> format(
                                "%.1f > %.1f",
                                pair.before().crest(), pair.after().crest()))
                        .orElse("-"));
    }

    private String memoryLine() {
        return "vs MinMax: standard deviation of the error; crest μ: max|W|·√(OC)/‖W‖, row μ: of the worst row\n"
                + format("weights %.2f MB instead of %.2f MB", memory.bytes() / 1e6, memory.originalBytes() / 1e6)
                + format(" at 16 bits, %.2f times smaller; SQNR in dB", memory.ratio())
                + (activationBits > 0 ? " at " + activationBits + " activation bits" : "");
    }

    private static String decibels(Layer layer, ToDoubleFunction<LayerSqnr> part) {
        return layer.sqnr()
                .map(part::applyAsDouble)
                .filter(Double::isFinite)
                .map(value -> format("%.1f", value))
                .orElse("-");
    }

    private static String format(String pattern, Object... values) {
        return String.format(Locale.ROOT, pattern, values);
    }

    ObjectNode json() {
        ObjectNode root = JsonNodeFactory.instance.objectNode();
        root.put("title", title).put("activationBits", activationBits);
        root.putObject("weights")
                .put("bytes", memory.bytes())
                .put("bytesAt16Bits", memory.originalBytes())
                .put("ratio", memory.ratio());
        ArrayNode array = root.putArray("layers");
        for (Layer layer : layers) {
            QuantizationError error = layer.matrix().error();
            ObjectNode json = array.addObject()
                    .put("layer", layer.name())
                    .put("rows", layer.matrix().rows())
                    .put("columns", layer.matrix().columns())
                    .put("bits", layer.matrix().bits())
                    .put("bytes", layer.matrix().bytes())
                    .put("mse", error.mse())
                    .put("relativeMse", error.relativeMse())
                    .put("errorStd", error.errorStd())
                    .put("minMaxErrorStd", error.minMaxErrorStd())
                    .put("maxError", error.maxError())
                    .put("clippedFraction", error.clippedFraction())
                    .put("kurtosis", error.kurtosis())
                    .put("crestFactor", error.crestFactor())
                    .put("incoherence", error.incoherence());
            json.set("weightShape", layer.shapes().weights().json());
            layer.shapes().inputs().ifPresent(pair -> json.set("inputShape", pair.json()));
            layer.sqnr().ifPresent(sqnr -> {
                putFinite(json, "sqnrWeightsDb", sqnr.weightOnly());
                putFinite(json, "sqnrActivationsDb", sqnr.activationOnly());
                putFinite(json, "sqnrDb", sqnr.both());
                putFinite(json, "outputCosine", sqnr.output().cosine());
                putFinite(json, "outputRelativeL1", sqnr.output().relativeL1());
                putFinite(json, "outputMaxError", sqnr.output().maxError());
            });
        }
        return root;
    }

    /// JSON knows no infinity: an exact output has no entry.
    private static void putFinite(ObjectNode json, String name, double value) {
        if (Double.isFinite(value)) {
            json.put(name, value);
        }
    }

    List<String> names() {
        return layers.stream().map(Layer::name).toList();
    }

    /// Standard deviation of the weight error relative to the weights, in percent, of the method and of MinMax.
    List<Charts.LayerSeries> errors() {
        return List.of(
                new Charts.LayerSeries(
                        "this plan",
                        values(layer -> relative(layer, error(layer).errorStd()))),
                new Charts.LayerSeries(
                        "row-wise MinMax",
                        values(layer -> relative(layer, error(layer).minMaxErrorStd()))));
    }

    private static QuantizationError error(Layer layer) {
        return layer.matrix().error();
    }

    private static double relative(Layer layer, double std) {
        QuantizationError error = error(layer);
        double sigma = error.relativeMse() > 0 ? Math.sqrt(error.mse() / error.relativeMse()) : 1;
        return 100 * std / sigma;
    }

    /// Output SQNR; infinite values are left at 0 and do not occur below 16 bits.
    List<Charts.LayerSeries> sqnrs() {
        return List.of(
                new Charts.LayerSeries("weights and activations", values(layer -> finite(layer, LayerSqnr::both))),
                new Charts.LayerSeries("weights only", values(layer -> finite(layer, LayerSqnr::weightOnly))),
                new Charts.LayerSeries("activations only", values(layer -> finite(layer, LayerSqnr::activationOnly))));
    }

    private static double finite(Layer layer, ToDoubleFunction<LayerSqnr> part) {
        return layer.sqnr().map(part::applyAsDouble).filter(Double::isFinite).orElse(0.0);
    }

    private List<Double> values(ToDoubleFunction<Layer> value) {
        return layers.stream().map(value::applyAsDouble).toList();
    }

    boolean hasSqnr() {
        return layers.stream().anyMatch(layer -> layer.sqnr().isPresent());
    }
}
