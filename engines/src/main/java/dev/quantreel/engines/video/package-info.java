/// Decoded video. Read [Frames], which every decoder makes and every encoder and metric takes.
@NullMarked
package dev.quantreel.engines.video;

import org.jspecify.annotations.NullMarked;
