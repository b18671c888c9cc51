/// Memory: what this process has ([ResidentMemory]), what the machine can give ([MachineMemory]), and what a
/// generation
/// will need before it runs.
@NullMarked
package dev.quantreel.engines.memory;

import org.jspecify.annotations.NullMarked;
