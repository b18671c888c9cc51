package dev.quantreel.engines.runtime.tensorrt;

import dev.quantreel.engines.runtime.CancellationToken;
import java.util.function.Consumer;

/// Makes engines of graphs.
public interface PlanBuilder {

    /// Builds an engine. The plan appears whole or not at all.
    ///
    /// @param listener hears of progress, on another thread
    /// @throws dev.quantreel.engines.runtime.EngineException when it cannot be built; says what the library
    /// said, how
    /// the process ended, and what can be changed
    /// @throws java.util.concurrent.CancellationException when cancellation was asked; nothing goes on behind it
    void build(BuildRequest request, Consumer<BuildMessage> listener, CancellationToken cancellation);
}
