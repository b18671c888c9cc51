package dev.quantreel.nodes.spi;

import java.lang.annotation.ElementType;
import java.lang.annotation.Retention;
import java.lang.annotation.RetentionPolicy;
import java.lang.annotation.Target;

/// Names and places a node.
@Retention(RetentionPolicy.RUNTIME)
@Target(ElementType.TYPE)
public @interface NodeType {

    /// Stable id, equal to the simple class name; ComfyUI's `class_type`.
    String id();

    /// What the palette and the node's header show.
    String title();

    /// Palette path, for example `quantize` or `video/compare`.
    String category();

    /// Help: what it does, when to use it, units, the paper it comes from. Plain sentences.
    String description();

    /// Raised when the meaning of inputs or outputs changes.
    int version() default 1;

    /// Whether the node is an end of a workflow: it runs although nothing reads it.
    boolean output() default false;

    /// Whether equal inputs give equal outputs, so that the result may be reused.
    boolean cacheable() default true;

    /// Former ids and other words people search for.
    String[] aliases() default {};
}
