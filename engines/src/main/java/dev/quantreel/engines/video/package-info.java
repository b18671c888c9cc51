/// Decoded video, and the files it comes in. Read [Frames], which every decoder makes and every encoder and metric
/// takes, then [VideoOptions] and [VideoWriter]; [VideoReader] and [VideoMetadata] read back. The only package that
/// knows FFmpeg (JavaCPP's LGPL build).
@NullMarked
package dev.quantreel.engines.video;

import org.jspecify.annotations.NullMarked;
