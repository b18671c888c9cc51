/// HunyuanVideo 1.0 and 1.5 (Tencent): the layouts of Tencent, ComfyUI and diffusers. Read [HunyuanVideoFamily] and
/// [HunyuanVideo15Family] for what is recognised, [HunyuanVideoTransformer] and [HunyuanVideo15Transformer] for their
/// inputs, then [HunyuanGraphBuilder], which emits what both share.
@NullMarked
package dev.quantreel.engines.dit.hunyuan;

import org.jspecify.annotations.NullMarked;
