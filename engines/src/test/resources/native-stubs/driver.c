/* A library in the shape of libcuda for tests of the binding: device memory is host memory, work runs when it is queued.
 *
 * Strict where the real driver is: a call without a current context, a wrong handle, freed memory or an unknown attribute is
 * an error. Compiled with -DMEMORY_BYTES=..., -DPOOLS=0|1. The "module" is the text KERNELS; its kernels are C functions.
 * For detection: -DVERSION=..., -DINIT_CODE=... (what cuInit returns), -DABORT, -DCRASH, -DHANG (what it does instead),
 * -DCONTEXT_CODE=... (what opening a context returns), -DCHIP=89. */
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#ifndef MEMORY_BYTES
#define MEMORY_BYTES (64 << 20)
#endif
#ifndef POOLS
#define POOLS 1
#endif

typedef int CUresult;
enum { OK = 0, INVALID = 1, NO_MEMORY = 2, NOT_INITIALIZED = 3, NO_CONTEXT = 201, NO_IMAGE = 200, HANDLE = 400,
       NOT_FOUND = 500, NOT_READY = 600, ILLEGAL_ADDRESS = 700, CAPTURE_ILLEGAL = 900 };

#ifndef VERSION
#define VERSION 13000
#endif
#ifndef INIT_CODE
#define INIT_CODE 0
#endif
#ifndef CONTEXT_CODE
#define CONTEXT_CODE 0
#endif
#ifndef CHIP
#define CHIP 90
#endif
#include <stdio.h>
#include <unistd.h>

#define CONTEXT ((void *)0x1234)
#define POOL ((void *)0x5678)
static int initialized, retained;
static _Thread_local void *current;
static size_t used, high, kept;
#define NEED_CONTEXT if (current != CONTEXT) return NO_CONTEXT

CUresult cuInit(unsigned flags) {
#ifdef ABORT
    fprintf(stderr, "terminate called after throwing an instance of 'nv::Panic'\n");
    abort();
#endif
#ifdef CRASH
    *(volatile int *)8 = 1;
#endif
#ifdef HANG
    printf("waiting for the kernel module "); fflush(stdout);
    for (;;) pause();
#endif
    initialized = 1; return flags ? INVALID : INIT_CODE;
}
CUresult cuDriverGetVersion(int *version) { *version = VERSION; return OK; }

CUresult cuGetErrorName(CUresult code, const char **text) {
    switch (code) {
        case INVALID: *text = "CUDA_ERROR_INVALID_VALUE"; return OK;
        case NO_MEMORY: *text = "CUDA_ERROR_OUT_OF_MEMORY"; return OK;
        case 34: *text = "CUDA_ERROR_STUB_LIBRARY"; return OK;
        case 46: *text = "CUDA_ERROR_DEVICE_UNAVAILABLE"; return OK;
        case 100: *text = "CUDA_ERROR_NO_DEVICE"; return OK;
        case 803: *text = "CUDA_ERROR_SYSTEM_DRIVER_MISMATCH"; return OK;
        case NO_CONTEXT: *text = "CUDA_ERROR_INVALID_CONTEXT"; return OK;
        case NO_IMAGE: *text = "CUDA_ERROR_INVALID_IMAGE"; return OK;
        case HANDLE: *text = "CUDA_ERROR_INVALID_HANDLE"; return OK;
        case NOT_FOUND: *text = "CUDA_ERROR_NOT_FOUND"; return OK;
        case ILLEGAL_ADDRESS: *text = "CUDA_ERROR_ILLEGAL_ADDRESS"; return OK;
        default: *text = 0; return INVALID;
    }
}
CUresult cuGetErrorString(CUresult code, const char **text) {
    if (cuGetErrorName(code, text)) return INVALID;
    *text = code == NO_MEMORY ? "out of memory" : code == NOT_FOUND ? "named symbol not found" : "stub";
    return OK;
}

