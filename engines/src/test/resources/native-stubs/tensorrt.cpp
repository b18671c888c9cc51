// A library in the place of libnvinfer.so.10 and, with -DPARSER, of libnvonnxparser.so.10 (TensorRT 10.15): what JavaCPP's
// own machine code calls of them, with the objects and virtual tables that it expects. Nothing is computed; every call is
// written to a file, and each of them fails when it is told to.
//
// With -DNETWORK and network.cpp before it, graphs are those of NVIDIA's own parser (OnnxParserTest).
//
// $QUANTREEL_STAND_IN/trace: a line per call, "made KIND N" and "deleted KIND N" for objects.
// $QUANTREEL_STAND_IN/refuse: lines "FUNCTION" (fails, with an error in the log), "FUNCTION small" (returns a number as small
// as 10.15 does without a device), "FUNCTION warn" (logs an error and goes on).
//
// Layout: an interface of NvInfer.h is a virtual table with its destructor in slots 0 and 1, then a pointer to its
// implementation, whose table has the functions; IParser and IParserRefitter have theirs themselves. The slots below were read
// off the calls in libjninvinfer.so of org.bytedeco:tensorrt 10.15-1.5.13: a wrong one shows as another function in the trace.
#include <cstdarg>
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <cstring>

void* operator new(size_t bytes) { return calloc(1, bytes); }
void operator delete(void* p) noexcept { free(p); }
void operator delete(void* p, size_t) noexcept { free(p); }

namespace {

const char* path(const char* name) {
    static char text[4096];
    snprintf(text, sizeof text, "%s/%s", getenv("QUANTREEL_STAND_IN"), name);
    return text;
}

void trace(const char* format, ...) {
    FILE* file = fopen(path("trace"), "a");
    va_list values;
    va_start(values, format);
    vfprintf(file, format, values);
    va_end(values);
    fputc('\n', file);
    fclose(file);
}

// What `refuse` has for a function: nothing, "", "small" or "warn".
const char* order(const char* function) {
    static char line[512];
    FILE* file = fopen(path("refuse"), "r");
    const char* found = nullptr;
    size_t length = strlen(function);
    while (file && !found && fgets(line, sizeof line, file)) {
        line[strcspn(line, "\n")] = 0;
        if (!strncmp(line, function, length) && (line[length] == 0 || line[length] == ' ')) {
            found = line[length] ? line + length + 1 : "";
        }
    }
    if (file) fclose(file);
    return found;
}

struct Logger { // ILogger
    virtual void log(int severity, const char* text) noexcept;
};
Logger* logger;

// Whether a function fails now.
bool fails(const char* function) {
    const char* how = order(function);
    if (!how) return false;
    if (logger && strcmp(how, "small")) {
        char text[256];
        snprintf(text, sizeof text, "%s was told to fail", function);
        logger->log(1, text);
    }
    return strcmp(how, "warn") != 0;
}

int objects;

// An object of the library.
struct Object {
    virtual ~Object() { trace("deleted %s %d", kind, number); }
    struct Implementation* implementation;
    const char* kind;
    int number;
};

// Behind it: a table of functions that take this as their first argument.
struct Implementation {
    void** table;
    const char* text;
};

void unknown() {
    trace("a function that the stand-in does not have");
    _Exit(3);
}

template <typename F>
void put(Implementation* it, int slot, F function) {
    it->table[slot] = reinterpret_cast<void*>(+function);
}

Object* made(const char* kind) {
    Object* object = new Object();
    object->kind = kind;
    object->number = ++objects;
    object->implementation = new Implementation();
    object->implementation->table = static_cast<void**>(calloc(96, sizeof(void*)));
    for (int slot = 0; slot < 96; slot++) object->implementation->table[slot] = reinterpret_cast<void*>(unknown);
    trace("made %s %d", kind, object->number);
    return object;
}

// Null or a small number where a function is told to fail.
bool refused(const char* function, void** result) {
    const char* how = order(function);
    if (!fails(function)) return false;
    *result = how && !strcmp(order(function), "small") ? reinterpret_cast<void*>(0x238) : nullptr;
    return true;
}

} // namespace

#ifdef PARSER

