package dev.quantreel.engines.rotation;

import java.util.List;

/// A Hadamard matrix: entries ±1, orthogonal rows. Built, never stored: Sylvester's doubling for powers of two, Paley's
/// constructions I and II for the factors `K` of the widths that video transformers use. Immutable.
public final class HadamardMatrix {

    /// Orders that are not powers of two and can be multiplied by any power of two.
    public static final List<Integer> FACTORS = List.of(12, 20, 24, 28, 36, 40, 44, 60, 76, 84, 108, 140);

    private final int order;
    private final byte[] entries;

    private HadamardMatrix(int order, byte[] entries) {
        this.order = order;
        this.entries = entries;
    }

    /// @param order a power of two, or one of [#FACTORS]
    /// @throws IllegalArgumentException for any other order
    public static HadamardMatrix of(int order) {
        if (order > 0 && Integer.bitCount(order) == 1) {
            return sylvester(order);
        }
        return switch (order) {
            case 12, 20, 24, 44, 60, 84, 108, 140 -> paleyOne(order - 1);
            case 28, 36, 76 -> paleyTwo(order / 2 - 1);
            case 40 -> doubled(paleyOne(19));
            default ->
                throw new IllegalArgumentException(
                        "no Hadamard matrix of order " + order + "; use a power of two or one of " + FACTORS);
        };
    }

    /// The regular matrix of [RegularHadamard], whose rows all have the same sum: `kron(H4, H4, ...)`.
    ///
    /// @param order a power of four
    static HadamardMatrix regular(int order) {
        int group = new RegularHadamard(order).group();
        byte[] entries = new byte[group * group];
        for (int i = 0; i < group; i++) {
            for (int j = 0; j < group; j++) {
                int negative = 0;
                for (int a = i, b = j; a + b > 0; a /= 4, b /= 4) {
                    negative += a % 4 + b % 4 == 3 ? 1 : 0;
                }
                entries[i * group + j] = (byte) (negative % 2 == 0 ? 1 : -1);
            }
        }
        return new HadamardMatrix(group, entries);
    }

    public int order() {
        return order;
    }

    /// +1 or -1.
    public int entry(int row, int column) {
        return entries[row * order + column];
    }

    private static HadamardMatrix sylvester(int order) {
        byte[] entries = new byte[order * order];
        for (int i = 0; i < order; i++) {
            for (int j = 0; j < order; j++) {
                entries[i * order + j] = (byte) (Integer.bitCount(i & j) % 2 == 0 ? 1 : -1);
            }
        }
        return new HadamardMatrix(order, entries);
    }

    private static HadamardMatrix doubled(HadamardMatrix half) {
        int n = half.order;
        byte[] entries = new byte[4 * n * n];
        for (int i = 0; i < 2 * n; i++) {
            for (int j = 0; j < 2 * n; j++) {
                int sign = i >= n && j >= n ? -1 : 1;
                entries[i * 2 * n + j] = (byte) (sign * half.entry(i % n, j % n));
            }
        }
        return new HadamardMatrix(2 * n, entries);
    }

    /// `H = I + S`, `S = [[0, 1ᵀ], [-1, Q]]` with `Q_ij = χ(j - i)`, for a prime `q ≡ 3 (mod 4)`.
    private static HadamardMatrix paleyOne(int q) {
        int n = q + 1;
        byte[] entries = new byte[n * n];
        for (int i = 0; i < n; i++) {
            for (int j = 0; j < n; j++) {
                int skew = i == 0 ? (j == 0 ? 0 : 1) : j == 0 ? -1 : legendre(j - i, q);
                entries[i * n + j] = (byte) (skew + (i == j ? 1 : 0));
            }
        }
        return new HadamardMatrix(n, entries);
    }

    /// `H = C ⊗ [[1, 1], [1, -1]] + I ⊗ [[1, -1], [-1, -1]]`, `C = [[0, 1ᵀ], [1, Q]]`, for a prime `q ≡ 1 (mod 4)`.
    private static HadamardMatrix paleyTwo(int q) {
        int half = q + 1;
        int n = 2 * half;
        int[][] cross = {{1, 1}, {1, -1}};
        int[][] diagonal = {{1, -1}, {-1, -1}};
        byte[] entries = new byte[n * n];
        for (int i = 0; i < n; i++) {
            for (int j = 0; j < n; j++) {
                int a = i / 2;
                int b = j / 2;
                int conference = a == b ? 0 : a == 0 || b == 0 ? 1 : legendre(b - a, q);
                int value = a == b ? diagonal[i % 2][j % 2] : conference * cross[i % 2][j % 2];
                entries[i * n + j] = (byte) value;
            }
        }
        return new HadamardMatrix(n, entries);
    }

    /// Legendre symbol of `a` modulo the odd prime `q`: 0, 1 or -1.
    private static int legendre(int a, int q) {
        int base = Math.floorMod(a, q);
        if (base == 0) {
            return 0;
        }
        long power = 1;
        for (int i = 0; i < (q - 1) / 2; i++) {
            power = power * base % q;
        }
        return power == 1 ? 1 : -1;
    }
}
