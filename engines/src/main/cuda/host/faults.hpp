// Turns what a kernel does wrong into an error text: faults of the processor, failed checks, deadlocks.
#pragma once
#include <signal.h>

#include <string>

namespace sim {

/// The first failure of a launch.
struct Failure {
    int code = 0;
    std::string text;
    const void* instruction = nullptr;
    bool inThread = false;
    unsigned block[3] = {}, thread[3] = {};

    explicit operator bool() const { return code != 0; }
    void clear();
    /// Keeps the first failure with the running block and thread.
    void raise(int code, const char* text, const void* instruction);
    /// Writes kernel, block, thread, text and source line to `lastError()`.
    void report(const char* kernel);
};

Failure& failure();

/// While it lives, a fault of the launching thread inside a kernel ends the launch; all others go to the handlers found.
class FaultGuard {
public:
    FaultGuard();
    ~FaultGuard();
    FaultGuard(const FaultGuard&) = delete;
    FaultGuard& operator=(const FaultGuard&) = delete;

private:
    stack_t oldStack{};
};

}  // namespace sim
