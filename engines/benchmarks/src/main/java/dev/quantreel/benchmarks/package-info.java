/// JMH benchmarks of the numeric heart; the README of this module lists them with results.
@NullMarked
package dev.quantreel.benchmarks;

import org.jspecify.annotations.NullMarked;
