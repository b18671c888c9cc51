/// The engine of Quantreel's own CUDA kernels. Read [CudaEngineProvider], then [CudaEngine], [LoadedGraph]
/// (what becomes of a model), [CudaSession] and [RunLoop] (what becomes of a run), [RunMemory], [DeviceWeights]
/// and [WeightStream] (where everything lies), [CudaKernels] (which kernel carries out what). Plans are made in
/// [dev.quantreel.engines.runtime.cuda.plan], without a device.
@NullMarked
package dev.quantreel.engines.runtime.cuda;

import org.jspecify.annotations.NullMarked;
