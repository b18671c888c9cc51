package dev.quantreel.server.workflow;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.util.List;
import java.util.Optional;

/// A workflow read from a file, in whichever format it was, ready to be validated.
///
/// @param api what to execute
/// @param canvas the canvas document with every key it came with, when the file held one
public record WorkflowFile(ApiWorkflow api, Optional<String> canvas) {

    private static final long MAX_BYTES = 100_000_000;

    /// Reads a file in API format, or in canvas format 0.4 or 1.
    ///
    /// @param settings values that replace those of the file
    /// @throws WorkflowException when the file is missing, is no workflow, or a setting does not fit
    public static WorkflowFile read(Path file, NodeSpecs specs, List<Setting> settings) {
        try {
            if (Files.size(file) > MAX_BYTES) {
                throw new WorkflowException(
                        WorkflowException.INVALID_JSON,
                        file + " is larger than " + MAX_BYTES + " bytes, not a workflow");
            }
            return of(Files.readAllBytes(file), specs, settings);
        } catch (NoSuchFileException e) {
            throw new WorkflowException(WorkflowException.INVALID_JSON, "there is no file " + file, e);
        } catch (IOException e) {
            throw new WorkflowException(
                    WorkflowException.INVALID_JSON, "cannot read " + file + ": " + e.getMessage(), e);
        } catch (WorkflowException e) {
            throw new WorkflowException(e.type(), file.getFileName() + ": " + e.getMessage(), e);
        }
    }

    static WorkflowFile of(byte[] utf8, NodeSpecs specs, List<Setting> settings) {
        JsonNode document = Json.read(utf8);
        boolean canvas = document.path("nodes").isArray();
        ObjectNode api = canvas ? new UiWorkflowConverter(specs).toApi(document) : api(document);
        settings.forEach(setting -> setting.apply(api, specs));
        return new WorkflowFile(ApiWorkflow.of(api), canvas ? Optional.of(Json.write(document)) : Optional.empty());
    }

    private static ObjectNode api(JsonNode document) {
        JsonNode inner =
                document.path("prompt").isObject() && !document.path("prompt").has("class_type")
                        ? document.path("prompt")
                        : document;
        boolean nodesOnly = inner.isObject() && !inner.isEmpty();
        for (JsonNode node : inner) {
            nodesOnly &= node.has("class_type");
        }
        if (!nodesOnly || !(inner instanceof ObjectNode object)) {
            throw new WorkflowException(
                    WorkflowException.INVALID_PROMPT,
                    "not a workflow: neither canvas format (an object with a list of nodes) nor API format "
                            + "(an object whose every value has a class_type)");
        }
        return object;
    }
}
