/// Reads what a clip of the demo model shows from its pixels and compares it with the caption; no network.
/// [ClipJudge] looks, [Verdict] is what it saw, [Caption] what it should have seen, [JudgeRates] the sum of many.
@NullMarked
package dev.quantreel.engines.judge;

import org.jspecify.annotations.NullMarked;
