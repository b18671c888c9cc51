package dev.quantreel.engines.runtime.cuda.kernel;

/// How a row is spread over the threads of the row kernels: chunk `c` of thread `t` is the 16 channels from
/// `16 (c * threads + t)` on, held in registers.
///
/// @param chunks of a thread: 1, 2 or 4; a kernel exists for each
/// @param threads of a row, a multiple of 32
/// @param rows of a block of threads
public record RowGeometry(int chunks, int threads, int rows) {

    /// Channels that a thread holds side by side.
    public static final int CHUNK = 16;

    private static final int WARP = 32;
    private static final int MOST_THREADS = 256;
    private static final int MOST_CHUNKS = 4;
    private static final int ROWS_OF_SMALL_BLOCKS = 4;

    /// The widest row.
    public static final int MAX_WIDTH = CHUNK * MOST_THREADS * MOST_CHUNKS;

    /// @param width channels of a row
    /// @throws IllegalArgumentException when the width is no multiple of 16, or above [#MAX_WIDTH]
    public static RowGeometry of(int width) {
        if (width < CHUNK || width % CHUNK != 0 || width > MAX_WIDTH) {
            throw new IllegalArgumentException(
                    "rows of " + width + " channels; multiples of " + CHUNK + " up to " + MAX_WIDTH + " are accepted");
        }
        int all = width / CHUNK;
        int chunks = Integer.highestOneBit(2 * Math.ceilDiv(all, MOST_THREADS) - 1);
        int threads = Math.ceilDiv(Math.ceilDiv(all, chunks), WARP) * WARP;
        return new RowGeometry(chunks, threads, threads == WARP ? ROWS_OF_SMALL_BLOCKS : 1);
    }
}
