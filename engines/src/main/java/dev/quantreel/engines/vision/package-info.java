/// Encoders of pictures: what image-to-video models read of the image beside its latent. Read [ClipVisionEncoder].
@NullMarked
package dev.quantreel.engines.vision;

import org.jspecify.annotations.NullMarked;