namespace {

struct Error { // IParserError
    virtual int code() const { return 8; }
    virtual const char* desc() const { return "no such thing"; }
    virtual const char* file() const { return "f"; }
    virtual int line() const { return 1; }
    virtual const char* func() const { return "g"; }
    virtual int node() const { return 7; }
    virtual const char* nodeName() const { return "/blocks.0/MatMul"; }
    virtual const char* nodeOperator() const { return "MatMul"; }
};
Error error;

void* errorAt(const char* function, int index) {
    trace("%s %d", function, index);
    return &error;
}

struct Parser { // IParser
    int number = ++objects;
    virtual bool parse(const void*, size_t, const char*) { unknown(); return false; }
    virtual bool parseFromFile(const char* file, int verbosity) {
        trace("IParser.parseFromFile %s %d", strrchr(file, '/') + 1, verbosity);
        return !fails("IParser.parseFromFile");
    }
    virtual bool supportsModel() { unknown(); return false; }
    virtual bool parseWithWeightDescriptors() { unknown(); return false; }
    virtual bool supportsOperator() { unknown(); return false; }
    virtual int getNbErrors() { return 2; }
    virtual void* getError(int index) { return errorAt("IParser.getError", index); }
    virtual void clearErrors() { unknown(); }
    virtual ~Parser() { trace("deleted IParser %d", number); }
    virtual void* getUsedVCPluginLibraries() { unknown(); return nullptr; }
};

struct Refitter { // IParserRefitter
    int number = ++objects;
    virtual bool refitFromBytes() { unknown(); return false; }
    virtual bool refitFromFile(const char* file) {
        trace("IParserRefitter.refitFromFile %s", strrchr(file, '/') + 1);
        return !fails("IParserRefitter.refitFromFile");
    }
    virtual int getNbErrors() { return 1; }
    virtual void* getError(int index) { return errorAt("IParserRefitter.getError", index); }
    virtual void clearErrors() { unknown(); }
    virtual ~Refitter() { trace("deleted IParserRefitter %d", number); }
};

} // namespace

extern "C" {
void* createNvOnnxParser_INTERNAL(void* network, void* log, int) {
    logger = static_cast<Logger*>(log);
    void* no;
    trace("createParser of %s", static_cast<Object*>(network)->kind);
    if (refused("createParser", &no)) return no;
    Parser* parser = new Parser();
    trace("made IParser %d", parser->number);
    return parser;
}
void* createNvOnnxParserRefitter_INTERNAL(void* refitter, void* log, int) {
    logger = static_cast<Logger*>(log);
    void* no;
    trace("createParserRefitter of %s", static_cast<Object*>(refitter)->kind);
    if (refused("createParserRefitter", &no)) return no;
    Refitter* parser = new Refitter();
    trace("made IParserRefitter %d", parser->number);
    return parser;
}
int getNvOnnxParserVersion() { return 100; }
}

#else

