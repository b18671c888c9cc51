package dev.quantreel.nodes.values;

import dev.quantreel.engines.runtime.Engine;
import dev.quantreel.engines.runtime.EngineException;
import dev.quantreel.engines.runtime.EngineProvider;
import dev.quantreel.engines.runtime.EngineProvider.Availability;
import dev.quantreel.nodes.spi.NodeContext;
import dev.quantreel.nodes.spi.Socket;
import java.util.Comparator;
import java.util.List;
import java.util.ServiceLoader;
import java.util.stream.Collectors;

/// Which engine runs a model.
///
/// @param id an [EngineProvider#id], or [#AUTO]
/// @param threads worker threads; 0 lets the engine choose
/// @param settings further ones as [EngineProvider.EngineOptions#parse] reads them; for the engine that is named, none
/// for [#AUTO]
@Socket("ENGINE")
public record EngineChoice(String id, int threads, String settings) {

    /// The available engine of the highest rank.
    public static final String AUTO = "auto";

    /// The best engine with its own number of threads.
    public static final EngineChoice BEST = new EngineChoice(AUTO, 0);

    /// An engine as it comes.
    public EngineChoice(String id, int threads) {
        this(id, threads, "");
    }

    /// Everything registered, best first.
    public static List<EngineProvider> providers() {
        return ServiceLoader.load(EngineProvider.class).stream()
                .map(ServiceLoader.Provider::get)
                .sorted(Comparator.comparingInt(EngineProvider::rank).reversed())
                .toList();
    }

    /// The engine; owned by the resource cache.
    ///
    /// @throws EngineException when it is unknown or not available; the message lists all and why
    /// @throws Exception when it cannot be created
    public Engine open(NodeContext context) throws Exception {
        EngineProvider provider = provider();
        return context.resources()
                .get(
                        "engine:" + provider.id() + ":" + threads + ":" + settings,
                        Engine.class,
                        () -> provider.create(EngineProvider.EngineOptions.parse(threads, settings)));
    }

    /// The provider chosen; for [#AUTO] the best that is available.
    public EngineProvider provider() {
        List<EngineProvider> all = providers();
        return all.stream()
                .filter(provider -> id.equals(AUTO) || id.equals(provider.id()))
                .filter(provider -> provider.probe() instanceof Availability.Available)
                .findFirst()
                .orElseThrow(() -> new EngineException(
                        id,
                        "is not available here; there are "
                                + all.stream().map(EngineChoice::describe).collect(Collectors.joining(", ")),
                        null));
    }

    private static String describe(EngineProvider provider) {
        return provider.id()
                + switch (provider.probe()) {
                    case Availability.Available(String detail) -> " (" + detail + ")";
                    case Availability.Unavailable(String reason) -> " (not available: " + reason + ")";
                };
    }
}
