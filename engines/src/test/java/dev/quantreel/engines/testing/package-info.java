/// What several tests share.
@NullMarked
package dev.quantreel.engines.testing;

import org.jspecify.annotations.NullMarked;
