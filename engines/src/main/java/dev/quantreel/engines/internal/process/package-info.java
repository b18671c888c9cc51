/// Virtual machines beside this one, for what may end its process.
@NullMarked
package dev.quantreel.engines.internal.process;

import org.jspecify.annotations.NullMarked;
