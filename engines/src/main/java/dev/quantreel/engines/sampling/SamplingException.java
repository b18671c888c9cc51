package dev.quantreel.engines.sampling;

/// Sampling cannot go on; the message names the step and the value.
public final class SamplingException extends RuntimeException {

    private static final long serialVersionUID = 1L;

    SamplingException(String message) {
        super(message);
    }
}
