package dev.quantreel.nodes.spi;

import java.util.List;
import java.util.Optional;

/// The nodes that lead to a running node, which it may run again with other values: what a sweep varies.
///
/// They run on the calling thread, quietly (no progress, previews or results of their own), and only those that a
/// change reaches; everything else is taken as it is. Nothing of it is kept for later runs of the workflow.
public interface Upstream {

    /// No nodes before this one.
    Upstream NONE = new Upstream() {
        @Override
        public List<Source> sources() {
            return List.of();
        }

        @Override
        public Optional<String> refusal(Change change) {
            return Optional.of("no node " + change.nodeId() + " leads here");
        }

        @Override
        public NodeInputs inputs(List<Change> changes) {
            throw new IllegalStateException("no nodes lead here");
        }
    };

    /// A node before this one.
    ///
    /// @param id in the workflow
    /// @param title what the user calls it
    /// @param kind see [NodeSpec#id]
    /// @param inputs names of its inputs that hold a value, not a link
    record Source(String id, String title, String kind, List<String> inputs) {
        public Source {
            inputs = List.copyOf(inputs);
        }
    }

    /// Another value for one input.
    ///
    /// @param nodeId a [Source#id]
    /// @param input one of its [Source#inputs]
    /// @param value as typed; turned into what the input takes
    record Change(String nodeId, String input, String value) {}

    /// All nodes before this one, in the order they run.
    List<Source> sources();

    /// Why an input does not take a value; empty where it does.
    Optional<String> refusal(Change change);

    /// The inputs of the running node as they are when others have other values.
    ///
    /// @throws NodeInputException when a value does not fit, or a node before refuses it
    /// @throws java.util.concurrent.CancellationException when interrupted
    /// @throws Exception whatever a node throws
    NodeInputs inputs(List<Change> changes) throws Exception;
}
