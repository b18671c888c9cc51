package dev.quantreel.engines.export.lint;

import java.util.Arrays;
import java.util.Optional;
import java.util.stream.Collectors;

/// A TensorRT that graphs are made for.
///
/// Both are checked as strongly typed networks: 11 has no others (migration guide 10.x to 11.x), 10.15 has the
/// flag `kSTRONGLY_TYPED`.
public enum TensorRtTarget {
    /// Opsets 9 to 24: `operators.md` of onnx-tensorrt 10.15.
    TENSORRT_10_15("10.15", 9, 24),
    /// Opsets 9 to 25: ONNX opset guide of TensorRT 11. The operator table of 11 was not at hand; that of 10.15
    /// is taken, nothing is known to have been removed.
    TENSORRT_11("11", 9, 25);

    private final String id;
    private final int minOpset;
    private final int maxOpset;

    TensorRtTarget(String id, int minOpset, int maxOpset) {
        this.id = id;
        this.minOpset = minOpset;
        this.maxOpset = maxOpset;
    }

    /// As commands write it: `10.15`.
    public String id() {
        return id;
    }

    public int minOpset() {
        return minOpset;
    }

    public int maxOpset() {
        return maxOpset;
    }

    public static Optional<TensorRtTarget> of(String id) {
        return Arrays.stream(values()).filter(target -> target.id.equals(id)).findFirst();
    }

    /// All ids, for messages.
    public static String ids() {
        return Arrays.stream(values()).map(TensorRtTarget::id).collect(Collectors.joining(", "));
    }

    @Override
    public String toString() {
        return "TensorRT " + id;
    }
}
