package dev.quantreel.server.http;

/// The server cannot listen where it was told to.
public final class PortUnavailableException extends RuntimeException {

    private static final long serialVersionUID = 1L;

    PortUnavailableException(String host, int port, Throwable cause) {
        super(
                "port " + port + " on " + host
                        + " cannot be used; another program may hold it. Choose another with --port",
                cause);
    }
}
