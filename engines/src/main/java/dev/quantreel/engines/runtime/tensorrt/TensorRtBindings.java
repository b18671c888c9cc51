package dev.quantreel.engines.runtime.tensorrt;

import dev.quantreel.engines.tensor.Shape;
import java.io.IOException;
import java.lang.foreign.MemorySegment;
import java.nio.file.Path;
import java.util.List;
import java.util.function.Consumer;

/// What this package needs of TensorRT: the seam behind which the library is. Not thread-safe.
interface TensorRtBindings {

    /// Version of the library that is loaded, 101501 for 10.15.1.
    int libraryVersion();

    /// Version that the bindings were made for.
    int boundVersion();

    /// Builds an engine and writes its plan. Belongs into a process of its own.
    ///
    /// @throws TensorRtException with what the library said
    /// @throws IOException when a file cannot be read or written
    void build(BuildRequest request, Consumer<BuildMessage> listener) throws IOException;

    /// Makes a plan ready. The plan itself is not needed afterwards.
    ///
    /// @param plan native memory
    /// @throws TensorRtException when it was built by another version or for another chip, or is damaged
    Plan open(MemorySegment plan);

    /// "10.15.1" of 101501.
    static String versionText(int version) {
        return version / 10_000 + "." + version / 100 % 100 + "." + version % 100;
    }

    /// An engine.
    interface Plan extends AutoCloseable {

        /// Names of inputs and outputs.
        List<String> tensors();

        /// Whether an input is read on the host, for its values are extents.
        boolean isReadOnHost(String tensor);

        /// Fills a stripped engine with the weights of the graph that it was built from.
        ///
        /// @param onnx file of the graph
        /// @throws TensorRtException when they do not fit the engine, or some are missing
        void refit(Path onnx);

        /// Lets weights stay in main memory: as many as TensorRT thinks fit for the memory that is free, and more where
        /// that would leave no room for the scratch memory of the largest shapes. Before the first context.
        ///
        /// @param spareBytes of the GPU that weights and scratch memory may take together
        Streaming streamWeights(long spareBytes);

        /// What became of the graph's layers, in JSON of the library's own.
        ///
        /// @throws TensorRtException when the library does not say
        String layers();

        /// A context without scratch memory of its own.
        Context newContext();

        @Override
        void close();
    }

    /// Where the weights of an engine that streams them are.
    ///
    /// @param streamableBytes of weights that need not be on the GPU
    /// @param heldBytes of these that are
    /// @param scratchBytes for the largest shapes, what passing weights take included
    record Streaming(long streamableBytes, long heldBytes, long scratchBytes) {}

    /// Shapes, addresses and scratch memory of runs, one after the other.
    interface Context extends AutoCloseable {

        /// @throws TensorRtException when the engine was not built for the shape
        void inputShape(String tensor, Shape shape);

        /// Of an output, or an input; after all input shapes are set, and the addresses of inputs read on the host.
        ///
        /// @throws TensorRtException when it depends on what is computed
        Shape shape(String tensor);

        /// Scratch bytes for the shapes that are set. Lays scratch memory out anew: [#scratch] must follow.
        long scratchBytes();

        /// Where scratch memory is; stays in use until the stream has passed the run.
        void scratch(long pointer, long bytes);

        /// Where a tensor lies: on the GPU, or on the host for those of [Plan#isReadOnHost].
        void address(String tensor, long pointer);

        /// Queues a run.
        ///
        /// @param stream `cudaStream_t`
        void enqueue(long stream);

        @Override
        void close();
    }
}