CUresult cuDeviceGetCount(int *count) { *count = 2; return initialized ? OK : NOT_INITIALIZED; }
CUresult cuDeviceGet(int *device, int index) { *device = 70 + index; return OK; }
CUresult cuDeviceGetName(char *name, int bytes, int device) { strncpy(name, device == 70 ? "Stub A" : "Stub B", bytes); return OK; }
CUresult cuDeviceTotalMem_v2(size_t *bytes, int device) { *bytes = MEMORY_BYTES; return device < 70 ? INVALID : OK; }
CUresult cuDeviceGetAttribute(int *value, int attribute, int device) {
    if (device < 70) return INVALID;
    switch (attribute) {
        case 16: *value = 132; return OK;
        case 75: *value = CHIP / 10; return OK;
        case 76: *value = CHIP % 10; return OK;
        case 97: *value = 232448; return OK;
        case 115: *value = POOLS; return OK;
        default: return INVALID;
    }
}
CUresult cuDeviceGetUuid_v2(unsigned char *uuid, int device) {
    for (int i = 0; i < 16; i++) uuid[i] = i * 16 + device;
    return OK;
}
CUresult cuDevicePrimaryCtxRetain(void **context, int device) { retained++; *context = CONTEXT; return CONTEXT_CODE; }
CUresult cuDevicePrimaryCtxGetState(int device, unsigned *flags, int *active) { *flags = 0; *active = retained > 0; return OK; }
CUresult cuDevicePrimaryCtxRelease_v2(int device) { return --retained < 0 ? INVALID : OK; }
CUresult cuCtxSetCurrent(void *context) { current = context; return OK; }

CUresult cuMemGetInfo_v2(size_t *free_bytes, size_t *total) {
    NEED_CONTEXT;
    *free_bytes = MEMORY_BYTES - used - kept; *total = MEMORY_BYTES; return OK;
}

/* Every allocation has its size in front; freed memory counts as kept until the pool is trimmed or a stream waited for. */
static CUresult take(void **pointer, size_t bytes) {
    NEED_CONTEXT;
    if (used + kept + bytes > MEMORY_BYTES) return NO_MEMORY;
    size_t *block = malloc(bytes + 64);
    *block = bytes; *pointer = (char *)block + 64;
    used += bytes; if (used > high) high = used;
    return OK;
}
static CUresult give(void *pointer) {
    NEED_CONTEXT;
    size_t *block = (size_t *)((char *)pointer - 64);
    used -= *block; if (POOLS) kept += *block;
    free(block);
    return OK;
}
/* ---- streams: handles are small blocks that say what they are ---- */
struct stream { uint32_t kind, flags; int priority, capturing, recorded; };
#define STREAM 0x57524541u
static CUresult checked(struct stream *s) { NEED_CONTEXT; return !s || s->kind == STREAM ? OK : HANDLE; }
#define NEED_STREAM(s) do { CUresult c_ = checked(s); if (c_) return c_; } while (0)
#define RECORDED(s) if ((s) && (s)->capturing) { (s)->recorded++; return OK; }

CUresult cuMemAllocAsync(void **pointer, size_t bytes, struct stream *s) { NEED_STREAM(s); return POOLS ? take(pointer, bytes) : INVALID; }
CUresult cuMemFreeAsync(void *pointer, struct stream *s) { NEED_STREAM(s); return POOLS ? give(pointer) : INVALID; }
CUresult cuMemAlloc_v2(void **pointer, size_t bytes) { return POOLS ? INVALID : take(pointer, bytes); }
CUresult cuMemFree_v2(void *pointer) { return POOLS ? INVALID : give(pointer); }
CUresult cuDeviceGetDefaultMemPool(void **pool, int device) { *pool = POOL; return POOLS && device >= 70 ? OK : INVALID; }
CUresult cuMemPoolGetAttribute(void *pool, int attribute, void *value) {
    if (pool != POOL) return INVALID;
    switch (attribute) {
        case 5: *(uint64_t *)value = used + kept; return OK;
        case 7: *(uint64_t *)value = used; return OK;
        case 8: *(uint64_t *)value = high; return OK;
        default: return INVALID;
    }
}
CUresult cuMemPoolTrimTo(void *pool, size_t bytes) { kept = bytes; return pool == POOL ? OK : INVALID; }
CUresult cuMemHostAlloc(void **pointer, size_t bytes, unsigned flags) {
    NEED_CONTEXT;
    if (bytes > MEMORY_BYTES) return NO_MEMORY;
    *pointer = malloc(bytes); return flags == 1 ? OK : INVALID;
}
CUresult cuMemFreeHost(void *pointer) { NEED_CONTEXT; free(pointer); return OK; }

