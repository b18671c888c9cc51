/// Measurements of the own kernels on a GPU, each beside a check of what they compute: the entry points of `gpu-check`.
@NullMarked
package dev.quantreel.engines.runtime.cuda.check;

import org.jspecify.annotations.NullMarked;
