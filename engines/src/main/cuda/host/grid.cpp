// Runs the blocks of a grid one after another, the threads of a block as fibers, and reports what a GPU would only crash on.
#include "grid.hpp"

#include <sys/mman.h>

#include <algorithm>
#include <cstdarg>
#include <cstdio>
#include <cstring>
#include <random>
#include <string>

#include "faults.hpp"
#include "settings.hpp"

namespace sim {

Fiber* current = nullptr;
uint3 blockIndex;
dim3 blockSize, gridSize;
char* dynamicShared = nullptr;
size_t dynamicSharedBytes = 0;
Context scheduler;

namespace {

constexpr size_t kStackBytes = 256 << 10;
constexpr size_t kSharedMapping = 256 << 10;
constexpr int kPoison = 0xFF;
constexpr unsigned char kCanary = 0xA5;
constexpr int kSpinLimit = 100000;

/// A collective operation of a warp that some lanes of its mask have reached.
struct Meeting {
    const char* what;
    int line;
    uint32_t mask;
    uint32_t arrived;
    void* args[32];
};

/// The same over the 128 threads of a warpgroup.
struct GroupMeeting {
    const char* what = nullptr;
    int line = 0;
    unsigned arrived = 0;
    void* args[128];
};

struct Barrier {
    unsigned expected = 0;
    unsigned arrived = 0;
    int line = 0;
};

std::vector<Fiber> fibers;
std::vector<std::vector<Meeting>> meetings;
std::vector<GroupMeeting> groups;
Barrier barriers[16];
Vote vote, voteResult;
unsigned threadCount = 0;
unsigned doneCount = 0;
char* sharedEnd = nullptr;
const Entry* running = nullptr;
void** runningArguments = nullptr;
std::mt19937 generator;

void release(int barrierId) {
    for (unsigned i = 0; i < threadCount; i++) {
        if (fibers[i].state == State::AtBarrier && fibers[i].barrier == barrierId) {
            fibers[i].state = State::Ready;
        }
    }
}

void completeBlockBarrier() {
    Barrier& b = barriers[0];
    if (b.arrived > 0 && b.arrived == threadCount - doneCount) {
        b = {};
        voteResult = vote;
        vote = {};
        release(0);
    }
}

void body() {
    running->call(runningArguments);
    current->state = State::Done;
    doneCount++;
    completeBlockBarrier();
    switchTo(current->context, scheduler);
    __builtin_unreachable();
}

void waitAs(State state, const char* what, int line) {
    Fiber* self = current;
    self->state = state;
    self->what = what;
    self->line = line;
    switchTo(self->context, scheduler);
    asm volatile("" ::: "memory");
}

uint32_t bit(unsigned lane) {
    return uint32_t{1} << lane;
}

}  // namespace

void collective(const char* what, int line, uint32_t mask, void* args, Collective op) {
    unsigned warp = current->linear / 32, lane = current->linear % 32;
    if (!(mask & bit(lane))) {
        fail(LaunchFailed, "%s at line %d: mask %08x does not contain the calling lane %u", what, line, mask, lane);
    }
    std::vector<Meeting>& open = meetings[warp];
    Meeting* mine = nullptr;
    for (Meeting& m : open) {
        if (m.mask == mask) {
            mine = &m;
        } else if (m.mask & mask) {
            fail(LaunchFailed, "warp diverged: %s at line %d with mask %08x while other lanes wait in %s at line %d with mask %08x",
                 what, line, mask, m.what, m.line, m.mask);
        }
    }
    if (!mine) {
        open.push_back({what, line, mask, 0, {}});
        mine = &open.back();
    }
    if (mine->what != what && std::strcmp(mine->what, what) != 0) {
        fail(LaunchFailed, "warp diverged: lane %u is in %s at line %d while other lanes wait in %s at line %d", lane, what, line,
             mine->what, mine->line);
    }
    mine->args[lane] = args;
    mine->arrived |= bit(lane);
    if (mine->arrived != mask) {
        waitAs(State::AtWarp, what, line);
        return;
    }
    if (op) {
        op(mine->args, mask);
    }
    for (unsigned i = 0; i < 32 && warp * 32 + i < threadCount; i++) {
        if ((mask & bit(i)) && fibers[warp * 32 + i].state == State::AtWarp) {
            fibers[warp * 32 + i].state = State::Ready;
        }
    }
    open.erase(open.begin() + (mine - open.data()));
    asm volatile("" ::: "memory");
}

void groupCollective(const char* what, int line, void* args, Collective op) {
    unsigned group = current->linear / 128, thread = current->linear % 128;
    if ((group + 1) * 128 > threadCount) {
        fail(LaunchFailed, "%s at line %d needs a whole warpgroup of 128 threads", what, line);
    }
    GroupMeeting& meeting = groups[group];
    if (meeting.arrived > 0 && std::strcmp(meeting.what, what) != 0) {
        fail(LaunchFailed, "warpgroup diverged: %s at line %d while other threads wait in %s at line %d", what, line, meeting.what,
             meeting.line);
    }
    meeting.what = what;
    meeting.line = line;
    meeting.args[thread] = args;
    if (++meeting.arrived < 128) {
        waitAs(State::AtGroup, what, line);
        return;
    }
    meeting.arrived = 0;
    if (op) {
        op(meeting.args, ~uint32_t{0});
    }
    for (unsigned i = group * 128; i < group * 128 + 128; i++) {
        if (fibers[i].state == State::AtGroup) {
            fibers[i].state = State::Ready;
        }
    }
    asm volatile("" ::: "memory");
}

void arrive(int id, unsigned threads, int line) {
    Barrier& b = barriers[id];
    if (b.arrived > 0 && b.expected != threads) {
        fail(LaunchFailed, "barrier %d at line %d for %u threads, others wait at line %d for %u", id, line, threads, b.line,
             b.expected);
    }
    b.expected = threads;
    b.line = line;
    if (++b.arrived == threads) {
        b = {};
        release(id);
    }
}

void barrier(int id, unsigned threads, int line) {
    asm volatile("" ::: "memory");
    Barrier& b = barriers[id];
    current->barrier = id;
    current->state = State::AtBarrier;
    if (id == 0) {
        if (b.arrived > 0 && b.line != line) {
            fail(LaunchFailed, "block diverged: __syncthreads at line %d while other threads wait in __syncthreads at line %d", line,
                 b.line);
        }
        b.line = line;
        b.arrived++;
        completeBlockBarrier();
    } else {
        arrive(id, threads, line);
    }
    if (current->state == State::AtBarrier) {
        waitAs(State::AtBarrier, "barrier", line);
    }
    asm volatile("" ::: "memory");
}

Vote barrierVote(bool predicate, int line) {
    vote.count += predicate;
    vote.any |= predicate;
    vote.all &= predicate;
    barrier(0, 0, line);
    return voteResult;
}

void spin(const char* what, int line) {
    waitAs(State::Spinning, what, line);
}

uint32_t sharedAddress(const void* pointer, int line) {
    ptrdiff_t offset = static_cast<const char*>(pointer) - dynamicShared;
    if (offset < 0 || static_cast<size_t>(offset) >= dynamicSharedBytes) {
        fail(IllegalAddress, "line %d: a shared address was asked of memory outside dynamic shared memory (offset %td of %zu bytes)",
             line, offset, dynamicSharedBytes);
    }
    return static_cast<uint32_t>(offset);
}

char* sharedPointer(uint32_t address, size_t bytes, int line) {
    if (address + bytes > dynamicSharedBytes) {
        fail(IllegalAddress, "line %d: shared address %u + %zu bytes lies past the %zu bytes of dynamic shared memory", line, address,
             bytes, dynamicSharedBytes);
    }
    return dynamicShared + address;
}

void fail(int fault, const char* format, ...) {
    char text[600];
    va_list list;
    va_start(list, format);
    std::vsnprintf(text, sizeof text, format, list);
    va_end(list);
    failure().raise(fault, text, nullptr);
    switchTo(current->context, scheduler);
    __builtin_unreachable();
}

namespace {

void allocateShared() {
    if (!sharedEnd) {
        auto* low = static_cast<char*>(
            mmap(nullptr, kSharedMapping + 65536, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0));
        sharedEnd = low + kSharedMapping;
        mprotect(sharedEnd, 65536, PROT_NONE);
    }
}

void prepareBlock(const Unit& unit) {
    if (unit.sharedHigh > unit.sharedLow) {
        std::memset(unit.sharedLow, kPoison, static_cast<size_t>(unit.sharedHigh - unit.sharedLow));
    }
    std::memset(dynamicShared, kPoison, dynamicSharedBytes);
    std::memset(dynamicShared + dynamicSharedBytes, kCanary, static_cast<size_t>(sharedEnd - dynamicShared) - dynamicSharedBytes);
    for (auto& m : meetings) {
        m.clear();
    }
    std::fill(groups.begin(), groups.end(), GroupMeeting{});
    std::fill(std::begin(barriers), std::end(barriers), Barrier{});
    vote = {};
    doneCount = 0;
    for (unsigned i = 0; i < threadCount; i++) {
        Fiber& f = fibers[i];
        f.linear = i;
        f.thread = {i % blockSize.x, i / blockSize.x % blockSize.y, i / (blockSize.x * blockSize.y)};
        f.state = State::Ready;
        f.open.clear();
        f.groups.clear();
        prepare(f.context, f.stack, body);
    }
}

/// Runs lanes of a warp until all wait for other warps or are done; says whether anything but polling happened.
bool runWarp(unsigned warp) {
    unsigned first = warp * 32, count = std::min(32u, threadCount - first);
    bool progress = false;
    for (bool any = true; any && !failure();) {
        any = false;
        unsigned start = settings().seed ? generator() % count : 0;
        for (unsigned i = 0; i < count && !failure(); i++) {
            Fiber& f = fibers[first + (start + i) % count];
            bool spinning = f.state == State::Spinning;
            if (f.state != State::Ready && !spinning) {
                continue;
            }
            f.state = State::Ready;
            current = &f;
            switchTo(scheduler, f.context);
            current = nullptr;
            any |= f.state == State::Ready;
            progress |= f.state != State::Spinning;
        }
        for (unsigned i = 0; i < count; i++) {
            any |= fibers[first + i].state == State::Ready;
        }
    }
    return progress;
}

void reportDeadlock() {
    std::string text = "deadlock:";
    int shown = 0;
    for (unsigned i = 0; i < threadCount && shown < 6; i++) {
        const Fiber& f = fibers[i];
        bool asBefore = i > 0 && fibers[i - 1].state == f.state && (f.state == State::Done || fibers[i - 1].line == f.line);
        if (asBefore) {
            continue;
        }
        shown++;
        text += " thread " + std::to_string(i) + " and on "
                + (f.state == State::Done ? std::string("ended;") : std::string("wait in ") + f.what + " at line " + std::to_string(f.line) + ";");
    }
    failure().raise(LaunchFailed, text.c_str(), nullptr);
}

void runBlock(const Unit& unit) {
    prepareBlock(unit);
    std::vector<unsigned> order(meetings.size());
    for (unsigned w = 0; w < order.size(); w++) {
        order[w] = w;
    }
    int idle = 0;
    while (doneCount < threadCount && !failure()) {
        if (settings().seed) {
            std::shuffle(order.begin(), order.end(), generator);
        }
        bool progress = false, polling = false;
        for (unsigned w : order) {
            if (failure()) {
                break;
            }
            progress |= runWarp(w);
        }
        for (unsigned i = 0; i < threadCount; i++) {
            polling |= fibers[i].state == State::Spinning;
        }
        idle = progress ? 0 : idle + 1;
        if (!failure() && !progress && doneCount < threadCount && (!polling || idle > kSpinLimit)) {
            reportDeadlock();
        }
    }
    for (char* c = dynamicShared + dynamicSharedBytes; !failure() && c < sharedEnd; c++) {
        if (static_cast<unsigned char>(*c) != kCanary) {
            failure().raise(IllegalAddress, "wrote past the end of dynamic shared memory", nullptr);
        }
    }
}

void resize(dim3 block) {
    threadCount = block.x * block.y * block.z;
    if (fibers.size() < threadCount) {
        size_t old = fibers.size();
        fibers.resize(threadCount);
        for (size_t i = old; i < threadCount; i++) {
            fibers[i].stack = newStack(kStackBytes);
        }
    }
    meetings.resize((threadCount + 31) / 32);
    groups.resize((threadCount + 127) / 128);
}

}  // namespace

int runGrid(const Unit& unit, const Entry& entry, dim3 grid, dim3 block, size_t sharedBytes, void** arguments) {
    allocateShared();
    resize(block);
    gridSize = grid;
    blockSize = block;
    dynamicSharedBytes = sharedBytes;
    dynamicShared = sharedEnd - (sharedBytes + 1023) / 1024 * 1024;
    running = &entry;
    runningArguments = arguments;
    generator.seed(settings().seed);
    failure().clear();
    FaultGuard guard;
    for (unsigned z = 0; z < grid.z && !failure(); z++) {
        for (unsigned y = 0; y < grid.y && !failure(); y++) {
            for (unsigned x = 0; x < grid.x && !failure(); x++) {
                blockIndex = {x, y, z};
                runBlock(unit);
            }
        }
    }
    if (failure()) {
        failure().report(entry.name);
    }
    return failure().code;
}

}  // namespace sim
