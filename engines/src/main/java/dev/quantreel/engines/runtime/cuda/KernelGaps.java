package dev.quantreel.engines.runtime.cuda;

import dev.quantreel.engines.onnx.OnnxModel;
import dev.quantreel.engines.onnx.OnnxOp;
import dev.quantreel.engines.onnx.proto.Onnx.AttributeProto;
import dev.quantreel.engines.onnx.proto.Onnx.GraphProto;
import dev.quantreel.engines.onnx.proto.Onnx.NodeProto;
import dev.quantreel.engines.onnx.proto.Onnx.TensorProto;
import dev.quantreel.engines.runtime.cuda.plan.NodeAttributes;
import dev.quantreel.engines.runtime.reference.HostOperators;
import dev.quantreel.engines.tensor.Tensor;
import java.lang.foreign.ValueLayout;
import java.util.Arrays;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.stream.LongStream;
import java.util.stream.Stream;

/// What nodes ask for that no kernel does, as far as it shows before shapes are known: operators, attributes,
/// inputs, and shapes of initializers. A graph with such a node runs elsewhere; what passes here and is refused
/// when a run is planned is a graph that nothing of ours emits.
final class KernelGaps {

    private static final int MASKS_END = 7;
    private static final int BIAS = 5;

    private final Map<String, TensorProto> initializers = new HashMap<>();

    private KernelGaps(OnnxModel model) {
        graphs(model.proto().getGraph())
                .flatMap(graph -> graph.getInitializerList().stream())
                .forEach(initializer -> initializers.put(initializer.getName(), initializer));
    }

    /// The first node that cannot run on the device, and why; empty where nothing is known against the model.
    static Optional<String> first(OnnxModel model) {
        KernelGaps gaps = new KernelGaps(model);
        return graphs(model.proto().getGraph())
                .flatMap(graph -> graph.getNodeList().stream())
                .flatMap(node -> gaps.of(node).map(gap -> "node " + node.getName() + ": " + gap).stream())
                .findFirst();
    }

    private static Stream<GraphProto> graphs(GraphProto graph) {
        return Stream.concat(
                Stream.of(graph),
                graph.getNodeList().stream()
                        .flatMap(node -> node.getAttributeList().stream())
                        .filter(AttributeProto::hasG)
                        .flatMap(attribute -> graphs(attribute.getG())));
    }

    private Optional<String> of(NodeProto node) {
        OnnxOp op = OnnxOp.valueOf(node.getOpType());
        if (!CudaKernels.OPERATORS.contains(op)) {
            return Optional.of("there is no kernel of " + op);
        }
        NodeAttributes attributes = new NodeAttributes(node);
        return switch (op) {
            case Conv -> convolution(node, attributes);
            case MultiHeadAttention -> attention(node, attributes);
            case LayerNormalization, SimplifiedLayerNormalization ->
                isLast(attributes, node.getInput(1))
                        ? Optional.empty()
                        : Optional.of(
                                "a norm along axis " + attributes.integer("axis", -1) + "; the last one has a kernel");
            case Softmax ->
                attributes.integer("axis", -1) == -1
                        ? Optional.empty()
                        : Optional.of("Softmax along axis " + attributes.integer("axis", -1)
                                + "; the last one, -1, has a kernel");
            case QuantizeLinear -> quantization(node, attributes);
            case Pad -> padding(node, attributes);
            case ReduceL2, ReduceMax, ReduceMean, ReduceMin, ReduceSum -> reduction(node);
            default -> Optional.empty();
        };
    }

    /// A scale of one axis belongs to the last one.
    private boolean isLast(NodeAttributes attributes, String scale) {
        TensorProto known = initializers.get(scale);
        return attributes.integer("axis", -1) == -1 || known != null && known.getDimsCount() == 1;
    }