CUresult cuMemcpyHtoDAsync_v2(void *to, const void *from, size_t bytes, struct stream *s) { NEED_STREAM(s); RECORDED(s); memcpy(to, from, bytes); return OK; }
CUresult cuMemcpyDtoHAsync_v2(void *to, const void *from, size_t bytes, struct stream *s) { NEED_STREAM(s); RECORDED(s); memcpy(to, from, bytes); return OK; }
CUresult cuMemcpyDtoDAsync_v2(void *to, const void *from, size_t bytes, struct stream *s) { NEED_STREAM(s); RECORDED(s); memmove(to, from, bytes); return OK; }
CUresult cuMemsetD8Async(void *to, unsigned char value, size_t count, struct stream *s) { NEED_STREAM(s); RECORDED(s); memset(to, value, count); return OK; }
CUresult cuMemsetD32Async(uint32_t *to, unsigned value, size_t count, struct stream *s) {
    NEED_STREAM(s); RECORDED(s);
    while (count--) *to++ = value;
    return OK;
}

CUresult cuStreamCreateWithPriority(struct stream **stream, unsigned flags, int priority) {
    NEED_CONTEXT;
    struct stream *s = calloc(1, sizeof *s);
    s->kind = STREAM; s->flags = flags; s->priority = priority; *stream = s;
    return flags == 1 ? OK : INVALID;
}
CUresult cuStreamDestroy_v2(struct stream *s) { NEED_STREAM(s); if (!s) return HANDLE; s->kind = 0; return OK; }
static CUresult pending;
CUresult cuStreamSynchronize(struct stream *s) { NEED_STREAM(s); if (s && s->capturing) return CAPTURE_ILLEGAL; kept = 0; return pending; }
CUresult cuCtxSynchronize(void) { NEED_CONTEXT; kept = 0; return pending; }
CUresult cuStreamQuery(struct stream *s) { NEED_STREAM(s); return s && s->priority == -5 ? NOT_READY : pending; }

/* ---- events: the clock is the number of marks so far ---- */
struct event { uint32_t kind; int mark; };
#define EVENT 0x45564e54u
static int marks;
#define NEED_EVENT(e) if ((e)->kind != EVENT) return HANDLE
CUresult cuEventCreate(struct event **event, unsigned flags) {
    NEED_CONTEXT;
    *event = calloc(1, sizeof **event); (*event)->kind = EVENT; (*event)->mark = -1; return flags ? INVALID : OK;
}
CUresult cuEventDestroy_v2(struct event *e) { NEED_EVENT(e); e->kind = 0; return OK; }
CUresult cuEventRecord(struct event *e, struct stream *s) { NEED_EVENT(e); NEED_STREAM(s); e->mark = marks++; return OK; }
CUresult cuEventSynchronize(struct event *e) { NEED_EVENT(e); return OK; }
CUresult cuEventQuery(struct event *e) { NEED_EVENT(e); return e->mark < 0 ? NOT_READY : OK; }
CUresult cuEventElapsedTime(float *millis, struct event *from, struct event *to) {
    NEED_EVENT(from); NEED_EVENT(to);
    *millis = 0.5f * (to->mark - from->mark); return OK;
}
CUresult cuStreamWaitEvent(struct stream *s, struct event *e, unsigned flags) { NEED_STREAM(s); NEED_EVENT(e); return flags ? INVALID : OK; }

