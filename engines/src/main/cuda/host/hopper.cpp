// Memory barriers, bulk copies and products of warpgroups of the simulator.
#include "hopper.hpp"

#include <array>
#include <cstring>
#include <functional>
#include <vector>

#include "grid.hpp"
#include "matrix.hpp"
#include "settings.hpp"
#include "tensor_map.hpp"

namespace sim {

namespace {

/// A memory barrier in its 64 bits: the parity of the running phase, arrivals it still lacks, bytes still to come.
struct MemoryBarrier {
    unsigned parity : 1, missing : 15, arrivals : 16;
    int bytes;

    void settle() {
        if (missing == 0 && bytes == 0) {
            parity ^= 1;
            missing = arrivals;
        }
    }
};
static_assert(sizeof(MemoryBarrier) == 8);

struct BulkCopy {
    MemoryBarrier* barrier;
    char* target;
    TensorBox box;
    const void* source;
    int bytes;
};

std::vector<BulkCopy> open;

using Product = std::function<void()>;

/// What a thread has issued and not waited for.
struct Products {
    std::vector<Product> open;
    std::vector<std::vector<Product>> groups;
};

Products products[1024];

MemoryBarrier* at(void* pointer, int line) {
    if (reinterpret_cast<uintptr_t>(pointer) % 8) {
        fail(MisalignedAddress, "mbarrier at line %d: its address is no multiple of 8", line);
    }
    return static_cast<MemoryBarrier*>(pointer);
}

/// With threads in an order of their own: copies are as early as they can be, and whoever arrives lets others run.
bool eager() {
    return settings().seed != 0;
}

/// Does the copies that complete on `barrier`; whether there was one.
bool finishCopies(MemoryBarrier* barrier) {
    bool any = false;
    for (size_t i = 0; i < open.size();) {
        BulkCopy copy = open[i];
        if (copy.barrier != barrier) {
            i++;
            continue;
        }
        open.erase(open.begin() + static_cast<ptrdiff_t>(i));
        if (copy.source) {
            std::memcpy(copy.target, copy.source, static_cast<size_t>(copy.bytes));
        } else {
            copy.box.copy(copy.target);
        }
        barrier->bytes -= copy.bytes;
        any = true;
    }
    if (any) {
        barrier->settle();
    }
    return any;
}

void copyNow(void* barrier, int line) {
    if (eager()) {
        finishCopies(at(barrier, line));
    }
}

}  // namespace

void barrierInit(void* barrier, int arrivals, int line) {
    // What an earlier block left when it failed is forgotten; barriers come before all else.
    open.clear();
    for (Products& p : products) {
        p = {};
    }
    *at(barrier, line) = {0, static_cast<unsigned>(arrivals) & 0x7FFF, static_cast<unsigned>(arrivals) & 0xFFFF, 0};
}

void barrierExpect(void* barrier, int bytes, int line) {
    MemoryBarrier* b = at(barrier, line);
    if (b->missing == 0) {
        fail(LaunchFailed, "mbarrier at line %d: more arrivals than its phase has", line);
    }
    b->bytes += bytes;
    b->missing--;
    b->settle();
    if (eager()) {
        spin("mbarrier", line);
    }
}

void barrierWait(void* barrier, int parity, int line) {
    MemoryBarrier* b = at(barrier, line);
    while (b->parity == static_cast<unsigned>(parity)) {
        if (!finishCopies(b)) {
            spin("mbarrier", line);
        }
    }
    asm volatile("" ::: "memory");
}

void copyBox(void* to, const void* map, int x, int y, void* barrier, int line) {
    TensorBox box = TensorBox::of(map, x, y);
    if (!box.isValid()) {
        fail(IllegalAddress, "cp.async.bulk.tensor at line %d: no tensor map", line);
    }
    if (box.matrix.swizzle != 0 && sharedAddress(to, line) % 1024 != 0) {
        fail(MisalignedAddress, "cp.async.bulk.tensor at line %d: the target of a swizzled box must be a multiple of 1024", line);
    }
    sharedPointer(sharedAddress(to, line), static_cast<size_t>(box.bytes()), line);
    open.push_back({at(barrier, line), static_cast<char*>(to), box, nullptr, box.bytes()});
    copyNow(barrier, line);
}

void copyBulk(void* to, const void* from, int bytes, void* barrier, int line) {
    if ((reinterpret_cast<uintptr_t>(to) | reinterpret_cast<uintptr_t>(from) | static_cast<unsigned>(bytes)) % 16) {
        fail(MisalignedAddress, "cp.async.bulk at line %d: addresses and size must be multiples of 16", line);
    }
    sharedPointer(sharedAddress(to, line), static_cast<size_t>(bytes), line);
    open.push_back({at(barrier, line), static_cast<char*>(to), {}, from, bytes});
    copyNow(barrier, line);
}

void queueProduct(std::function<void()> product) {
    products[current->linear].open.push_back(std::move(product));
}

void issueProduct(uint32_t* d, int columns, const uint32_t (&a)[4], uint64_t b, bool accumulate, int line) {
    std::array<uint32_t, 4> fragment{a[0], a[1], a[2], a[3]};
    queueProduct([=] { wgmmaS8(d, columns, fragment.data(), 0, b, accumulate, line); });
}

void issueProduct(Element element, float* d, int columns, const uint32_t (&a)[4], uint64_t b, bool accumulate, int line) {
    std::array<uint32_t, 4> fragment{a[0], a[1], a[2], a[3]};
    queueProduct([=] { wgmmaFloat(element, {d, columns, fragment.data(), b, accumulate}, line); });
}

void holdOperand(const uint32_t (&a)[4], int line) {
    std::array<uint32_t, 4> fragment{a[0], a[1], a[2], a[3]};
    const uint32_t* registers = a;
    queueProduct([=] {
        if (std::memcmp(registers, fragment.data(), sizeof fragment)) {
            fail(LaunchFailed, "wgmma at line %d: its operand A was written before its wait", line);
        }
    });
}

void commitProducts() {
    Products& mine = products[current->linear];
    mine.groups.push_back(std::move(mine.open));
    mine.open.clear();
}

void waitProducts(int pending) {
    auto& groups = products[current->linear].groups;
    while (groups.size() > static_cast<size_t>(pending)) {
        std::vector<Product> oldest = std::move(groups.front());
        groups.erase(groups.begin());
        for (const Product& product : oldest) {
            product();
        }
    }
    asm volatile("" ::: "memory");
}

}  // namespace sim
