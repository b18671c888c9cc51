package dev.quantreel.nodes.values;

import dev.quantreel.engines.schedule.BitSchedule;
import dev.quantreel.nodes.spi.Socket;

/// Activation bits over the steps.
///
/// @param schedule the rule
/// @param name for plots
@Socket("BIT_SCHEDULE")
public record BitPlan(BitSchedule schedule, String name) {}
