package dev.quantreel.engines.runtime.cuda.driver;

import java.util.Objects;

/// A range of device memory: a view that owns nothing.
///
/// @param pointer device address, what a kernel takes
/// @param sizeBytes length of the range
public record DeviceSpan(long pointer, long sizeBytes) {

    public DeviceSpan {
        if (sizeBytes < 0) {
            throw new IllegalArgumentException("a range of " + sizeBytes + " bytes; 0 or more are meant");
        }
    }

    /// Part of this range.
    ///
    /// @throws IndexOutOfBoundsException when it leaves the range
    public DeviceSpan slice(long offsetBytes, long bytes) {
        Objects.checkFromIndexSize(offsetBytes, bytes, sizeBytes);
        return new DeviceSpan(pointer + offsetBytes, bytes);
    }

    /// Rest of this range from an offset on.
    public DeviceSpan from(long offsetBytes) {
        return slice(offsetBytes, sizeBytes - offsetBytes);
    }
}
