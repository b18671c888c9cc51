/// Kernels: compiled for every chip, and run on the host simulator beside their Java twins.
@NullMarked
package dev.quantreel.engines.runtime.cuda.kernel;

import org.jspecify.annotations.NullMarked;
