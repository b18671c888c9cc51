/// Decoders from latents to pictures. Read [VaeDecoder].
@NullMarked
package dev.quantreel.engines.vae;

import org.jspecify.annotations.NullMarked;
