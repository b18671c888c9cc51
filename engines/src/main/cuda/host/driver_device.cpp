// Exports of the simulated driver: start, errors, devices, context, memory.
#include <algorithm>
#include <cstdio>
#include <cstring>

#include "driver.hpp"
#include "memory.hpp"
#include "settings.hpp"
#include "streams.hpp"


namespace sim {

bool initialised = false;
Copied copied;
int contexts = 0;

std::recursive_mutex& driverLock() {
    static std::recursive_mutex lock;
    return lock;
}

Result refuse(Result code, const std::string& text) {
    lastError() = text;
    return code;
}

namespace {

struct ErrorName {
    int code;
    const char* name;
    const char* text;
};

constexpr ErrorName kErrors[] = {
    {0, "CUDA_SUCCESS", "no error"},
    {1, "CUDA_ERROR_INVALID_VALUE", "invalid argument"},
    {2, "CUDA_ERROR_OUT_OF_MEMORY", "out of memory"},
    {3, "CUDA_ERROR_NOT_INITIALIZED", "initialization error"},
    {100, "CUDA_ERROR_NO_DEVICE", "no CUDA-capable device is detected"},
    {101, "CUDA_ERROR_INVALID_DEVICE", "invalid device ordinal"},
    {200, "CUDA_ERROR_INVALID_IMAGE", "device kernel image is invalid"},
    {400, "CUDA_ERROR_INVALID_HANDLE", "invalid resource handle"},
    {500, "CUDA_ERROR_NOT_FOUND", "named symbol not found"},
    {600, "CUDA_ERROR_NOT_READY", "device not ready"},
    {700, "CUDA_ERROR_ILLEGAL_ADDRESS", "an illegal memory access was encountered"},
    {716, "CUDA_ERROR_MISALIGNED_ADDRESS", "misaligned address"},
    {719, "CUDA_ERROR_LAUNCH_FAILED", "unspecified launch failure"},
    {900, "CUDA_ERROR_STREAM_CAPTURE_UNSUPPORTED", "operation not permitted when stream is capturing"},
};

const ErrorName* errorOf(int code) {
    for (const ErrorName& e : kErrors) {
        if (e.code == code) {
            return &e;
        }
    }
    return nullptr;
}

Result copy(void* target, const void* source, size_t bytes, bool toDevice, bool fromDevice, Stream* stream) {
    char text[160];
    QR_ALIVE;
    (fromDevice ? toDevice ? copied.within : copied.down : copied.up) += bytes;
    if ((toDevice && !isDevice(target, bytes)) || (fromDevice && !isDevice(source, bytes))) {
        std::snprintf(text, sizeof text, "copy of %zu bytes: the device range %p is not inside one allocation", bytes,
                      toDevice && !isDevice(target, bytes) ? target : source);
        return refuse(InvalidValue, text);
    }
    // Pageable host memory is copied when the call is made (host to device) or when it returns (device to host).
    if (!fromDevice && settings().lazyStreams && !isPinned(source, bytes)) {
        auto held = std::make_shared<std::vector<char>>(static_cast<const char*>(source), static_cast<const char*>(source) + bytes);
        return enqueue(stream, [target, held] {
            std::memcpy(target, held->data(), held->size());
            return 0;
        });
    }
    Result queued = enqueue(stream, [target, source, bytes, toDevice, fromDevice] {
        if ((toDevice && !isDevice(target, bytes)) || (fromDevice && !isDevice(source, bytes))) {
            return refuse(IllegalAddress, "copy of " + std::to_string(bytes) + " bytes: the device range was freed before");
        }
        std::memmove(target, source, bytes);
        return 0;
    });
    bool late = !toDevice && !isPinned(target, bytes) && !(stream && stream->capture);
    return queued || !late ? queued : drain(stream);
}

template <class T>
Result fill(void* target, T value, size_t count, Stream* stream) {
    if (!isDevice(target, count * sizeof(T)) || reinterpret_cast<uintptr_t>(target) % sizeof(T)) {
        return refuse(InvalidValue, "memset: the range of " + std::to_string(count * sizeof(T))
                                        + " bytes is not inside one allocation, or misaligned");
    }
    return enqueue(stream, [target, value, count] {
        for (size_t i = 0; i < count; i++) {
            static_cast<T*>(target)[i] = value;
        }
        return 0;
    });
}

Result allocate(uint64_t* result, size_t bytes) {
    QR_ALIVE;
    if (bytes == 0) {
        return refuse(InvalidValue, "an allocation of 0 bytes");
    }
    char* p = allocateDevice(bytes);
    if (!p) {
        char text[160];
        std::snprintf(text, sizeof text, "out of memory: %zu bytes asked for, %zu of %zu in use", bytes, deviceBytesInUse(),
                      settings().memoryBytes);
        return refuse(OutOfMemory, text);
    }
    *result = reinterpret_cast<uint64_t>(p);
    return Success;
}

Result release(uint64_t address) {
    char* p = reinterpret_cast<char*>(address);
    std::string damage = overwrittenNeighbour(p);
    if (!freeDevice(p)) {
        return refuse(InvalidValue, "free of an address that is no live allocation");
    }
    return damage.empty() ? Success : refuse(IllegalAddress, "free: a kernel " + damage);
}

}  // namespace
}  // namespace sim

