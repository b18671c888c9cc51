#include "faults.hpp"

#include <dlfcn.h>
#include <pthread.h>
#include <ucontext.h>

#include <cstdio>
#include <cstdlib>
#include <cstring>

#include "grid.hpp"
#include "memory.hpp"
#include "settings.hpp"

namespace sim {

extern Context scheduler;

namespace {

constexpr int kSignals[] = {SIGSEGV, SIGBUS, SIGILL, SIGFPE, SIGTRAP};
constexpr int kSignalCount = 5;
struct sigaction previous[kSignalCount];
pthread_t launching;
char* handlerStack = nullptr;
constexpr size_t kHandlerStackBytes = 128 << 10;

const void* instructionOf(void* context) {
#if defined(__x86_64__)
    return reinterpret_cast<const void*>(static_cast<ucontext_t*>(context)->uc_mcontext.gregs[REG_RIP]);
#elif defined(__aarch64__)
    return reinterpret_cast<const void*>(static_cast<ucontext_t*>(context)->uc_mcontext.pc);
#else
    (void)context;
    return nullptr;
#endif
}

void chain(int signal, siginfo_t* info, void* context) {
    for (int i = 0; i < kSignalCount; i++) {
        if (kSignals[i] != signal) {
            continue;
        }
        if (previous[i].sa_flags & SA_SIGINFO) {
            previous[i].sa_sigaction(signal, info, context);
        } else if (previous[i].sa_handler == SIG_DFL) {
            ::signal(signal, SIG_DFL);
            ::raise(signal);
        } else if (previous[i].sa_handler != SIG_IGN) {
            previous[i].sa_handler(signal);
        }
    }
}

void handle(int signal, siginfo_t* info, void* context) {
    if (!pthread_equal(pthread_self(), launching) || !current) {
        chain(signal, info, context);
        return;
    }
    const void* at = instructionOf(context);
    if (signal == SIGILL || signal == SIGTRAP) {
        failure().raise(MisalignedAddress, "misaligned access, array index outside its bounds, or shift by more than the width", at);
    } else if (signal == SIGSEGV && info->si_code == SI_KERNEL) {
        failure().raise(MisalignedAddress, "misaligned access, or an address that no pointer can have", at);
    } else if (signal == SIGFPE) {
        failure().raise(LaunchFailed, "integer division by zero", at);
    } else {
        failure().raise(IllegalAddress, describeAddress(info->si_addr).c_str(), at);
    }
    switchTo(current->context, scheduler);
}

std::string firstLine(const std::string& command) {
    std::string out;
    if (FILE* pipe = popen(command.c_str(), "r")) {
        char buffer[512];
        while (std::fgets(buffer, sizeof buffer, pipe)) {
            out = std::strchr(buffer, ':') ? buffer : out;
            if (std::strchr(buffer, ':')) {
                break;
            }
        }
        pclose(pipe);
    }
    while (!out.empty() && (out.back() == '\n' || out.back() == ' ')) {
        out.pop_back();
    }
    return out;
}

std::string sourceOf(const void* instruction) {
    Dl_info info;
    if (!instruction || !dladdr(instruction, &info) || !info.dli_fname) {
        return "";
    }
    char offset[32];
    std::snprintf(offset, sizeof offset, "0x%zx",
                  static_cast<size_t>(static_cast<const char*>(instruction) - static_cast<const char*>(info.dli_fbase)));
    std::string line = firstLine("addr2line -s -e '" + std::string(info.dli_fname) + "' " + offset + " 2>/dev/null");
    return line.empty() || line[0] == '?' ? std::string(info.dli_fname) + "+" + offset : line;
}

}  // namespace

Failure& failure() {
    static Failure instance;
    return instance;
}

void Failure::clear() {
    *this = Failure{};
}

void Failure::raise(int newCode, const char* newText, const void* at) {
    if (code) {
        return;
    }
    code = newCode;
    text = newText;
    instruction = at;
    block[0] = blockIndex.x, block[1] = blockIndex.y, block[2] = blockIndex.z;
    if (current) {
        inThread = true;
        thread[0] = current->thread.x, thread[1] = current->thread.y, thread[2] = current->thread.z;
    }
}

void Failure::report(const char* kernel) {
    char place[160];
    std::snprintf(place, sizeof place, ", block (%u, %u, %u)", block[0], block[1], block[2]);
    std::string full = std::string("kernel ") + kernel + place;
    if (inThread) {
        std::snprintf(place, sizeof place, ", thread (%u, %u, %u)", thread[0], thread[1], thread[2]);
        full += place;
    }
    full += ": " + text;
    std::string source = sourceOf(instruction);
    lastError() = source.empty() ? full : full + " [" + source + "]";
}

FaultGuard::FaultGuard() {
    launching = pthread_self();
    if (!handlerStack) {
        handlerStack = static_cast<char*>(std::malloc(kHandlerStackBytes));
    }
    stack_t own{};
    own.ss_sp = handlerStack;
    own.ss_size = kHandlerStackBytes;
    sigaltstack(&own, &oldStack);
    for (int i = 0; i < kSignalCount; i++) {
        struct sigaction action {};
        action.sa_sigaction = handle;
        action.sa_flags = SA_SIGINFO | SA_ONSTACK | SA_NODEFER;
        sigemptyset(&action.sa_mask);
        sigaction(kSignals[i], &action, &previous[i]);
    }
}

FaultGuard::~FaultGuard() {
    for (int i = 0; i < kSignalCount; i++) {
        sigaction(kSignals[i], &previous[i], nullptr);
    }
    sigaltstack(&oldStack, nullptr);
}

}  // namespace sim
