// What a kernel sees of the machine: its thread, its warp's collective operations, the block's barriers and shared memory.
#pragma once
#include <cstddef>
#include <cstdint>
#include <type_traits>
#include <utility>
#include <vector>

#include "fiber.hpp"

struct uint3 {
    unsigned x, y, z;
};
struct dim3 {
    unsigned x = 1, y = 1, z = 1;
};

namespace sim {

/// Why a launch ended early; the numbers are CUDA's.
constexpr int IllegalAddress = 700, MisalignedAddress = 716, LaunchFailed = 719;

/// A copy that cp.async has issued and no wait has covered yet: it happens when a wait covers it, so a missing wait shows.
struct AsyncCopy {
    void* target;
    const void* source;
    int bytes;
    int sourceBytes;
};

enum class State : uint8_t { Ready, Spinning, AtWarp, AtGroup, AtBarrier, Done };

/// One thread of the running block.
struct Fiber {
    uint3 thread;
    unsigned linear;
    State state;
    const char* what;
    int line;
    int barrier;
    Context context;
    Stack stack;
    std::vector<std::vector<AsyncCopy>> groups;
    std::vector<AsyncCopy> open;
};

/// What the lanes of a warp (32) or a warpgroup (128) hand to a collective operation: `args[lane]` of every lane that takes part.
using Collective = void (*)(void** args, uint32_t mask);

/// The calling thread; valid only inside a kernel.
extern Fiber* current;
extern uint3 blockIndex;
extern dim3 blockSize, gridSize;
/// The block's dynamic shared memory, 1024-byte aligned as its end allows, and its size.
extern char* dynamicShared;
extern size_t dynamicSharedBytes;

/// Waits until every lane of `mask` has arrived at the same operation, runs `op` once on all arguments, and lets all go on.
void collective(const char* what, int line, uint32_t mask, void* args, Collective op);
/// The same over the four warps of a warpgroup (threads 128 w .. 128 w + 127).
void groupCollective(const char* what, int line, void* args, Collective op);
/// Barrier `id` of the block for `threads` threads; 0 means all threads of the block and checks that all stand at the same line.
void barrier(int id, unsigned threads, int line);
/// Barrier 0 that also counts the threads whose predicate holds.
struct Vote {
    int count = 0;
    bool any = false;
    bool all = true;
};
Vote barrierVote(bool predicate, int line);
/// Counts an arrival without waiting (bar.arrive).
void arrive(int id, unsigned threads, int line);
/// Lets other threads run; for polling loops (a mbarrier). Polling that nothing ends is reported as a deadlock.
void spin(const char* what, int line);
/// Ends the launch with an error that names kernel, block and thread.
[[noreturn]] void fail(int fault, const char* format, ...) __attribute__((format(printf, 2, 3)));

/// A pointer into dynamic shared memory as the 32-bit address that descriptors hold.
uint32_t sharedAddress(const void* pointer, int line);
/// The reverse, with a bounds check of `bytes`.
char* sharedPointer(uint32_t address, size_t bytes, int line);

/// A kernel of a unit: its name, how to call it with CUDA's array of argument pointers, and what its arguments are.
struct Parameter {
    unsigned bytes;
    unsigned offset;
    bool pointer;
};
struct Entry {
    const char* name;
    void (*call)(void** arguments);
    const Parameter* parameters;
    unsigned parameterCount;
};
/// All kernels of one source file with the range of its static shared variables, which is poisoned before every block.
struct Unit {
    const Entry* entries;
    unsigned count;
    char* sharedLow;
    char* sharedHigh;
};

template <auto F>
struct Kernel;

template <class... A, void (*F)(A...)>
struct Kernel<F> {
    static constexpr unsigned count = sizeof...(A);
    static void call(void** arguments) { spread(arguments, std::index_sequence_for<A...>{}); }

    template <size_t... I>
    static void spread(void** arguments, std::index_sequence<I...>) {
        F(*static_cast<std::remove_cv_t<A>*>(arguments[I])...);
    }

    struct Table {
        Parameter rows[count ? count : 1];
    };
    static constexpr Table table() {
        Table t{};
        unsigned offset = 0, i = 0;
        ((offset = (offset + alignof(A) - 1) / alignof(A) * alignof(A),
          t.rows[i++] = Parameter{sizeof(A), offset, std::is_pointer_v<A>}, offset += sizeof(A)),
         ...);
        return t;
    }
    static constexpr Table parameters = table();
};

#define SIM_KERNEL(name) \
    sim::Entry { #name, &sim::Kernel<&name>::call, sim::Kernel<&name>::parameters.rows, sim::Kernel<&name>::count }

/// Runs one grid; returns 0 or one of the codes above, whose text is in `message`.
int runGrid(const Unit& unit, const Entry& entry, dim3 grid, dim3 block, size_t sharedBytes, void** arguments);

}  // namespace sim
