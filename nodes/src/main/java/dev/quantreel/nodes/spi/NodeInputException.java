package dev.quantreel.nodes.spi;

/// An input port has a value that the node cannot accept.
public class NodeInputException extends RuntimeException {

    private static final long serialVersionUID = 1L;

    private final String port;

    /// @param port name of the input
    /// @param message the value and what would be accepted
    public NodeInputException(String port, String message) {
        super(message);
        this.port = port;
    }

    public NodeInputException(String port, String message, Throwable cause) {
        super(message, cause);
        this.port = port;
    }

    public String port() {
        return port;
    }
}