using namespace sim;

QR_EXPORT Result cuInit(unsigned) {
    QR_LOCKED;
    if (settings().devices == 0) {
        return refuse(NoDevice, "no CUDA-capable device is detected");
    }
    loadUnits();
    initialised = true;
    return Success;
}

QR_EXPORT Result cuDriverGetVersion(int* version) {
    *version = settings().driverVersion;
    return Success;
}

QR_EXPORT Result cuGetErrorName(int code, const char** name) {
    const ErrorName* e = errorOf(code);
    *name = e ? e->name : nullptr;
    return e ? Success : InvalidValue;
}

QR_EXPORT Result cuGetErrorString(int code, const char** text) {
    QR_LOCKED;
    const ErrorName* e = errorOf(code);
    // A real driver knows only the general text; the simulator knows what happened.
    thread_local std::string detailed;
    detailed = !e ? "" : code != 0 && !lastError().empty() ? std::string(e->text) + ": " + lastError() : e->text;
    *text = e ? detailed.c_str() : nullptr;
    return e ? Success : InvalidValue;
}

QR_EXPORT Result cuDeviceGetCount(int* count) {
    *count = settings().devices;
    return initialised ? Success : NotInitialized;
}

QR_EXPORT Result cuDeviceGet(int* device, int ordinal) {
    if (ordinal < 0 || ordinal >= settings().devices) {
        return refuse(InvalidDevice, "device " + std::to_string(ordinal));
    }
    *device = ordinal;
    return Success;
}

QR_EXPORT Result cuDeviceGetName(char* name, int length, int) {
    std::snprintf(name, static_cast<size_t>(length), "%s", settings().name.c_str());
    return Success;
}

QR_EXPORT Result cuDeviceGetUuid_v2(void* uuid, int device) {
    std::memset(uuid, 0x51, 16);
    static_cast<char*>(uuid)[15] = static_cast<char>(device);
    return Success;
}

QR_EXPORT Result cuDeviceTotalMem_v2(size_t* bytes, int) {
    *bytes = settings().memoryBytes;
    return Success;
}

QR_EXPORT Result cuDeviceGetAttribute(int* value, int attribute, int) {
    const Settings& s = settings();
    int shared = static_cast<int>(s.sharedBytesPerBlock());
    switch (attribute) {
        case 1: *value = 1024; break;
        case 2: case 3: *value = 1024; break;
        case 4: *value = 64; break;
        case 5: *value = 2147483647; break;
        case 6: case 7: *value = 65535; break;
        case 8: *value = 48 << 10; break;
        case 10: *value = 32; break;
        case 12: case 82: *value = 65536; break;
        case 13: *value = 1000000; break;
        case 16: *value = s.multiprocessors; break;
        case 31: case 41: case 83: *value = 1; break;
        case 36: *value = 1000000; break;
        case 37: *value = 256; break;
        case 38: *value = 4 << 20; break;
        case 39: *value = s.major == 8 || s.major == 12 ? 1536 : 2048; break;
        case 40: *value = 1; break;
        case 75: *value = s.major; break;
        case 76: *value = s.minor; break;
        case 81: *value = shared + 1024; break;
        case 97: *value = shared; break;
        case 115: *value = 1; break;
        case 120: *value = 0; break;
        default: *value = 0;
    }
    return Success;
}

QR_EXPORT Result cuDevicePrimaryCtxRetain(void** context, int device) {
    QR_LOCKED;
    *context = reinterpret_cast<void*>(static_cast<intptr_t>(device) + 1);
    contexts++;
    return initialised ? Success : NotInitialized;
}

QR_EXPORT Result cuDevicePrimaryCtxRelease_v2(int) {
    QR_LOCKED;
    contexts--;
    return drainAll();
}

QR_EXPORT Result cuDevicePrimaryCtxGetState(int, unsigned* flags, int* active) {
    QR_LOCKED;
    *flags = 0;
    *active = contexts > 0;
    return Success;
}

QR_EXPORT Result cuCtxSetCurrent(void*) {
    return Success;
}

QR_EXPORT Result cuCtxGetCurrent(void** context) {
    *context = reinterpret_cast<void*>(intptr_t{1});
    return Success;
}

