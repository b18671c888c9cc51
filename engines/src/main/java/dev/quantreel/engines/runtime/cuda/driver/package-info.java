/// The CUDA driver, NVRTC and other native libraries called by the foreign function API: with
/// [dev.quantreel.engines.runtime.ort.binding] the only package that uses [java.lang.foreign.Linker]. Needs
/// nothing but the driver's own library (`libcuda.so.1`); its path is a parameter.
///
/// Reading order: [NativeLibrary], [CudaDriver], [CudaDevice], [CudaContext], then what a context hands out:
/// [CudaStream] (copies, memory), [DeviceMemory], [PinnedMemory], [CudaEvent], [CudaModule], [CudaFunction],
/// [CudaGraph]; [Nvrtc] compiles.
///
/// Threads: every call makes its context current on the calling thread first, so any thread may use any object;
/// the order of work is that of the streams, as always with CUDA. Objects are closed by whoever made them.
@NullMarked
package dev.quantreel.engines.runtime.cuda.driver;

import org.jspecify.annotations.NullMarked;
