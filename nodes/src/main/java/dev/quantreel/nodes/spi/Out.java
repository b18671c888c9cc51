package dev.quantreel.nodes.spi;

import java.lang.annotation.ElementType;
import java.lang.annotation.Retention;
import java.lang.annotation.RetentionPolicy;
import java.lang.annotation.Target;

/// Declares an output port on a record component; slots follow the order of the components.
@Retention(RetentionPolicy.RUNTIME)
@Target(ElementType.RECORD_COMPONENT)
public @interface Out {

    /// Tooltip: what it is, with unit.
    String help();

    /// Label of the port; the component name when empty.
    String label() default "";
}
