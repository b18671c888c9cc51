#include "memory.hpp"

#include <sys/mman.h>

#include <algorithm>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <iterator>
#include <map>

#include "settings.hpp"

namespace sim {

namespace {

constexpr size_t kPage = 4096;
constexpr size_t kAlignment = 256;
/// Unmapped addresses between two allocations: an index that is off by a little meets them.
constexpr size_t kGap = 1 << 20;
constexpr size_t kArenaBytes = size_t{1} << 42;
constexpr unsigned char kCanary = 0xA5;
constexpr int kPoison = 0xFF;

std::map<uintptr_t, Allocation> live;
std::map<uintptr_t, Allocation> freed;
std::map<uintptr_t, size_t> pinned;
char* arena = nullptr;
char* next = nullptr;
size_t inUse = 0;
size_t peak = 0;
size_t reserved = 0;

uintptr_t number(const void* p) {
    return reinterpret_cast<uintptr_t>(p);
}

const Allocation* find(const std::map<uintptr_t, Allocation>& table, uintptr_t address) {
    auto after = table.upper_bound(address);
    if (after == table.begin()) {
        return nullptr;
    }
    const Allocation& a = std::prev(after)->second;
    return address < number(a.low) + a.mappedBytes ? &a : nullptr;
}

bool reserve() {
    if (!arena) {
        void* p = mmap(nullptr, kArenaBytes, PROT_NONE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
        if (p == MAP_FAILED) {
            return false;
        }
        arena = static_cast<char*>(p);
        next = arena + kGap;
    }
    return true;
}

void paint(const Allocation& a) {
    std::memset(a.low, kCanary, static_cast<size_t>(a.start - a.low));
    std::memset(a.start + a.bytes, kCanary, static_cast<size_t>(a.low + a.mappedBytes - a.start) - a.bytes);
}

bool intact(const Allocation& a) {
    const char* end = a.start + a.bytes;
    auto whole = [](const char* from, const char* to) {
        return std::all_of(from, to, [](char c) { return static_cast<unsigned char>(c) == kCanary; });
    };
    return whole(a.low, a.start) && whole(end, a.low + a.mappedBytes);
}

}  // namespace

char* allocateDevice(size_t bytes) {
    size_t rounded = (std::max<size_t>(bytes, 1) + kAlignment - 1) / kAlignment * kAlignment;
    if (inUse + rounded > settings().memoryBytes || !reserve()) {
        return nullptr;
    }
    size_t mapped = (rounded + kPage - 1) / kPage * kPage;
    char* low = next;
    if (low + mapped + kGap > arena + kArenaBytes || mprotect(low, mapped, PROT_READ | PROT_WRITE) != 0) {
        return nullptr;
    }
    next = low + mapped + kGap;
    char* start = low + mapped - rounded;
    Allocation& made = live[number(low)] = {low, mapped, start, bytes};
    paint(made);
    std::memset(start, kPoison, bytes);
    inUse += rounded;
    peak = std::max(peak, inUse);
    reserved = std::max(reserved, inUse);
    return start;
}

bool freeDevice(char* start) {
    const Allocation* found = find(live, number(start));
    if (!found || found->start != start) {
        return false;
    }
    Allocation a = *found;
    inUse -= (std::max<size_t>(a.bytes, 1) + kAlignment - 1) / kAlignment * kAlignment;
    madvise(a.low, a.mappedBytes, MADV_DONTNEED);
    mprotect(a.low, a.mappedBytes, PROT_NONE);
    live.erase(number(a.low));
    freed[number(a.low)] = a;
    return true;
}

const Allocation* allocationOf(const void* address) {
    const Allocation* a = find(live, number(address));
    bool inside = a && number(address) >= number(a->start) && number(address) < number(a->start) + std::max<size_t>(a->bytes, 1);
    return inside ? a : nullptr;
}

bool isDevice(const void* address, size_t bytes) {
    const Allocation* a = allocationOf(address);
    return a && number(address) + bytes <= number(a->start) + a->bytes;
}

std::string overwrittenNeighbour(const void* address) {
    const Allocation* a = find(live, number(address));
    if (!a || intact(*a)) {
        return "";
    }
    paint(*a);
    return "wrote just outside an allocation of " + std::to_string(a->bytes) + " bytes";
}

size_t deviceBytesInUse() {
    return inUse;
}

size_t deviceBytesPeak() {
    return peak;
}

size_t deviceBytesReserved() {
    return reserved;
}

void trimPool() {
    reserved = inUse;
}

size_t deviceAllocations() {
    return live.size();
}

char* allocatePinned(size_t bytes) {
    auto* p = static_cast<char*>(std::aligned_alloc(kPage, (std::max<size_t>(bytes, 1) + kPage - 1) / kPage * kPage));
    if (p) {
        std::memset(p, kPoison, bytes);
        pinned[number(p)] = bytes;
    }
    return p;
}

bool freePinned(char* start) {
    auto it = pinned.find(number(start));
    if (it == pinned.end()) {
        return false;
    }
    pinned.erase(it);
    std::free(start);
    return true;
}

size_t pinnedBytes() {
    size_t bytes = 0;
    for (const auto& [start, size] : pinned) {
        bytes += size;
    }
    return bytes;
}

bool isPinned(const void* address, size_t bytes) {
    auto after = pinned.upper_bound(number(address));
    if (after == pinned.begin()) {
        return false;
    }
    auto it = std::prev(after);
    return number(address) + bytes <= it->first + it->second;
}

std::string describeAddress(const void* address) {
    char text[200];
    uintptr_t at = number(address);
    if (at < kPage) {
        return "access through a null pointer";
    }
    if (arena && at >= number(arena) && at < number(arena) + kArenaBytes) {
        if (const Allocation* a = find(freed, at)) {
            std::snprintf(text, sizeof text, "access to freed device memory, byte %td of %zu", static_cast<const char*>(address) - a->start,
                          a->bytes);
            return text;
        }
        auto after = live.upper_bound(at);
        if (after != live.begin() && std::prev(after)->second.low + std::prev(after)->second.mappedBytes + kGap > address) {
            const Allocation& a = std::prev(after)->second;
            std::snprintf(text, sizeof text, "access to byte %td of a device allocation of %zu bytes",
                          static_cast<const char*>(address) - a.start, a.bytes);
            return text;
        }
        if (after != live.end() && after->first - at <= kGap) {
            std::snprintf(text, sizeof text, "access %td bytes before a device allocation of %zu bytes",
                          after->second.start - static_cast<const char*>(address), after->second.bytes);
            return text;
        }
        return "access to device memory that nobody allocated";
    }
    std::snprintf(text, sizeof text, "access to %p, which is neither device nor shared memory (past the end of shared memory, or wild)",
                  address);
    return text;
}

}  // namespace sim
