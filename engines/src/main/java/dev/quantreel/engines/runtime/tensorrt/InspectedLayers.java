package dev.quantreel.engines.runtime.tensorrt;

import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import dev.quantreel.engines.onnx.proto.Onnx.GraphProto;
import dev.quantreel.engines.onnx.proto.Onnx.NodeProto;
import java.util.ArrayList;
import java.util.HashSet;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Locale;
import java.util.Set;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/// Which products of a graph TensorRT runs in 8 bits. A strongly typed graph says that operands are dequantized codes;
/// whether a kernel multiplies the codes, or they are widened first and multiplied in 16 bits, is the builder's choice
/// and costs half the speed. The engine inspector tells: `{"Layers": [{"Name": .., "Metadata": "[ONNX Layer: node]",
/// "Inputs": [{"Format/Datatype": "Int8"}]}]}`.
///
/// @param products of two dequantized operands in the graph
/// @param found those whose kernel the inspector names
/// @param inEightBits those of them whose kernel reads 8-bit codes
record InspectedLayers(int products, int found, int inEightBits) {

    private static final ObjectMapper MAPPER = new ObjectMapper();
    private static final Pattern NODE = Pattern.compile("\\[ONNX Layer: ([^\\]]+)\\]");
    private static final Pattern EIGHT_BITS = Pattern.compile("\\b(int8|fp8|e4m3)", Pattern.CASE_INSENSITIVE);

    /// @param json as the library gave it
    /// @throws TensorRtException when it is no such document
    static InspectedLayers of(GraphProto graph, String json) {
        Set<String> products = products(graph);
        Set<String> found = new HashSet<>();
        Set<String> inEightBits = new HashSet<>();
        for (JsonNode layer : layers(json)) {
            List<String> nodes = nodes(layer);
            nodes.retainAll(products);
            found.addAll(nodes);
            if (readsCodes(layer)) {
                inEightBits.addAll(nodes);
            }
        }
        return new InspectedLayers(products.size(), found.size(), inEightBits.size());
    }

    private static JsonNode layers(String json) {
        try {
            JsonNode layers = MAPPER.readTree(json).path("Layers");
            if (!layers.isArray()) {
                throw new TensorRtException("the engine inspector lists no layers");
            }
            return layers;
        } catch (JsonProcessingException e) {
            throw new TensorRtException("the engine inspector's answer is no JSON: " + e.getOriginalMessage());
        }
    }

    /// Names of products whose operands are both dequantized; names are unique in our graphs.
    static Set<String> products(GraphProto graph) {
        Set<String> dequantized = new HashSet<>();
        Set<String> names = new LinkedHashSet<>();
        for (NodeProto node : graph.getNodeList()) {
            switch (node.getOpType()) {
                case "DequantizeLinear" -> dequantized.add(node.getOutput(0));
                case "MatMul" -> {
                    if (dequantized.containsAll(node.getInputList())) {
                        names.add(node.getName());
                    }
                }
                default -> {}
            }
        }
        return names;
    }

    /// Nodes that a layer carries out; none where the plan was built without details.
    private static List<String> nodes(JsonNode layer) {
        List<String> nodes = new ArrayList<>();
        Matcher named = NODE.matcher(layer.path("Metadata").asText(""));
        while (named.find()) {
            nodes.add(named.group(1));
        }
        return nodes;
    }

    private static boolean readsCodes(JsonNode layer) {
        for (JsonNode input : layer.path("Inputs")) {
            if (EIGHT_BITS.matcher(input.path("Format/Datatype").asText("")).find()) {
                return true;
            }
        }
        return false;
    }

    /// Whether products were widened that should not be.
    boolean fellBack() {
        return inEightBits < found;
    }

    /// For people; empty of graphs without such products.
    String text() {
        if (products == 0) {
            return "";
        }
        if (found == 0) {
            return "TensorRT does not tell how it runs the " + products + " products of 8-bit operands";
        }
        String told = String.format(Locale.ROOT, "%d of %d products in 8 bits", inEightBits, found);
        return (found < products ? told + " (" + (products - found) + " more not told)" : told)
                + (fellBack() ? "; WARNING: the others are widened to 16 bits first and bring no speed" : "");
    }
}
