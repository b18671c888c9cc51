/// Writing quantized checkpoints that other programs load: [ComfyConversion] makes ComfyUI's.
@NullMarked
package dev.quantreel.engines.convert;

import org.jspecify.annotations.NullMarked;
