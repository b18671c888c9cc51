package dev.quantreel.engines.runtime.cuda.driver;

/// Size of a grid in blocks, or of a block in threads.
public record Dim3(int x, int y, int z) {

    public Dim3 {
        if (x < 1 || y < 1 || z < 1) {
            throw new IllegalArgumentException(
                    "a grid or block has at least one element along each axis, not " + x + " x " + y + " x " + z);
        }
    }

    public static Dim3 of(int x) {
        return new Dim3(x, 1, 1);
    }

    public static Dim3 of(int x, int y) {
        return new Dim3(x, y, 1);
    }

    public static Dim3 of(int x, int y, int z) {
        return new Dim3(x, y, z);
    }

    /// Elements in all.
    public long count() {
        return (long) x * y * z;
    }
}