namespace {

using Impl = Implementation*;

struct Dims {
    int32_t count;
    int64_t extents[8];
};

const char* text(const Dims& dims) {
    static char result[256];
    int at = 0;
    for (int i = 0; i < dims.count; i++) {
        at += snprintf(result + at, sizeof result - at, "%s%lld", i ? "x" : "", (long long) dims.extents[i]);
    }
    return result;
}

Object* hostMemory(const char* content) {
    Object* memory = made("IHostMemory");
    memory->implementation->text = content;
    put(memory->implementation, 2, [](Impl it) -> const void* { return it->text; });
    put(memory->implementation, 3, [](Impl it) -> size_t { return strlen(it->text); });
    return memory;
}

Object* timingCache() {
    Object* cache = made("ITimingCache");
    put(cache->implementation, 2, [](Impl) -> Object* {
        trace("ITimingCache.serialize");
        void* no;
        return refused("ITimingCache.serialize", &no) ? static_cast<Object*>(no) : hostMemory("times");
    });
    put(cache->implementation, 3, [](Impl, Object* other, bool ignoreMismatch) -> bool {
        trace("ITimingCache.combine %s %d", other->kind, ignoreMismatch);
        return !fails("ITimingCache.combine");
    });
    return cache;
}

Object* config() {
    Object* config = made("IBuilderConfig");
    Impl it = config->implementation;
    put(it, 11, [](Impl, int flag) { trace("IBuilderConfig.setFlag %d", flag); });
    put(it, 25, [](Impl, Object* profile) -> int {
        trace("IBuilderConfig.addOptimizationProfile %s", profile->kind);
        return fails("IBuilderConfig.addOptimizationProfile") ? -1 : 0;
    });
    put(it, 27, [](Impl, int verbosity) { trace("IBuilderConfig.setProfilingVerbosity %d", verbosity); });
    put(it, 40, [](Impl, const char* bytes, size_t count) -> Object* {
        trace("IBuilderConfig.createTimingCache %.*s", (int) count, bytes ? bytes : "");
        void* no;
        if (count > 0 && refused("IBuilderConfig.createTimingCache", &no)) return static_cast<Object*>(no);
        return timingCache();
    });
    put(it, 41, [](Impl, Object* cache, bool ignoreMismatch) -> bool {
        trace("IBuilderConfig.setTimingCache %d %d", cache->number, ignoreMismatch);
        static int refusals;
        return !fails("IBuilderConfig.setTimingCache") || refusals++ % 2;
    });
    put(it, 43, [](Impl, int pool, size_t bytes) { trace("IBuilderConfig.setMemoryPoolLimit %d %zu", pool, bytes); });
    put(it, 47, [](Impl, int level) { trace("IBuilderConfig.setBuilderOptimizationLevel %d", level); });
    return config;
}

Object* profile() {
    // Belongs to the builder: nobody deletes it.
    Object* profile = made("IOptimizationProfile");
    Impl it = profile->implementation;
    put(it, 2, [](Impl, const char* input, int which, const Dims& dims) -> bool {
        trace("IOptimizationProfile.setDimensions %s %d %s", input, which, text(dims));
        return !fails("IOptimizationProfile.setDimensions");
    });
    put(it, 9, [](Impl) -> bool { return !fails("IOptimizationProfile.isValid"); });
    put(it, 10, [](Impl, const char* input, int which, const int64_t* values, int count) -> bool {
        Dims dims = {count, {}};
        for (int i = 0; i < count; i++) dims.extents[i] = values[i];
        trace("IOptimizationProfile.setShapeValuesV2 %s %d %s", input, which, text(dims));
        return !fails("IOptimizationProfile.setShapeValuesV2");
    });
    return profile;
}

Object* builder() {
    Object* builder = made("IBuilder");
    Impl it = builder->implementation;
    put(it, 7, [](Impl) -> Object* {
        void* no;
        return refused("IBuilder.createBuilderConfig", &no) ? static_cast<Object*>(no) : config();
    });
    put(it, 8, [](Impl, uint32_t flags) -> Object* {
        trace("IBuilder.createNetworkV2 %u", flags);
        void* no;
#ifdef NETWORK
        return reinterpret_cast<Object*>(networks::make());
#endif
        return refused("IBuilder.createNetworkV2", &no) ? static_cast<Object*>(no) : made("INetworkDefinition");
    });
    put(it, 9, [](Impl) -> Object* {
        void* no;
        return refused("IBuilder.createOptimizationProfile", &no) ? static_cast<Object*>(no) : profile();
    });
    put(it, 14, [](Impl, Object* network, Object* config) -> Object* {
        void* no;
#ifdef NETWORK
        networks::check();
        trace("network of %zu layers, %zu inputs, %zu outputs, %d refused", networks::layers.size(),
            networks::graphInputs.size(), networks::graphOutputs.size(), networks::refusals);
        return hostMemory("plan");
#endif
        trace("IBuilder.buildSerializedNetwork %s %s", network->kind, config->kind);
        return refused("IBuilder.buildSerializedNetwork", &no) ? static_cast<Object*>(no) : hostMemory("plan");
    });
    return builder;
}

Object* context() {
    Object* context = made("IExecutionContext");
    Impl it = context->implementation;
    put(it, 21, [](Impl, const char* tensor, const Dims& dims) -> bool {
        trace("IExecutionContext.setInputShape %s %s", tensor, text(dims));
        return !fails("IExecutionContext.setInputShape");
    });
    put(it, 22, [](Impl, const char* tensor) -> Dims {
        trace("IExecutionContext.getTensorShape %s", tensor);
        return {2, {fails("IExecutionContext.getTensorShape") ? -1 : 6, 4}};
    });
    put(it, 24, [](Impl, const char* tensor, void* address) -> bool {
        trace("IExecutionContext.setTensorAddress %s %p", tensor, address);
        return !fails("IExecutionContext.setTensorAddress");
    });
    put(it, 37, [](Impl, void* stream) -> bool {
        trace("IExecutionContext.enqueueV3 %p", stream);
        return !fails("IExecutionContext.enqueueV3");
    });
    put(it, 48, [](Impl) -> size_t {
        trace("IExecutionContext.updateDeviceMemorySizeForShapes");
        return 5000;
    });
    put(it, 49, [](Impl, void* memory, int64_t bytes) {
        trace("IExecutionContext.setDeviceMemoryV2 %p %lld", memory, (long long) bytes);
    });
    return context;
}

Object* inspector() {
    Object* inspector = made("IEngineInspector");
    put(inspector->implementation, 6, [](Impl, int format) -> const char* {
        trace("IEngineInspector.getEngineInformation %d", format);
        return fails("IEngineInspector.getEngineInformation")
            ? nullptr
            : "{\"Layers\": [{\"Name\": \"gemm\", \"Metadata\": \"[ONNX Layer: p]\","
              " \"Inputs\": [{\"Format/Datatype\": \"Int8\"}]}]}";
    });
    return inspector;
}

int64_t budget;

Object* engine() {
    Object* engine = made("ICudaEngine");
    Impl it = engine->implementation;
    put(it, 5, [](Impl, int strategy) -> Object* {
        trace("ICudaEngine.createExecutionContext %d", strategy);
        void* no;
        return refused("ICudaEngine.createExecutionContext", &no) ? static_cast<Object*>(no) : context();
    });
    put(it, 18, [](Impl) -> Object* {
        void* no;
        return refused("ICudaEngine.createEngineInspector", &no) ? static_cast<Object*>(no) : inspector();
    });
    put(it, 21, [](Impl, const char* tensor) -> int { return strcmp(tensor, "grid") ? 0 : 1; });
    put(it, 30, [](Impl) -> int { return 3; });
    put(it, 31, [](Impl, int index) -> const char* { return index == 0 ? "x" : index == 1 ? "grid" : "y"; });
    put(it, 46, [](Impl) -> int64_t { return 9000; });
    put(it, 48, [](Impl, int64_t bytes) -> bool {
        trace("ICudaEngine.setWeightStreamingBudgetV2 %lld", (long long) bytes);
        budget = bytes;
        return !fails("ICudaEngine.setWeightStreamingBudgetV2");
    });
    put(it, 49, [](Impl) -> int64_t { return budget; });
    put(it, 50, [](Impl) -> int64_t { return 7000; });
    put(it, 53, [](Impl, int profile) -> int64_t { return profile == 0 ? 3000 : -1; });
    return engine;
}

Object* refitter() {
    Object* refitter = made("IRefitter");
    Impl it = refitter->implementation;
    put(it, 4, [](Impl) -> bool {
        trace("IRefitter.refitCudaEngine");
        return !fails("IRefitter.refitCudaEngine");
    });
    put(it, 14, [](Impl, int size, const char** names) -> int {
        trace("IRefitter.getMissingWeights %d", size);
        static char text[8][16];
        for (int i = 0; names && i < size; i++) {
            snprintf(text[i], sizeof text[i], "w%d", i);
            names[i] = text[i];
        }
        return order("IRefitter.getMissingWeights") ? 7 : 0;
    });
    return refitter;
}

} // namespace

extern "C" {
void* createInferBuilder_INTERNAL(void* log, int version) {
    logger = static_cast<Logger*>(log);
    trace("createInferBuilder %d", version);
    void* no;
    return refused("createInferBuilder", &no) ? no : builder();
}
void* createInferRuntime_INTERNAL(void* log, int) {
    logger = static_cast<Logger*>(log);
    trace("createInferRuntime");
    void* no;
    if (refused("createInferRuntime", &no)) return no;
    Object* runtime = made("IRuntime");
    put(runtime->implementation, 3, [](Impl, const char* plan, size_t bytes) -> Object* {
        trace("IRuntime.deserializeCudaEngine %.*s", (int) bytes, plan);
        void* no;
        return refused("IRuntime.deserializeCudaEngine", &no) ? static_cast<Object*>(no) : engine();
    });
    return runtime;
}
void* createInferRefitter_INTERNAL(void* engine, void* log, int) {
    logger = static_cast<Logger*>(log);
    trace("createInferRefitter of %s", static_cast<Object*>(engine)->kind);
    void* no;
    return refused("createInferRefitter", &no) ? no : refitter();
}
int getInferLibVersion() { return 101501; }
}

#endif
