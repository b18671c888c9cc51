package dev.quantreel.server.http;

import com.fasterxml.jackson.databind.node.ArrayNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import dev.quantreel.engines.recognition.ModelCard;
import dev.quantreel.engines.recognition.ModelCatalog;
import dev.quantreel.engines.recognition.ModelEntry;
import dev.quantreel.engines.recognition.Pairing;
import dev.quantreel.server.workflow.Json;

/// The table of models as JSON: `{"models": [{file, path, size, precision, container, models: [{kind, family, variant,
/// layout, parameters}], pairs_with, problems, damaged}]}`.
public final class ModelCatalogJson {

    private ModelCatalogJson() {}

    /// Compact text.
    public static String write(ModelCatalog catalog) {
        ObjectNode document = Json.object();
        ArrayNode entries = document.putArray("models");
        catalog.entries().forEach(entry -> add(entries.addObject(), entry, catalog));
        return Json.write(document);
    }

    private static void add(ObjectNode json, ModelEntry entry, ModelCatalog catalog) {
        json.put("file", entry.name()).put("path", entry.path().toString()).put("size", entry.sizeBytes());
        entry.format()
                .ifPresent(format -> json.put("precision", format.precision()).put("container", format.container()));
        ArrayNode models = json.putArray("models");
        for (ModelCard card : entry.cards()) {
            models.addObject()
                    .put("kind", card.kind().word())
                    .put("family", card.family())
                    .put("variant", card.variant())
                    .put("layout", card.layout())
                    .put("parameters", card.parameters());
        }
        Pairing pairing = Pairing.of(entry, catalog);
        ArrayNode partners = json.putArray("pairs_with");
        pairing.partners().forEach(partners::add);
        ArrayNode problems = json.putArray("problems");
        entry.problem().ifPresent(problems::add);
        pairing.lacks().forEach(problems::add);
        json.put("damaged", entry.damaged());
    }
}
