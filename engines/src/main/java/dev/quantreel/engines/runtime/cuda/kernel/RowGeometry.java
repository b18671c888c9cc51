package dev.quantreel.engines.runtime.cuda.kernel;

/// How a row is spread over the threads of the row kernels: chunk `c` of thread `t` is the 16 channels from
/// `16 (c * threads + t)` on, held in registers.
///
/// Taken is the one that leaves the fewest places unused, of these the one with the most chunks: what a thread does
/// once for its row is then shared by more channels, and rows of up to a warp's channels need no barriers.
///
/// @param chunks of a thread: 1 to 4; a kernel exists for each
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
        int chunks = 1;
        int threads = Integer.MAX_VALUE;
        for (int count = 1; count <= MOST_CHUNKS; count++) {
            int needed = Math.ceilDiv(Math.ceilDiv(all, count), WARP) * WARP;
            if (needed <= MOST_THREADS && (long) needed * count <= (long) threads * chunks) {
                chunks = count;
                threads = needed;
            }
        }
        return new RowGeometry(chunks, threads, threads == WARP ? ROWS_OF_SMALL_BLOCKS : 1);
    }
}
