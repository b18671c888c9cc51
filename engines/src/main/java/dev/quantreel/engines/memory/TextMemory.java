package dev.quantreel.engines.memory;

import dev.quantreel.engines.memory.MemoryPlan.Item;
import dev.quantreel.engines.memory.MemoryPlan.Phase;
import dev.quantreel.engines.tensor.Checkpoint;
import dev.quantreel.engines.text.EncoderMemory;
import dev.quantreel.engines.text.EncoderPrecision;
import java.util.List;

/// The phase in which a text encoder works; it is closed before a transformer is opened.
///
/// @param checkpoint of the encoder; asked for shapes and types only
/// @param tokens of the longest prompt
public record TextMemory(Checkpoint checkpoint, int tokens) {

    /// With matrices of this precision.
    ///
    /// @throws dev.quantreel.engines.tensor.UnsupportedCheckpointException when the file is no text encoder
    public MemoryPlan plan(EncoderPrecision precision) {
        EncoderMemory memory = EncoderMemory.of(checkpoint, precision, tokens);
        return new MemoryPlan(List.of(new Phase(
                "text encoder",
                List.of(
                        new Item("quantized weights", memory.codeBytes()),
                        new Item(
                                "codes while they are packed",
                                Math.min(memory.codeBytes(), EngineCosts.ENCODER_SECTION_BYTES)),
                        new Item("weights read from the file", memory.mappedBytes()),
                        new Item("decoded weights", memory.decodedBytes()),
                        new Item("small weights", memory.copiedBytes()),
                        new Item("unpacked matrix", memory.widestBytes()),
                        new Item("activations", memory.activationBytes()),
                        new Item("program", EngineCosts.PROCESS_BYTES)))));
    }
}
