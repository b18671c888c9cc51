package dev.quantreel.engines.runtime.ort.binding;

/// There is no I/O binding with the ONNX Runtime of this process; the message says why.
public final class BindingUnavailableException extends RuntimeException {

    private static final long serialVersionUID = 1;

    public BindingUnavailableException(String message) {
        super(message);
    }
}
