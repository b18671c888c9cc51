/// CogVideoX and CogVideoX 1.5 (Zhipu): diffusers' layout and the original (SAT) one. Read [CogVideoXFamily] for what
/// is recognised, [CogVideoXTransformer] for its inputs, then [CogVideoXGraphBuilder].
@NullMarked
package dev.quantreel.engines.dit.cogvideox;

import org.jspecify.annotations.NullMarked;
