/// The CUDA driver's host simulator, for tests that run kernels and their launching code without a GPU.
@NullMarked
package dev.quantreel.engines.runtime.cuda.simulator;

import org.jspecify.annotations.NullMarked;
