package dev.quantreel.engines.runtime.reference;

import dev.quantreel.engines.onnx.OnnxModel;
import dev.quantreel.engines.onnx.OnnxOp;
import dev.quantreel.engines.onnx.OnnxValidation;
import dev.quantreel.engines.onnx.proto.Onnx.NodeProto;
import dev.quantreel.engines.runtime.Engine;
import dev.quantreel.engines.runtime.EngineException;
import dev.quantreel.engines.runtime.Session;

/// Interprets graphs in one thread. Thread-safe.
public final class ReferenceEngine implements Engine {

    ReferenceEngine() {}

    @Override
    public String id() {
        return ReferenceEngineProvider.ID;
    }

    @Override
    public String description() {
        return "reference interpreter, plain Java, 1 thread";
    }

    @Override
    public Session open(OnnxModel model) {
        try {
            OnnxValidation.check(model);
        } catch (IllegalArgumentException e) {
            throw new EngineException(id(), "cannot open " + e.getMessage(), e);
        }
        for (NodeProto node : model.proto().getGraph().getNodeList()) {
            try {
                OnnxOp.valueOf(node.getOpType());
            } catch (IllegalArgumentException e) {
                throw new EngineException(id(), "cannot open " + model.name() + ": no operator " + node.getOpType(), e);
            }
        }
        return new ReferenceSession(model);
    }

    /// Nothing to release.
    @Override
    public void close() {}
}
