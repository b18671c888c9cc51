package dev.quantreel.engines.video;

import dev.quantreel.engines.tensor.Tensor;

/// Takes the pictures of one clip while they are decoded, in any order and in parts. Pictures start black; parts are
/// added, so that overlapping tiles blend when each comes multiplied by its share. Not thread-safe.
public interface PictureSink {

    /// Told once, before the first part.
    ///
    /// @param count pictures of the clip
    /// @param height rows of each
    /// @param width columns of each
    void begin(int count, int height, int width);

    /// Adds a part: the block of `[pictures, rows, columns, 3]` values whose first lies at the given place.
    ///
    /// @param rgb F32, shares of values in [0, 1]; read now, not kept
    void add(Tensor rgb, int firstPicture, int firstRow, int firstColumn);
}
