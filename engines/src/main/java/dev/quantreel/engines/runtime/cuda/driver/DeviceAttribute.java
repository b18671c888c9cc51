package dev.quantreel.engines.runtime.cuda.driver;

/// What can be asked of a device; numbers of `CUdevice_attribute`.
public enum DeviceAttribute {
    MAX_THREADS_PER_BLOCK(1),
    /// Without opting in; 48 KiB.
    MAX_SHARED_BYTES_PER_BLOCK(8),
    WARP_SIZE(10),
    CLOCK_RATE_KHZ(13),
    MULTIPROCESSORS(16),
    MEMORY_CLOCK_RATE_KHZ(36),
    MEMORY_BUS_WIDTH_BITS(37),
    L2_CACHE_BYTES(38),
    COMPUTE_CAPABILITY_MAJOR(75),
    COMPUTE_CAPABILITY_MINOR(76),
    MAX_SHARED_BYTES_PER_MULTIPROCESSOR(81),
    MAX_REGISTERS_PER_MULTIPROCESSOR(82),
    /// What a kernel may have after [CudaFunction] has asked for more than 48 KiB.
    MAX_SHARED_BYTES_PER_BLOCK_OPT_IN(97),
    /// 1 where memory can be allocated in the order of a stream.
    MEMORY_POOLS_SUPPORTED(115),
    /// 1 where blocks can form clusters (sm_90 and later).
    CLUSTER_LAUNCH(120);

    private final int number;

    DeviceAttribute(int number) {
        this.number = number;
    }

    int number() {
        return number;
    }
}
