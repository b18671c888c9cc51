// What the exported functions of the simulated driver share.
#pragma once
#include <cstddef>
#include <cstdint>
#include <mutex>
#include <string>
#include <vector>

#include "grid.hpp"
#include "settings.hpp"

#define QR_EXPORT extern "C" __attribute__((visibility("default")))

namespace sim {

using Result = int;

// Codes of the driver besides those of a failed launch.
constexpr int Success = 0, InvalidValue = 1, OutOfMemory = 2, NotInitialized = 3, NoDevice = 100, InvalidDevice = 101,
              InvalidImage = 200, InvalidHandle = 400, NotFound = 500, NotReady = 600, CaptureUnsupported = 900;

/// One lock for all calls: launches of several threads follow one another.
std::recursive_mutex& driverLock();

#define QR_LOCKED std::lock_guard<std::recursive_mutex> guard_(sim::driverLock())

/// Keeps `text` as the text of `code` until the next failure.
Result refuse(Result code, const std::string& text);

/// A kernel of a loaded module.
struct Function {
    const Unit* unit;
    const Entry* entry;
    size_t allowedShared;
};

/// Loads the libraries of kernels that lie beside the simulator's own, once.
void loadUnits();
const std::vector<const Unit*>& units();

/// What copies have moved between host and device, and on the device.
struct Copied {
    uint64_t up = 0, down = 0, within = 0;
};

/// Ends a function of the driver when the context was lost.
#define QR_ALIVE                    \
    if (sim::settings().lost) {     \
        return sim::settings().lost; \
    }

extern bool initialised;
extern Copied copied;
extern uint64_t launches, graphLaunches;

}  // namespace sim
