// Exports of the simulated driver: modules, launches, streams, events, graphs; and the sim_* functions for tests.
#include <dirent.h>
#include <dlfcn.h>

#include <algorithm>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <memory>

#include "driver.hpp"
#include "memory.hpp"
#include "settings.hpp"
#include "streams.hpp"

namespace sim {

uint64_t launches = 0;
uint64_t graphLaunches = 0;

namespace {

std::vector<const Unit*> loaded;

std::string ownFolder() {
    Dl_info info;
    std::string path = dladdr(reinterpret_cast<const void*>(&loadUnits), &info) && info.dli_fname ? info.dli_fname : ".";
    size_t slash = path.rfind('/');
    return slash == std::string::npos ? "." : path.substr(0, slash);
}

/// Arguments of one launch, copied: a graph or a late stream uses them after the caller's are gone.
struct Arguments {
    std::vector<uint64_t> storage;
    std::vector<void*> pointers;

    Arguments(const Entry& entry, void** given) {
        size_t words = 0;
        for (unsigned i = 0; i < entry.parameterCount; i++) {
            words += 2 * ((entry.parameters[i].bytes + 15) / 16) + 1;
        }
        storage.resize(words + 1);
        char* at = reinterpret_cast<char*>((reinterpret_cast<uintptr_t>(storage.data()) + 15) / 16 * 16);
        for (unsigned i = 0; i < entry.parameterCount; i++) {
            std::memcpy(at, given[i], entry.parameters[i].bytes);
            pointers.push_back(at);
            at += (entry.parameters[i].bytes + 15) / 16 * 16;
        }
    }
};

/// Empty, or which pointer argument is no device memory.
std::string wrongPointer(const Entry& entry, const Arguments& arguments) {
    for (unsigned i = 0; i < entry.parameterCount; i++) {
        if (!entry.parameters[i].pointer) {
            continue;
        }
        const void* p = *static_cast<void**>(arguments.pointers[i]);
        if (p && !allocationOf(p) && !isPinned(p, 1)) {
            return std::string("kernel ") + entry.name + ": argument " + std::to_string(i) + ": " + describeAddress(p);
        }
    }
    return "";
}

Result run(const Function& f, dim3 grid, dim3 block, size_t shared, const Arguments& arguments) {
    std::string wrong = wrongPointer(*f.entry, arguments);
    if (!wrong.empty()) {
        return refuse(IllegalAddress, wrong);
    }
    launches++;
    Result result = runGrid(*f.unit, *f.entry, grid, block, shared, const_cast<void**>(arguments.pointers.data()));
    for (unsigned i = 0; result == 0 && i < f.entry->parameterCount; i++) {
        if (f.entry->parameters[i].pointer) {
            std::string damage = overwrittenNeighbour(*static_cast<void**>(arguments.pointers[i]));
            if (!damage.empty()) {
                return refuse(IllegalAddress, std::string("kernel ") + f.entry->name + ": argument " + std::to_string(i) + ": " + damage);
            }
        }
    }
    return result;
}

Result checkShape(const Function& f, dim3 grid, dim3 block, size_t shared) {
    char text[200] = "";
    uint64_t threads = uint64_t{block.x} * block.y * block.z;
    if (threads == 0 || threads > 1024 || block.z > 64) {
        std::snprintf(text, sizeof text, "%s: a block of %u x %u x %u threads", f.entry->name, block.x, block.y, block.z);
    } else if (grid.x == 0 || grid.y == 0 || grid.z == 0 || grid.x > 2147483647u || grid.y > 65535 || grid.z > 65535) {
        std::snprintf(text, sizeof text, "%s: a grid of %u x %u x %u blocks", f.entry->name, grid.x, grid.y, grid.z);
    } else if (shared > f.allowedShared) {
        std::snprintf(text, sizeof text, "%s: %zu bytes of dynamic shared memory, %zu are allowed (cuFuncSetAttribute)", f.entry->name,
                      shared, f.allowedShared);
    }
    return *text ? refuse(InvalidValue, text) : Success;
}

}  // namespace

void loadUnits() {
    if (!loaded.empty()) {
        return;
    }
    std::string folder = ownFolder();
    DIR* dir = opendir(folder.c_str());
    std::vector<std::string> files;
    while (dirent* entry = dir ? readdir(dir) : nullptr) {
        std::string name = entry->d_name;
        if (name.size() > 11 && name.compare(name.size() - 11, 11, ".kernels.so") == 0) {
            files.push_back(folder + "/" + name);
        }
    }
    if (dir) {
        closedir(dir);
    }
    std::sort(files.begin(), files.end());
    for (const std::string& file : files) {
        void* library = dlopen(file.c_str(), RTLD_NOW | RTLD_LOCAL);
        const void* unit = library ? dlsym(library, "qr_sim_unit") : nullptr;
        if (unit) {
            loaded.push_back(static_cast<const Unit*>(unit));
        } else {
            std::fprintf(stderr, "simulator: %s: %s\n", file.c_str(), dlerror());
        }
    }
}

const std::vector<const Unit*>& units() {
    return loaded;
}

}  // namespace sim

