package dev.quantreel.engines.runtime.reference;

import dev.quantreel.engines.onnx.OnnxModel;
import dev.quantreel.engines.onnx.OnnxTypes;
import dev.quantreel.engines.onnx.proto.Onnx.TensorProto;
import dev.quantreel.engines.onnx.proto.Onnx.ValueInfoProto;
import dev.quantreel.engines.runtime.CancellationToken;
import dev.quantreel.engines.runtime.EngineException;
import dev.quantreel.engines.runtime.Session;
import dev.quantreel.engines.runtime.SessionInputs;
import dev.quantreel.engines.tensor.Shape;
import dev.quantreel.engines.tensor.Tensor;
import java.lang.foreign.MemorySegment;
import java.util.HashMap;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;

/// A graph with its constants read in. Runs may overlap.
final class ReferenceSession implements Session {

    private final OnnxModel model;
    private final SessionInputs inputs;
    private final Map<String, NdArray> constants = new HashMap<>();

    ReferenceSession(OnnxModel model) {
        this.model = model;
        this.inputs =
                new SessionInputs(ReferenceEngineProvider.ID, model.proto().getGraph());
        for (TensorProto initializer : model.proto().getGraph().getInitializerList()) {
            Tensor weight = model.weights().get(initializer.getName());
            constants.put(initializer.getName(), weight == null ? inline(initializer) : NdArray.from(weight));
        }
    }

    static NdArray inline(TensorProto initializer) {
        return NdArray.from(inlineTensor(initializer));
    }

    static Tensor inlineTensor(TensorProto initializer) {
        long[] dims =
                initializer.getDimsList().stream().mapToLong(Long::longValue).toArray();
        MemorySegment bytes = MemorySegment.ofArray(initializer.getRawData().toByteArray());
        return new Tensor(OnnxTypes.dtype(initializer.getDataType()), Shape.of(dims), bytes);
    }

    @Override
    public List<String> inputs() {
        return inputs.names();
    }

    @Override
    public List<String> outputs() {
        return model.proto().getGraph().getOutputList().stream()
                .map(ValueInfoProto::getName)
                .toList();
    }

    @Override
    public Map<String, Tensor> run(Map<String, Tensor> values, CancellationToken cancellation) {
        cancellation.throwIfCancelled();
        Map<String, NdArray> known = new HashMap<>(constants);
        inputs.check(values).forEach((name, tensor) -> known.put(name, NdArray.from(tensor)));
        try {
            Interpreter interpreter = new Interpreter(cancellation);
            List<NdArray> results = interpreter.run(model.proto().getGraph(), known);
            Map<String, Tensor> tensors = new LinkedHashMap<>();
            for (int i = 0; i < results.size(); i++) {
                tensors.put(outputs().get(i), results.get(i).toTensor());
            }
            return tensors;
        } catch (IllegalArgumentException | IndexOutOfBoundsException e) {
            throw new EngineException(ReferenceEngineProvider.ID, model.name() + ": " + e.getMessage(), e);
        }
    }

    @Override
    public void close() {}
}
