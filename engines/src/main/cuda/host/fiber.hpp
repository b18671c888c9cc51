// Light threads of one operating system thread: each has a stack, and control passes by saving and loading the stack pointer.
#pragma once
#include <cstddef>

namespace sim {

/// One saved place of execution.
struct Context {
#if defined(__x86_64__)
    void* stackPointer = nullptr;
#else
    void* opaque = nullptr;
#endif
};

/// Memory for one fiber's stack, with an unmapped page below it, so that an overflow faults instead of overwriting a neighbour.
struct Stack {
    char* low = nullptr;
    size_t bytes = 0;
};

Stack newStack(size_t bytes);

/// Makes `context` start in `entry` on an empty `stack`; `entry` never returns.
void prepare(Context& context, const Stack& stack, void (*entry)());

/// Saves the caller's place in `from` and goes on at `to`.
void switchTo(Context& from, Context& to);

}  // namespace sim
