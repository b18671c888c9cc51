package dev.quantreel.engines.runtime.ort;

import ai.onnxruntime.OrtEnvironment;
import ai.onnxruntime.OrtException;
import ai.onnxruntime.OrtSession;
import java.util.Optional;

/// What tells engines on ONNX Runtime apart: where their sessions run, and who owns them. Thread-safe.
public interface OrtTarget {

    /// Id of the engine, for messages.
    String engine();

    /// The one environment of the process, see [OrtEngineProvider#environment].
    OrtEnvironment environment();

    /// Adds execution providers, the preferred one first; the CPU's is always there and needs no adding.
    ///
    /// @throws OrtException when a provider's library does not load; names the library
    void addProviders(OrtSession.SessionOptions options) throws OrtException;

    /// Whether streamed weights are fed to every run from where they lie, which only memory of the processor allows.
    /// Otherwise the session copies them to its device once, when it is opened.
    boolean streamsWeights();

    /// Where results of its sessions stay until somebody reads them; empty where runs go through the Java API, which
    /// copies them to the host.
    default Optional<ResidentMemory> residents() {
        return Optional.empty();
    }

    /// Hands a session over to its owner, who closes it.
    ///
    /// @param model name of the model, for people
    OwnedSession own(String model, OrtSession session);

    /// The owner of a session.
    interface OwnedSession {
        /// Closes the session.
        void close() throws OrtException;
    }
}
