package dev.quantreel.nodes.spi;

import java.lang.annotation.ElementType;
import java.lang.annotation.Retention;
import java.lang.annotation.RetentionPolicy;
import java.lang.annotation.Target;

/// Declares an input port on a record component.
///
/// The port's type follows from the component's: `int`/`long` INT, `double` FLOAT, `boolean` BOOLEAN, `String` STRING,
/// an enum COMBO of its constants' `toString()`, any type annotated with [Socket] a socket, `Object` the socket `*`.
/// `Optional<T>` of a socket type is an optional input. Inputs that several nodes have in common are [SharedInputs].
@Retention(RetentionPolicy.RUNTIME)
@Target(ElementType.RECORD_COMPONENT)
public @interface In {

    /// Tooltip: what it is, its unit, what values are sensible.
    String help();

    /// Default value as text; required for every number, boolean and enum, and within its range.
    String initial() default "";

    /// Smallest accepted number, inclusive.
    double min() default -1e15;

    /// Largest accepted number, inclusive.
    double max() default 1e15;

    /// Step of the widget; 0 chooses 1 for INT and 0.01 for FLOAT.
    double step() default 0;

    /// STRING over several lines.
    boolean multiline() default false;

    /// A STRING chosen among the files of this model folder (`diffusion_models`, `vae`, ...) or of `input`; shown as
    /// COMBO. The node gets the name and asks [NodeFolders#resolve].
    String folder() default "";

    /// A STRING chosen among values known only at run time; shown as COMBO.
    Class<? extends ComboOptions> options() default ComboOptions.Any.class;

    /// A seed: adds ComfyUI's `control_after_generate` widget.
    boolean seed() default false;

    /// Shown only when the user asks for advanced inputs.
    boolean advanced() default false;
}