using namespace sim;

QR_EXPORT Result cuModuleLoadData(void** module, const void* image) {
    // The kernels are compiled into the simulator; an image of machine code is accepted and not looked at.
    static int handle;
    *module = &handle;
    return image ? Success : refuse(InvalidImage, "no image");
}

QR_EXPORT Result cuModuleLoadDataEx(void** module, const void* image, unsigned, int*, void**) {
    return cuModuleLoadData(module, image);
}

QR_EXPORT Result cuModuleUnload(void*) {
    return Success;
}

QR_EXPORT Result cuModuleGetFunction(Function** function, void*, const char* name) {
    QR_LOCKED;
    for (const Unit* unit : units()) {
        for (unsigned i = 0; i < unit->count; i++) {
            if (std::strcmp(unit->entries[i].name, name) == 0) {
                // 48 KiB less what static shared memory may take where dynamic memory is aligned to 1,024 bytes.
                *function = new Function{unit, &unit->entries[i], size_t{47} << 10};
                return Success;
            }
        }
    }
    return refuse(NotFound, std::string("no kernel ") + name);
}

QR_EXPORT Result cuModuleGetGlobal_v2(uint64_t*, size_t*, void*, const char* name) {
    QR_LOCKED;
    return refuse(NotFound, std::string("the simulator has no global variables: ") + name);
}

QR_EXPORT Result cuFuncGetAttribute(int* value, int attribute, const Function* function) {
    switch (attribute) {
        case 0: *value = 1024; break;
        case 4: *value = 32; break;
        case 5: case 6: *value = settings().major * 10 + settings().minor; break;
        case 8: *value = static_cast<int>(function->allowedShared); break;
        default: *value = 0;
    }
    return Success;
}

QR_EXPORT Result cuFuncSetAttribute(Function* function, int attribute, int value) {
    QR_LOCKED;
    if (attribute == 8) {
        if (value < 0 || static_cast<size_t>(value) > settings().sharedBytesPerBlock()) {
            return refuse(InvalidValue, std::string(function->entry->name) + ": " + std::to_string(value)
                                            + " bytes of shared memory, the chip has "
                                            + std::to_string(settings().sharedBytesPerBlock()) + " for a block");
        }
        function->allowedShared = static_cast<size_t>(value);
    }
    return Success;
}

QR_EXPORT Result cuFuncGetParamInfo(const Function* function, size_t index, size_t* offset, size_t* bytes) {
    if (index >= function->entry->parameterCount) {
        return InvalidValue;
    }
    *offset = function->entry->parameters[index].offset;
    if (bytes) {
        *bytes = function->entry->parameters[index].bytes;
    }
    return Success;
}

QR_EXPORT Result cuOccupancyMaxActiveBlocksPerMultiprocessor(int* blocks, const Function*, int threads, size_t shared) {
    size_t perThreads = 1536 / static_cast<size_t>(std::max(threads, 1));
    size_t perShared = shared ? (settings().sharedBytesPerBlock() + 1024) / (shared + 1024) : 16;
    *blocks = static_cast<int>(std::min<size_t>({perThreads, perShared, 16}));
    return Success;
}

