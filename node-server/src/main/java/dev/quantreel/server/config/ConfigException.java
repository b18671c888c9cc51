package dev.quantreel.server.config;

/// The program was started with something that cannot be; the message says what would be accepted.
final class ConfigException extends RuntimeException {

    private static final long serialVersionUID = 1L;

    ConfigException(String message) {
        super(message);
    }
}
