package dev.quantreel.server.http;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.ArrayNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import dev.quantreel.engines.artifact.ArtifactReport;
import dev.quantreel.engines.artifact.ArtifactSource;
import dev.quantreel.server.workflow.Json;

/// Recipe and report of a quantized file as JSON: `{family, tool, recipe, source, parameters, tensorBytes, ratio,
/// bitsPerWeight, relativeError, layers: [{name, rows, columns, bits, modulation, smoothed, branches, figures}]}`;
/// `figures` are the components of a [QuantizationError] in their order, null where one is not finite.
final class ArtifactReportJson {

    private ArtifactReportJson() {}

    static ObjectNode of(ArtifactReport report) {
        ObjectNode json = Json.object()
                .put("family", report.header().family())
                .put("tool", report.header().tool());
        json.set("recipe", Json.read(report.header().recipe().toJson()));
        json.set("source", source(report.header().source()));
        json.put("parameters", report.parameters())
                .put("tensorBytes", report.tensorBytes())
                .put("ratio", report.ratio())
                .put("bitsPerWeight", report.bitsPerWeight())
                .put("relativeError", report.relativeError());
        ArrayNode layers = json.putArray("layers");
        report.layers().forEach(layer -> add(layers.addObject(), layer));
        return json;
    }

    private static JsonNode source(ArtifactSource source) {
        return Json.object()
                .put("name", source.name())
                .put("digest", source.digest())
                .put("bytes", source.bytes())
                .put("format", source.format());
    }

    private static void add(ObjectNode json, ArtifactReport.Layer layer) {
        json.put("name", layer.layer().name())
                .put("rows", layer.weights() / layer.layer().columns())
                .put("columns", layer.layer().columns())
                .put("bits", layer.layer().bits())
                .put("modulation", layer.layer().modulation())
                .put("smoothed", layer.layer().smoothed())
                .put("branches", layer.layer().branches().size());
        ArrayNode figures = json.putArray("figures");
        for (double figure : layer.error().figures()) {
            if (Double.isFinite(figure)) {
                figures.add(figure);
            } else {
                figures.addNull();
            }
        }
    }
}
