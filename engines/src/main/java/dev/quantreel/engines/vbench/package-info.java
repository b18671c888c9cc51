/// VBench's learned dimensions, on networks that the user supplies as ONNX files: start with [VBenchScores], then
/// [VBenchDimension] for which file each wants. Deep Java Library's ONNX Runtime engine stays in here.
@NullMarked
package dev.quantreel.engines.vbench;

import org.jspecify.annotations.NullMarked;