QR_EXPORT Result cuLaunchKernel(Function* function, unsigned gx, unsigned gy, unsigned gz, unsigned bx, unsigned by, unsigned bz,
                                unsigned sharedBytes, Stream* stream, void** arguments, void**) {
    QR_LOCKED;
    QR_ALIVE;
    dim3 grid{gx, gy, gz}, block{bx, by, bz};
    if (Result wrong = checkShape(*function, grid, block, sharedBytes)) {
        return wrong;
    }
    auto held = std::make_shared<Arguments>(*function->entry, arguments);
    Function copy = *function;
    return enqueue(stream, [copy, grid, block, sharedBytes, held] { return run(copy, grid, block, sharedBytes, *held); });
}

QR_EXPORT Result cuStreamCreateWithPriority(Stream** stream, unsigned flags, int) {
    QR_LOCKED;
    *stream = newStream(!(flags & 1));
    return Success;
}

QR_EXPORT Result cuStreamCreate(Stream** stream, unsigned flags) {
    return cuStreamCreateWithPriority(stream, flags, 0);
}

QR_EXPORT Result cuStreamDestroy_v2(Stream* stream) {
    QR_LOCKED;
    if (!isStream(stream)) {
        return refuse(InvalidHandle, "a stream that does not exist");
    }
    deleteStream(stream);
    return Success;
}

QR_EXPORT Result cuStreamSynchronize(Stream* stream) {
    QR_LOCKED;
    if (!isStream(stream)) {
        return refuse(InvalidHandle, "a stream that does not exist");
    }
    QR_ALIVE;
    if (stream && stream->capture) {
        return refuse(CaptureUnsupported, "synchronize while a graph is captured");
    }
    Result error = drain(stream);
    trimPool();
    return error;
}

QR_EXPORT Result cuStreamQuery(Stream* stream) {
    QR_LOCKED;
    // Asked once, it says that work is left, and does it: who polls makes progress.
    if (!isPending(stream)) {
        return Success;
    }
    Result error = drain(stream);
    return error ? error : NotReady;
}

QR_EXPORT Result cuStreamWaitEvent(Stream* stream, Event* event, unsigned) {
    QR_LOCKED;
    return waitFor(stream, *event);
}

QR_EXPORT Result cuStreamBeginCapture_v2(Stream* stream, int) {
    QR_LOCKED;
    if (!stream || stream->capture) {
        return refuse(CaptureUnsupported, "the default stream, or one that is capturing, cannot be captured");
    }
    stream->capture = std::make_shared<Recording>();
    stream->captureOrigin = true;
    return Success;
}

QR_EXPORT Result cuStreamEndCapture(Stream* stream, Graph** graph) {
    QR_LOCKED;
    if (!stream || !stream->capture || !stream->captureOrigin) {
        return refuse(CaptureUnsupported, "this stream does not capture");
    }
    *graph = new Graph{stream->capture};
    endCapture(*stream);
    return Success;
}

QR_EXPORT Result cuStreamIsCapturing(Stream* stream, int* status) {
    QR_LOCKED;
    *status = stream && stream->capture ? 1 : 0;
    return Success;
}

QR_EXPORT Result cuGraphInstantiateWithFlags(Graph** executable, Graph* graph, uint64_t) {
    QR_LOCKED;
    *executable = new Graph(*graph);
    return Success;
}

QR_EXPORT Result cuGraphGetNodes(Graph* graph, void*, size_t* count) {
    QR_LOCKED;
    *count = graph->recording->work.size();
    return Success;
}

QR_EXPORT Result cuGraphLaunch(Graph* executable, Stream* stream) {
    QR_LOCKED;
    QR_ALIVE;
    graphLaunches++;
    auto recording = executable->recording;
    return enqueue(stream, [recording] {
        for (const Work& work : recording->work) {
            if (int error = work()) {
                return error;
            }
        }
        return 0;
    });
}

QR_EXPORT Result cuGraphExecDestroy(Graph* executable) {
    QR_LOCKED;
    delete executable;
    return Success;
}

QR_EXPORT Result cuGraphDestroy(Graph* graph) {
    QR_LOCKED;
    delete graph;
    return Success;
}

