/// Wan 2.1 and 2.2 (Alibaba): text-to-video and image-to-video, original (= ComfyUI's) and diffusers' layout. Read
/// [WanFamily] for what is recognised, [WanTransformer] for its inputs, then [WanGraphBuilder].
@NullMarked
package dev.quantreel.engines.dit.wan;

import org.jspecify.annotations.NullMarked;
