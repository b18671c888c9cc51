// Device memory of the simulator: host pages between unmapped pages, poisoned when fresh, gone when freed.
#pragma once
#include <cstddef>
#include <cstdint>
#include <string>

namespace sim {

/// Pages of one allocation. Its end, rounded up to 256 bytes, touches an unmapped page; the bytes around it hold a canary.
struct Allocation {
    char* low;
    size_t mappedBytes;
    char* start;
    size_t bytes;
};

/// A new allocation, or null when the device's limit is reached.
char* allocateDevice(size_t bytes);
/// Frees; false when `start` is not the start of a live allocation. The addresses are not used again.
bool freeDevice(char* start);
/// The live allocation that holds `address`, or null.
const Allocation* allocationOf(const void* address);
/// True when `bytes` bytes from `address` lie in one live allocation.
bool isDevice(const void* address, size_t bytes);
/// Says so once when the surroundings of the allocation at `address` were overwritten; else empty.
std::string overwrittenNeighbour(const void* address);
size_t deviceBytesInUse();
size_t deviceBytesPeak();
size_t deviceAllocations();
/// Bytes taken from the device: those in use, and freed ones that the pool keeps until somebody waits or trims.
size_t deviceBytesReserved();
void trimPool();

/// Pinned host memory, which kernels may read as well.
char* allocatePinned(size_t bytes);
bool freePinned(char* start);
size_t pinnedBytes();
bool isPinned(const void* address, size_t bytes);

/// What a faulting address is: freed, past an allocation, null, host memory.
std::string describeAddress(const void* address);

}  // namespace sim
