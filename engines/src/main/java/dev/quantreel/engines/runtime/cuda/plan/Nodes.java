package dev.quantreel.engines.runtime.cuda.plan;

import com.google.protobuf.ByteString;
import dev.quantreel.engines.onnx.OnnxOp;
import dev.quantreel.engines.onnx.proto.Onnx.AttributeProto;
import dev.quantreel.engines.onnx.proto.Onnx.NodeProto;
import java.util.Arrays;

/// Makes the nodes of joined steps.
final class Nodes {

    private Nodes() {}

    /// A node of another operator in the place of `like`, under its name.
    static NodeProto of(OnnxOp op, NodeProto like, AttributeProto... attributes) {
        return NodeProto.newBuilder()
                .setName(like.getName())
                .setOpType(op.name())
                .setDomain(op.domain())
                .addAllOutput(like.getOutputList())
                .addAllAttribute(Arrays.asList(attributes))
                .build();
    }

    static NodeProto with(NodeProto node, AttributeProto... attributes) {
        return node.toBuilder().addAllAttribute(Arrays.asList(attributes)).build();
    }

    static AttributeProto text(String name, String value) {
        return AttributeProto.newBuilder()
                .setName(name)
                .setType(AttributeProto.AttributeType.STRING)
                .setS(ByteString.copyFromUtf8(value))
                .build();
    }

    static AttributeProto integer(String name, long value) {
        return AttributeProto.newBuilder()
                .setName(name)
                .setType(AttributeProto.AttributeType.INT)
                .setI(value)
                .build();
    }

    static AttributeProto real(String name, float value) {
        return AttributeProto.newBuilder()
                .setName(name)
                .setType(AttributeProto.AttributeType.FLOAT)
                .setF(value)
                .build();
    }
}
