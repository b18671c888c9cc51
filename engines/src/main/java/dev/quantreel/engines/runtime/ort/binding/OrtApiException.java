package dev.quantreel.engines.runtime.ort.binding;

/// ONNX Runtime answered with an error; the message is its own.
public final class OrtApiException extends RuntimeException {

    private static final long serialVersionUID = 1;

    OrtApiException(String message) {
        super(message);
    }
}
