package dev.quantreel.engines.runtime.cuda;

/// What a session holds.
///
/// @param residentBytes weights on the device
/// @param offloadedBytes weights in pinned memory of the host
/// @param slotBytes places on the device through which those go
/// @param arenaBytes what its runs make
/// @param constantBytes of its plans
record SessionMemory(long residentBytes, long offloadedBytes, long slotBytes, long arenaBytes, long constantBytes) {

    long deviceBytes() {
        return residentBytes + slotBytes + arenaBytes + constantBytes;
    }
}
