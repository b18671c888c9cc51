package dev.quantreel.nodes.spi;

import java.lang.annotation.ElementType;
import java.lang.annotation.Retention;
import java.lang.annotation.RetentionPolicy;
import java.lang.annotation.Target;

/// Makes a type connectable under a wire name; ComfyUI's names where they exist (`MODEL`, `CLIP`, `VAE`,
/// `CONDITIONING`, `LATENT`, `IMAGE`, `VIDEO`).
@Retention(RetentionPolicy.RUNTIME)
@Target(ElementType.TYPE)
public @interface Socket {

    String value();
}
