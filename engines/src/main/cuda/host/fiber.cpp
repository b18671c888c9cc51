#include "fiber.hpp"

#include <sys/mman.h>
#include <unistd.h>

#include <cstdint>
#include <cstdio>
#include <cstdlib>

#if defined(__x86_64__)
// Callee-saved registers of the System V ABI go on the old stack; rounding modes stay as they are, no kernel changes them.
asm(R"(
.text
.globl qr_sim_switch
.hidden qr_sim_switch
.type qr_sim_switch,@function
qr_sim_switch:
    pushq %rbp
    pushq %rbx
    pushq %r12
    pushq %r13
    pushq %r14
    pushq %r15
    movq %rsp, (%rdi)
    movq %rsi, %rsp
    popq %r15
    popq %r14
    popq %r13
    popq %r12
    popq %rbx
    popq %rbp
    ret
.size qr_sim_switch, .-qr_sim_switch
)");
extern "C" void qr_sim_switch(void** save, void* load);
#else
#include <ucontext.h>
#endif

namespace sim {

Stack newStack(size_t bytes) {
    size_t page = static_cast<size_t>(sysconf(_SC_PAGESIZE));
    void* memory = mmap(nullptr, bytes + page, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
    if (memory == MAP_FAILED || mprotect(memory, page, PROT_NONE) != 0) {
        std::fprintf(stderr, "simulator: no memory for a stack of %zu bytes\n", bytes);
        std::abort();
    }
    return {static_cast<char*>(memory) + page, bytes};
}

#if defined(__x86_64__)
void prepare(Context& context, const Stack& stack, void (*entry)()) {
    auto* top = reinterpret_cast<uint64_t*>(stack.low + stack.bytes);
    // The entry sees a stack as after a call: a return address (none) at a place that is 8 below a multiple of 16.
    *--top = 0;
    *--top = reinterpret_cast<uint64_t>(entry);
    for (int i = 0; i < 6; i++) {
        *--top = 0;
    }
    context.stackPointer = top;
}

void switchTo(Context& from, Context& to) {
    qr_sim_switch(&from.stackPointer, to.stackPointer);
}
#else
void prepare(Context& context, const Stack& stack, void (*entry)()) {
    auto* c = context.opaque ? static_cast<ucontext_t*>(context.opaque) : new ucontext_t();
    context.opaque = c;
    getcontext(c);
    c->uc_stack.ss_sp = stack.low;
    c->uc_stack.ss_size = stack.bytes;
    c->uc_link = nullptr;
    makecontext(c, entry, 0);
}

void switchTo(Context& from, Context& to) {
    if (!from.opaque) {
        from.opaque = new ucontext_t();
    }
    swapcontext(static_cast<ucontext_t*>(from.opaque), static_cast<ucontext_t*>(to.opaque));
}
#endif

}  // namespace sim
