package dev.quantreel.server.testing;

import dev.quantreel.nodes.spi.NodeContext;
import dev.quantreel.nodes.spi.NodeDefinition;
import dev.quantreel.nodes.spi.NodeFolders;
import dev.quantreel.nodes.spi.NodeInputs;
import dev.quantreel.nodes.spi.NodeOutputs;
import dev.quantreel.nodes.spi.NodeSpec;
import dev.quantreel.nodes.spi.PortType;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.concurrent.atomic.AtomicInteger;

/// A node made by hand, without reflection; counts how often it ran.
public final class SmallNode implements NodeDefinition {

    private final NodeSpec spec;
    private final Body body;
    private final AtomicInteger runs = new AtomicInteger();

    private SmallNode(NodeSpec spec, Body body) {
        this.spec = spec;
        this.body = body;
    }

    /// What the node does.
    @FunctionalInterface
    public interface Body {
        List<Object> run(NodeInputs inputs, NodeContext context) throws Exception;
    }

    /// How often it ran.
    public int runs() {
        return runs.get();
    }

    @Override
    public NodeSpec spec() {
        return spec;
    }

    @Override
    public NodeOutputs run(NodeInputs inputs, NodeContext context) throws Exception {
        runs.incrementAndGet();
        return new NodeOutputs(body.run(inputs, context));
    }

    @Override
    public String fingerprint(NodeInputs constants, NodeFolders folders) {
        return "";
    }

    public static Builder named(String id) {
        return new Builder(id);
    }

    /// Collects ports.
    public static final class Builder {
        private final String id;
        private final List<NodeSpec.Input> inputs = new ArrayList<>();
        private final List<NodeSpec.Output> outputs = new ArrayList<>();
        private boolean output;
        private boolean cacheable = true;

        private Builder(String id) {
            this.id = id;
        }

        public Builder in(String name, PortType type, Object initial) {
            inputs.add(new NodeSpec.Input(name, type, true, Optional.of(initial), name + " of " + id, false));
            return this;
        }

        public Builder in(String name, PortType type) {
            inputs.add(new NodeSpec.Input(name, type, true, Optional.empty(), name + " of " + id, false));
            return this;
        }

        public Builder optional(String name, PortType type) {
            inputs.add(new NodeSpec.Input(name, type, false, Optional.empty(), name + " of " + id, false));
            return this;
        }

        public Builder out(String name, PortType type) {
            outputs.add(new NodeSpec.Output(name, type, name + " of " + id));
            return this;
        }

        public Builder endsGraph() {
            output = true;
            return this;
        }

        public Builder notCacheable() {
            cacheable = false;
            return this;
        }

        public SmallNode does(Body body) {
            NodeSpec spec = new NodeSpec(
                    id, "Title of " + id, "test", "A test node.", 1, output, cacheable, List.of(), inputs, outputs);
            return new SmallNode(spec, body);
        }
    }
}
