package dev.quantreel.nodes.spi;

import java.util.List;
import java.util.function.Function;

/// What an input port accepts or an output port gives, in the terms of ComfyUI's `object_info`.
public sealed interface PortType {

    /// Wire name: `INT`, `FLOAT`, `STRING`, `BOOLEAN`, `COMBO` or the name of a socket.
    String wireName();

    /// @param seed whether the widget gets `control_after_generate`
    record IntType(long min, long max, long step, boolean seed) implements PortType {
        @Override
        public String wireName() {
            return "INT";
        }
    }

    record FloatType(double min, double max, double step) implements PortType {
        @Override
        public String wireName() {
            return "FLOAT";
        }
    }

    record StringType(boolean multiline) implements PortType {
        @Override
        public String wireName() {
            return "STRING";
        }
    }

    record BooleanType() implements PortType {
        @Override
        public String wireName() {
            return "BOOLEAN";
        }
    }

    /// @param options the accepted values now; files may come and go between calls
    record ComboType(Function<NodeFolders, List<String>> options) implements PortType {
        @Override
        public String wireName() {
            return "COMBO";
        }
    }

    /// @param name wire name; `*` accepts anything, `A,B` a union
    record SocketType(String name) implements PortType {
        @Override
        public String wireName() {
            return name;
        }
    }
}
