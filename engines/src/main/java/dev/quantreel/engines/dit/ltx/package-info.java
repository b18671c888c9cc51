/// LTX-Video 0.9.x (Lightricks): ComfyUI's (= the original) and diffusers' layout. Read [LtxFamily] for what is
/// recognised, [LtxTransformer] for its inputs, then [LtxGraphBuilder].
@NullMarked
package dev.quantreel.engines.dit.ltx;

import org.jspecify.annotations.NullMarked;
