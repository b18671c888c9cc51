/// Low-rank adapters: [LoraFile] reads what a file changes, [LoraCheckpoint] is a model with it, merged in or as
/// branches beside its linears ([LoraForm]).
@NullMarked
package dev.quantreel.engines.lora;

import org.jspecify.annotations.NullMarked;