    /// Patches that lie side by side are all that has a kernel.
    private Optional<String> convolution(NodeProto node, NodeAttributes attributes) {
        int[] extents = attributes.integers("kernel_shape");
        TensorProto weight = initializers.get(node.getInput(1));
        if (weight != null) {
            extents = weight.getDimsList().stream()
                    .skip(2)
                    .mapToInt(Math::toIntExact)
                    .toArray();
        }
        int[] ones = new int[extents.length];
        Arrays.fill(ones, 1);
        int[] strides = attributes.integers("strides", ones);
        boolean isPatches = attributes.integer("group", 1) == 1
                && attributes.text("auto_pad", "NOTSET").equals("NOTSET")
                && Arrays.stream(attributes.integers("pads")).allMatch(pad -> pad == 0)
                && Arrays.stream(attributes.integers("dilations")).allMatch(dilation -> dilation == 1)
                && (extents.length == 0 || Arrays.equals(strides, extents));
        return isPatches
                ? Optional.empty()
                : Optional.of("a convolution of " + Arrays.toString(extents) + " in strides of "
                        + Arrays.toString(strides) + "; only patches that lie side by side have a kernel");
    }

    private static Optional<String> attention(NodeProto node, NodeAttributes attributes) {
        boolean isPlain = attributes.integer("unidirectional", 0) == 0;
        for (int i = 3; i < node.getInputCount(); i++) {
            isPlain &= i == BIAS || i >= MASKS_END || node.getInput(i).isEmpty();
        }
        return isPlain
                ? Optional.empty()
                : Optional.of("attention with a mask, a bias of its projections or the causal order; only query, key,"
                        + " value and attention bias have a kernel");
    }

    private Optional<String> quantization(NodeProto node, NodeAttributes attributes) {
        TensorProto scale = initializers.get(node.getInput(1));
        boolean isSingle = scale != null && elements(scale) == 1;
        boolean isBlocks = attributes.integer("block_size", 0) > 0 && attributes.integer("axis", 1) == -1;
        boolean isRefused = scale != null && !isSingle && !isBlocks;
        return isRefused
                ? Optional.of("scales along axis " + attributes.integer("axis", 1)
                        + "; one scale, or one per block of the last axis, have kernels")
                : Optional.empty();
    }

    private static long elements(TensorProto tensor) {
        return tensor.getDimsList().stream().reduce(1L, (a, b) -> a * b);
    }

    private Optional<String> padding(NodeProto node, NodeAttributes attributes) {
        String mode = attributes.text("mode", "constant");
        List<String> inputs = node.getInputList();
        boolean hasValue = inputs.size() > 2 && !inputs.get(2).isEmpty();
        boolean isZero = !hasValue
                || inline(inputs.get(2))
                        .map(value -> value.data().get(Tensor.FLOAT, 0) == 0)
                        .orElse(true);
        boolean hasAxes = inputs.size() > 3 && !inputs.get(3).isEmpty();
        return mode.equals("edge") && !hasAxes || mode.equals("constant") && isZero && !hasAxes
                ? Optional.empty()
                : Optional.of("padding of mode " + mode + "; only that of all axes with zeros or edges has a kernel");
    }

    /// Axes that are neighbours, as far as they are told from the same end.
    private Optional<String> reduction(NodeProto node) {
        if (node.getInputCount() < 2) {
            return Optional.empty();
        }
        long[] axes = inline(node.getInput(1)).map(KernelGaps::longs).orElseGet(() -> new long[0]);
        Arrays.sort(axes);
        boolean sameEnd = axes.length < 2 || axes[0] >= 0 || axes[axes.length - 1] < 0;
        boolean areNeighbours = axes.length < 2 || axes[axes.length - 1] - axes[0] == axes.length - 1;
        return sameEnd && !areNeighbours
                ? Optional.of("a reduction over axes " + Arrays.toString(axes) + "; only neighbours have a kernel")
                : Optional.empty();
    }

    private Optional<Tensor> inline(String name) {
        return Optional.ofNullable(initializers.get(name))
                .filter(initializer -> initializer.getDataLocation() != TensorProto.DataLocation.EXTERNAL)
                .map(HostOperators::inline);
    }

    private static long[] longs(Tensor tensor) {
        return LongStream.range(0, tensor.elements())
                .map(i -> tensor.data().get(ValueLayout.JAVA_LONG_UNALIGNED, 8 * i))
                .toArray();
    }
}
