package dev.quantreel.engines.runtime.cuda.plan;

import dev.quantreel.engines.onnx.OnnxModel;
import dev.quantreel.engines.onnx.proto.Onnx.ValueInfoProto;
import dev.quantreel.engines.runtime.CancellationToken;
import dev.quantreel.engines.runtime.Engine;
import dev.quantreel.engines.runtime.Session;
import dev.quantreel.engines.tensor.Tensor;
import java.util.List;
import java.util.Map;
import java.util.function.BiConsumer;

/// Runs graphs as plans in host memory.
public final class PlanEngine implements Engine {

    private final PlanInterpreter.Options options;
    private final BiConsumer<String, GraphPlan> seen;

    public PlanEngine(PlanInterpreter.Options options) {
        this(options, (graph, plan) -> {});
    }

    /// @param seen is shown every plan before it runs, and the name of its graph
    public PlanEngine(PlanInterpreter.Options options, BiConsumer<String, GraphPlan> seen) {
        this.options = options;
        this.seen = seen;
    }

    @Override
    public String id() {
        return "plan";
    }

    @Override
    public String description() {
        return "plans in host memory";
    }

    @Override
    public Session open(OnnxModel model) {
        PlanInterpreter interpreter = new PlanInterpreter(model, options);
        return new Session() {
            @Override
            public List<String> inputs() {
                return names(model.proto().getGraph().getInputList());
            }

            @Override
            public List<String> outputs() {
                return names(model.proto().getGraph().getOutputList());
            }

            @Override
            public Map<String, Tensor> run(Map<String, Tensor> inputs, CancellationToken cancellation) {
                seen.accept(model.name(), interpreter.plan(inputs));
                return interpreter.run(inputs);
            }

            @Override
            public void close() {}
        };
    }

    private static List<String> names(List<ValueInfoProto> values) {
        return values.stream().map(ValueInfoProto::getName).toList();
    }

    @Override
    public boolean hasFusedLinears() {
        return true;
    }

    @Override
    public void close() {}
}