/* ---- capture: counts what it sees, a launch of the graph adds the count to `replayed` ---- */
struct graph { int nodes; };
static uint32_t replayed;
CUresult cuStreamBeginCapture_v2(struct stream *s, int mode) {
    NEED_STREAM(s);
    if (!s || mode != 1 || s->capturing) return CAPTURE_ILLEGAL;
    s->capturing = 1; s->recorded = 0; return OK;
}
CUresult cuStreamEndCapture(struct stream *s, struct graph **graph) {
    NEED_STREAM(s);
    if (!s->capturing) return CAPTURE_ILLEGAL;
    s->capturing = 0; *graph = malloc(sizeof **graph); (*graph)->nodes = s->recorded; return OK;
}
CUresult cuGraphInstantiateWithFlags(struct graph **executable, struct graph *graph, uint64_t flags) { *executable = graph; return flags ? INVALID : OK; }
CUresult cuGraphGetNodes(struct graph *graph, void *nodes, size_t *count) { *count = graph->nodes; return nodes ? INVALID : OK; }
CUresult cuGraphLaunch(struct graph *graph, struct stream *s) { NEED_STREAM(s); replayed += graph->nodes; return OK; }
CUresult cuGraphExecDestroy(struct graph *graph) { return OK; }
CUresult cuGraphDestroy(struct graph *graph) { free(graph); return OK; }

/* ---- modules ---- */
CUresult cuModuleLoadData(void **module, const void *image) {
    NEED_CONTEXT;
    *module = (void *)0x99; return strcmp(image, "KERNELS") ? NO_IMAGE : OK;
}
CUresult cuModuleLoadDataEx(void **module, const void *image, unsigned count, int *options, void **values) {
    NEED_CONTEXT;
    if (count != 2 || options[0] != 5 || options[1] != 6) return INVALID;
    strncpy(values[0], "line 1: no such instruction\n", (size_t)values[1]);
    return NO_IMAGE;
}
CUresult cuModuleUnload(void *module) { return module == (void *)0x99 ? OK : HANDLE; }
struct function { const char *name; int max_shared; };
static struct function scale = {"scale", 49152}, crash = {"crash", 49152};
CUresult cuModuleGetFunction(struct function **function, void *module, const char *name) {
    if (module != (void *)0x99) return HANDLE;
    *function = !strcmp(name, "scale") ? &scale : !strcmp(name, "crash") ? &crash : 0;
    return *function ? OK : NOT_FOUND;
}
CUresult cuModuleGetGlobal_v2(void **pointer, size_t *bytes, void *module, const char *name) {
    *pointer = &replayed; *bytes = sizeof replayed;
    return strcmp(name, "replayed") ? NOT_FOUND : OK;
}
CUresult cuFuncGetAttribute(int *value, int attribute, struct function *f) { *value = attribute == 8 ? f->max_shared : 100 + attribute; return OK; }
CUresult cuFuncSetAttribute(struct function *f, int attribute, int value) {
    if (attribute != 8 || value > 232448) return INVALID;
    f->max_shared = value; return OK;
}
CUresult cuOccupancyMaxActiveBlocksPerMultiprocessor(int *blocks, struct function *f, int threads, size_t shared) {
    *blocks = shared > (size_t)f->max_shared ? 0 : 2048 / threads; return OK;
}

/* scale(float *y, const float *x, int n, float a, double b, short bits, struct { char c; long long d; } e):
 * y[i] = a * x[i] for every thread of the grid below n; what else came is written behind, as is the shape. */
struct pair { char c; long long d; };
CUresult cuLaunchKernel(struct function *f, unsigned gx, unsigned gy, unsigned gz, unsigned bx, unsigned by, unsigned bz,
                        unsigned shared, struct stream *s, void **params, void **extra) {
    NEED_STREAM(s);
    RECORDED(s);
    if (extra || shared > (unsigned)f->max_shared || bx * by * bz > 1024) return INVALID;
    if (f == &crash) { pending = ILLEGAL_ADDRESS; return OK; }
    float *y = *(float **)params[0], *x = *(float **)params[1];
    unsigned n = *(int *)params[2], threads = gx * gy * gz * bx * by * bz;
    for (unsigned i = 0; i < n && i < threads; i++) y[i] = *(float *)params[3] * x[i];
    double *rest = (double *)(y + n);
    rest[0] = *(double *)params[4];
    rest[1] = *(short *)params[5];
    rest[2] = ((struct pair *)params[6])->c;
    rest[3] = ((struct pair *)params[6])->d;
    rest[4] = gx + 10 * gy + 100 * gz; rest[5] = bx + 10 * by + 100 * bz; rest[6] = shared;
    return OK;
}
