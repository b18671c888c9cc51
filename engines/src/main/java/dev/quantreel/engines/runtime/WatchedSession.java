package dev.quantreel.engines.runtime;

import dev.quantreel.engines.tensor.Tensor;
import java.util.List;
import java.util.Map;
import java.util.function.Consumer;

/// A session of which somebody is told what it is given.
///
/// @param session does the work, and is closed with this one
/// @param watcher hears of the inputs before every run; they are the caller's
public record WatchedSession(Session session, Consumer<Map<String, Tensor>> watcher) implements Session {

    @Override
    public List<String> inputs() {
        return session.inputs();
    }

    @Override
    public List<String> outputs() {
        return session.outputs();
    }

    @Override
    public Map<String, Tensor> run(Map<String, Tensor> inputs, CancellationToken cancellation) {
        watcher.accept(inputs);
        return session.run(inputs, cancellation);
    }

    @Override
    public void close() {
        session.close();
    }
}
