package dev.quantreel.engines.runtime.cuda.plan;

import dev.quantreel.engines.onnx.OnnxOp;

/// Which inputs of operators are read while planning or launching, and so never go to the device.
final class HostInputs {

    private HostInputs() {}

    static boolean of(OnnxOp op, int input) {
        return switch (op) {
            case Slice, Pad -> input > 0;
            case Reshape, Expand, Squeeze, Unsqueeze, Split -> input == 1;
            case ReduceL2, ReduceMax, ReduceMean, ReduceMin, ReduceSum, RotaryEmbedding -> input == 1;
            case NormRotary -> input == 3;
            case RotateQuantize -> input == 1 || input == 2;
            default -> false;
        };
    }
}
