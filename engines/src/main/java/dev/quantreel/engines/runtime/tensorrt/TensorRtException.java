package dev.quantreel.engines.runtime.tensorrt;

/// TensorRT refused something; the message is what its log said.
final class TensorRtException extends RuntimeException {

    private static final long serialVersionUID = 1L;

    TensorRtException(String message) {
        super(message);
    }
}
