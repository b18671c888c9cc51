/// What this machine has of NVIDIA's: driver, chips, libraries, each with the reason when absent and what to
/// install.
///
/// [GpuDetection] asks in a child process ([GpuProbe]), because a library that does not fit may end the process
/// that loads it; [Judgement] says what the answers mean; [GpuReport] is the result, [GpuReportText] its table.
@NullMarked
package dev.quantreel.engines.gpu;

import org.jspecify.annotations.NullMarked;
