package dev.quantreel.engines.runtime.tensorrt;

import dev.quantreel.engines.export.OptimizationProfile;
import dev.quantreel.engines.onnx.OnnxModel;
import dev.quantreel.engines.runtime.CancellationToken;
import dev.quantreel.engines.runtime.EngineException;
import dev.quantreel.engines.runtime.Session;
import dev.quantreel.engines.runtime.tensorrt.BuildOptions.Weights;
import java.io.IOException;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.nio.channels.FileChannel;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.time.Instant;
import java.util.Optional;
import java.util.function.Consumer;

/// What sessions of one [TensorRtEngine] share: the library, the GPU, the cache, and scratch memory.
///
/// @param settings of the engine
/// @param cache where engines are kept
/// @param builder of engines that are not there
/// @param library TensorRT in this process
/// @param gpu and what runs on it
record Workshop(TensorRtSettings settings, EngineCache cache, PlanBuilder builder, TensorRtBindings library, Gpu gpu) {

    private static final System.Logger LOG = System.getLogger(Workshop.class.getName());

    /// For what libraries allocate besides.
    private static final long MARGIN_BYTES = 256L << 20;

    /// @param device the GPU
    /// @param stream that all sessions queue into
    /// @param scratch memory of all contexts
    record Gpu(Device device, Device.Stream stream, SharedScratch scratch) {}

    EngineKey key(String graph, OptimizationProfile profile) {
        return new EngineKey(
                graph,
                EngineKey.shapes(profile),
                settings.build().identity(),
                library.libraryVersion(),
                gpu.device().chip());
    }

    /// An engine to be made.
    ///
    /// @param name of the graph
    /// @param onnx its file
    record Job(EngineKey key, String name, OptimizationProfile profile, Path onnx) {}

    /// Builds an engine into the cache.
    ///
    /// @throws EngineException when it cannot be built or kept
    void build(Job job, Consumer<BuildMessage> listener, CancellationToken cancellation) {
        EngineKey key = job.key();
        Instant start = Instant.now();
        try {
            gpu.device().makeCurrent();
            gpu.device().trim();
            Path shapes = OptimizationProfile.beside(job.onnx());
            Files.writeString(shapes, job.profile().toJson());
            builder.build(
                    new BuildRequest(
                            job.onnx(),
                            shapes,
                            cache.plan(key),
                            cache.timingCache(key.tensorRt(), key.chip()),
                            settings.build()),
                    listener,
                    cancellation);
            cache.keep(new CachedEngine(
                    key.fileName(),
                    job.name(),
                    settings.label(),
                    TensorRtBindings.versionText(key.tensorRt()),
                    key.chip().toString(),
                    key.options(),
                    Files.size(cache.plan(key)),
                    Duration.between(start, Instant.now()).toSeconds(),
                    "",
                    Instant.now()));
            cache.evict(settings.cacheBytes(), Optional.of(key))
                    .forEach(gone -> LOG.log(
                            System.Logger.Level.INFO, () -> "the cache of engines was full, deleted " + gone.line()));
        } catch (IOException e) {
            throw new EngineException(
                    TensorRtEngineProvider.ID,
                    job.name() + ": its engine cannot be kept in " + cache.folder() + ": " + e,
                    e);
        }
    }

    /// Opens an engine of the cache.
    ///
    /// @param graph of which inputs and outputs are known
    /// @param onnx with the weights, for engines that have none of their own
    /// @throws EngineException when TensorRT refuses it
    Session open(EngineKey key, OnnxModel graph, OptimizationProfile profile, Optional<Path> onnx) {
        gpu.device().makeCurrent();
        gpu.device().trim();
        TensorRtBindings.Plan plan = opened(key, graph);
        try {
            if (settings.build().weights() == Weights.STRIPPED) {
                plan.refit(onnx.orElseThrow(() ->
                        new TensorRtException("the engine has no weights of its own, and the graph's were not kept")));
            }
            if (settings.build().weightStreaming()) {
                TensorRtBindings.Streaming streaming = plan.streamWeights(spareBytes(profile));
                LOG.log(System.Logger.Level.INFO, () -> graph.name() + " streams weights: " + streaming);
            }
            inspect(key, graph, plan);
            return new TensorRtSession(graph, plan, gpu);
        } catch (TensorRtException e) {
            plan.close();
            throw failure(graph, e);
        } catch (RuntimeException e) {
            plan.close();
            throw e;
        }
    }

    /// What weights and scratch memory may take together: what is free, without inputs and outputs. Outputs are
    /// counted as large as inputs, which they are for a trunk (tokens in, tokens out).
    private long spareBytes(OptimizationProfile profile) {
        long inputBytes = profile.inputs().stream()
                .mapToLong(input -> input.dtype()
                        .byteSize(input.shape().max().stream()
                                .mapToLong(Long::longValue)
                                .reduce(1, Math::multiplyExact)))
                .sum();
        return gpu.device().freeBytes() + gpu.scratch().bytes() - 2 * inputBytes - MARGIN_BYTES;
    }

    /// Looks once whether products of 8-bit operands became kernels of 8 bits; told with the engine from then on.
    private void inspect(EngineKey key, OnnxModel graph, TensorRtBindings.Plan plan) {
        Optional<CachedEngine> known =
                cache.find(key).filter(engine -> engine.layers().isEmpty());
        if (known.isEmpty()
                || InspectedLayers.products(graph.proto().getGraph()).isEmpty()) {
            return;
        }
        try {
            InspectedLayers layers = InspectedLayers.of(graph.proto().getGraph(), plan.layers());
            LOG.log(
                    layers.fellBack() ? System.Logger.Level.WARNING : System.Logger.Level.INFO,
                    () -> graph.name() + ": " + layers.text());
            cache.keep(known.get().withLayers(layers.text()));
        } catch (TensorRtException | IOException e) {
            LOG.log(System.Logger.Level.INFO, () -> graph.name() + ": " + e.getMessage());
        }
    }

    private TensorRtBindings.Plan opened(EngineKey key, OnnxModel graph) {
        Path file = cache.plan(key);
        try (Arena arena = Arena.ofConfined();
                FileChannel channel = FileChannel.open(file)) {
            MemorySegment bytes = channel.map(FileChannel.MapMode.READ_ONLY, 0, channel.size(), arena);
            return library.open(bytes);
        } catch (TensorRtException e) {
            throw PlanRefusedException.of(graph.name(), e);
        } catch (IOException e) {
            throw new EngineException(
                    TensorRtEngineProvider.ID, graph.name() + ": cannot read its engine " + file + ": " + e, e);
        }
    }

    private static EngineException failure(OnnxModel graph, TensorRtException e) {
        return new EngineException(TensorRtEngineProvider.ID, graph.name() + ": " + e.getMessage(), e);
    }

    /// Takes an engine out of the cache.
    void forget(EngineKey key) {
        try {
            cache.delete(key);
        } catch (IOException e) {
            throw new EngineException(
                    TensorRtEngineProvider.ID, "cannot delete " + cache.plan(key) + ": " + e.getMessage(), e);
        }
    }
}
