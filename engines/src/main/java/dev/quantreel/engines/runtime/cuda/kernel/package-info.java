/// The own CUDA kernels: for each family a class that says shapes, units and paper, computes the launch and queues it
/// into a stream. The sources are `engines/src/main/cuda`, with a README; the plain Java twin of each kernel, its
/// specification, is in `dev.quantreel.engines.runtime.cuda.twin`.
///
/// Reading order: [KernelLibrary] (where functions come from), [KernelImages], then the families.
@NullMarked
package dev.quantreel.engines.runtime.cuda.kernel;

import org.jspecify.annotations.NullMarked;