QR_EXPORT Result cuCtxSynchronize() {
    QR_LOCKED;
    QR_ALIVE;
    Result error = drainAll();
    trimPool();
    return error;
}

QR_EXPORT Result cuMemGetInfo_v2(size_t* freeBytes, size_t* totalBytes) {
    QR_LOCKED;
    QR_ALIVE;
    *totalBytes = settings().memoryBytes;
    *freeBytes = settings().memoryBytes - std::min(settings().memoryBytes, deviceBytesReserved());
    return Success;
}

QR_EXPORT Result cuDeviceGetDefaultMemPool(void** pool, int) {
    *pool = reinterpret_cast<void*>(intptr_t{1});
    return Success;
}

QR_EXPORT Result cuMemPoolGetAttribute(void*, int attribute, uint64_t* value) {
    QR_LOCKED;
    switch (attribute) {
        case 4: *value = 0; break;
        case 5: *value = deviceBytesReserved(); break;
        case 6: case 8: *value = deviceBytesPeak(); break;
        case 7: *value = deviceBytesInUse(); break;
        default: *value = 1;
    }
    return Success;
}

QR_EXPORT Result cuMemPoolTrimTo(void*, size_t) {
    QR_LOCKED;
    QR_ALIVE;
    trimPool();
    return Success;
}

QR_EXPORT Result cuMemAlloc_v2(uint64_t* result, size_t bytes) {
    QR_LOCKED;
    return allocate(result, bytes);
}

QR_EXPORT Result cuMemFree_v2(uint64_t address) {
    QR_LOCKED;
    QR_ALIVE;
    Result pending = drainAll();
    Result own = address ? release(address) : Success;
    trimPool();
    return pending ? pending : own;
}

QR_EXPORT Result cuMemAllocAsync(uint64_t* result, size_t bytes, Stream*) {
    QR_LOCKED;
    return allocate(result, bytes);
}

QR_EXPORT Result cuMemFreeAsync(uint64_t address, Stream* stream) {
    QR_LOCKED;
    QR_ALIVE;
    if (stream && stream->capture) {
        return Success;  // the graph keeps its memory for the next launch
    }
    return address ? enqueue(stream, [address] { return release(address); }) : Success;
}

QR_EXPORT Result cuMemHostAlloc(void** result, size_t bytes, unsigned) {
    QR_LOCKED;
    QR_ALIVE;
    bool fits = bytes + pinnedBytes() <= settings().pinnedBytes;
    *result = fits ? allocatePinned(bytes) : nullptr;
    return *result ? Success : refuse(OutOfMemory, "pinned memory");
}

QR_EXPORT Result cuMemFreeHost(void* p) {
    QR_LOCKED;
    QR_ALIVE;
    return freePinned(static_cast<char*>(p)) ? Success : refuse(InvalidValue, "free of host memory that was not allocated here");
}

QR_EXPORT Result cuMemcpyHtoDAsync_v2(uint64_t target, const void* source, size_t bytes, Stream* stream) {
    QR_LOCKED;
    return copy(reinterpret_cast<void*>(target), source, bytes, true, false, stream);
}

QR_EXPORT Result cuMemcpyDtoHAsync_v2(void* target, uint64_t source, size_t bytes, Stream* stream) {
    QR_LOCKED;
    return copy(target, reinterpret_cast<const void*>(source), bytes, false, true, stream);
}

QR_EXPORT Result cuMemcpyDtoDAsync_v2(uint64_t target, uint64_t source, size_t bytes, Stream* stream) {
    QR_LOCKED;
    return copy(reinterpret_cast<void*>(target), reinterpret_cast<const void*>(source), bytes, true, true, stream);
}

QR_EXPORT Result cuMemcpyHtoD_v2(uint64_t target, const void* source, size_t bytes) {
    QR_LOCKED;
    Result r = cuMemcpyHtoDAsync_v2(target, source, bytes, nullptr);
    return r ? r : drain(nullptr);
}

QR_EXPORT Result cuMemcpyDtoH_v2(void* target, uint64_t source, size_t bytes) {
    QR_LOCKED;
    Result r = cuMemcpyDtoHAsync_v2(target, source, bytes, nullptr);
    return r ? r : drain(nullptr);
}

QR_EXPORT Result cuMemsetD8Async(uint64_t target, unsigned char value, size_t count, Stream* stream) {
    QR_LOCKED;
    return fill<unsigned char>(reinterpret_cast<void*>(target), value, count, stream);
}

QR_EXPORT Result cuMemsetD32Async(uint64_t target, unsigned value, size_t count, Stream* stream) {
    QR_LOCKED;
    return fill<unsigned>(reinterpret_cast<void*>(target), value, count, stream);
}
