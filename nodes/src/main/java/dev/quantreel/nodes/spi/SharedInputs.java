package dev.quantreel.nodes.spi;

import java.lang.annotation.ElementType;
import java.lang.annotation.Retention;
import java.lang.annotation.RetentionPolicy;
import java.lang.annotation.Target;

/// Declares a component of an inputs record that is a record of inputs itself: those that several nodes have in common.
/// Its components become inputs of the node under their own names, in the place of this one; on the wire nothing shows
/// that they are shared. Such records may hold others.
@Retention(RetentionPolicy.RUNTIME)
@Target(ElementType.RECORD_COMPONENT)
public @interface SharedInputs {}