QR_EXPORT Result cuEventCreate(Event** event, unsigned) {
    QR_LOCKED;
    *event = new Event();
    return Success;
}

QR_EXPORT Result cuEventDestroy_v2(Event* event) {
    QR_LOCKED;
    Result error = event->capture ? Success : synchronize(*event);
    retire(event);
    return error;
}

QR_EXPORT Result cuEventRecord(Event* event, Stream* stream) {
    QR_LOCKED;
    QR_ALIVE;
    return record(*event, stream);
}

QR_EXPORT Result cuEventSynchronize(Event* event) {
    QR_LOCKED;
    return synchronize(*event);
}

QR_EXPORT Result cuEventQuery(Event* event) {
    QR_LOCKED;
    QR_ALIVE;
    if (event->completed == event->recorded) {
        return Success;
    }
    Result error = synchronize(*event);
    return error ? error : NotReady;
}

QR_EXPORT Result cuEventElapsedTime(float* milliseconds, Event* from, Event* to) {
    QR_LOCKED;
    if (!from->recorded || !to->recorded) {
        return refuse(InvalidHandle, "an event that was never recorded");
    }
    *milliseconds = std::chrono::duration<float, std::milli>(to->time - from->time).count();
    return Success;
}

QR_EXPORT Result cuEventElapsedTime_v2(float* milliseconds, Event* from, Event* to) {
    return cuEventElapsedTime(milliseconds, from, to);
}

/// Changes the device; null or 0 keeps what is set. To be called between tests, not while work runs.
QR_EXPORT void sim_configure(const char* name, int major, int minor, uint64_t memoryBytes) {
    QR_LOCKED;
    Settings& s = settings();
    s.name = name && *name ? name : s.name;
    if (major) {
        s.major = major;
        s.minor = minor;
    }
    s.memoryBytes = memoryBytes ? memoryBytes : s.memoryBytes;
    s.pinnedBytes = size_t{8} << 30;
    s.lost = 0;
}

/// Loses the context: what a fault of a kernel does on a GPU. Until the device is configured anew all calls return `code`.
QR_EXPORT void sim_lose_context(int code) {
    QR_LOCKED;
    settings().lost = code;
}

/// Most that may be pinned; configuring the device puts it back.
QR_EXPORT void sim_set_pinned_limit(uint64_t bytes) {
    QR_LOCKED;
    settings().pinnedBytes = bytes;
}

/// Bytes that copies have moved so far: 0 to the device, 1 from it, 2 within it.
QR_EXPORT uint64_t sim_copied(int direction) {
    QR_LOCKED;
    return direction == 0 ? copied.up : direction == 1 ? copied.down : copied.within;
}

/// Bytes of the host that are pinned.
QR_EXPORT uint64_t sim_pinned_bytes() {
    QR_LOCKED;
    return pinnedBytes();
}

/// Number of graphs launched so far.
QR_EXPORT uint64_t sim_graph_launches() {
    QR_LOCKED;
    return graphLaunches;
}

/// Order in which threads run: 0 is their own.
QR_EXPORT void sim_set_seed(uint32_t seed) {
    QR_LOCKED;
    settings().seed = seed;
}

/// Whether streams do their work only when somebody waits for it.
QR_EXPORT void sim_set_lazy_streams(int lazy) {
    QR_LOCKED;
    drainAll();
    settings().lazyStreams = lazy != 0;
}

/// Number of kernels run so far.
QR_EXPORT uint64_t sim_launches() {
    QR_LOCKED;
    return launches;
}

/// Number of live device allocations: 0 when nothing leaks.
QR_EXPORT uint64_t sim_allocations() {
    QR_LOCKED;
    return deviceAllocations();
}

/// Text of the newest failure; valid until the next.
QR_EXPORT const char* sim_last_error() {
    QR_LOCKED;
    return lastError().c_str();
}

/// Names of the kernels that exist, one a line.
QR_EXPORT const char* sim_kernels() {
    QR_LOCKED;
    static std::string names;
    names.clear();
    for (const Unit* unit : units()) {
        for (unsigned i = 0; i < unit->count; i++) {
            names += std::string(unit->entries[i].name) + "\n";
        }
    }
    return names.c_str();
}
