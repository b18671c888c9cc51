/// Nodes that encode prompts, sample latents and export what is sampled with.
@NullMarked
package dev.quantreel.nodes.sampling;

import org.jspecify.annotations.NullMarked;
