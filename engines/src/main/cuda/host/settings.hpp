// What the simulated device is: set by the environment (QR_SIM_*) or by the exported sim_* functions, read by driver and scheduler.
#pragma once
#include <cstddef>
#include <cstdint>
#include <string>

namespace sim {

struct Settings {
    std::string name = "Quantreel host simulator";
    int major = 8;
    int minor = 9;
    int devices = 1;
    int multiprocessors = 4;
    int driverVersion = 13000;
    size_t memoryBytes = size_t{8} << 30;
    /// Most that may be pinned of the host's memory.
    size_t pinnedBytes = size_t{8} << 30;
    /// 0 runs threads in their order; every other value in an order of its own, to show missing barriers.
    uint32_t seed = 0;
    /// Streams do their work only when somebody waits for it, as late as the rules allow, to show missing waits.
    bool lazyStreams = false;

    /// Code that every call which touches the context returns from now on, as after a fault; 0 while it works.
    int lost = 0;

    size_t sharedBytesPerBlock() const;
};

Settings& settings();

/// Text of the newest failure on this process, for cuGetErrorString and sim_last_error.
std::string& lastError();

}  // namespace sim
