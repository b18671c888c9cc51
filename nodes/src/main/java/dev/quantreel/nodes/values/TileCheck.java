package dev.quantreel.nodes.values;

import dev.quantreel.engines.memory.MachineMemory;
import dev.quantreel.engines.memory.MemoryPlan;
import dev.quantreel.engines.memory.MemoryPlan.Item;
import dev.quantreel.engines.memory.ResidentMemory;
import dev.quantreel.engines.vae.DecodeOptions;
import dev.quantreel.nodes.spi.NodeContext;
import java.util.List;
import java.util.function.ToLongFunction;
import java.util.stream.IntStream;

/// Fits the tiles of a VAE into the memory that is left beside what this process holds: the program, models kept open,
/// the VAE itself, which is open by then.
///
/// @param phase for people: `decoding`
/// @param ports inputs to blame: of the size of the clip, and of the tile
/// @param workingBytes what a run with these tiles needs
public record TileCheck(String phase, Ports ports, ToLongFunction<DecodeOptions> workingBytes) {

    private static final int[] TILE_SIDES = {768, 512, 384, 256, 192, 128, 96, 64};

    /// @param size the input that says how large the clip is
    /// @param tile the input that sets tiles; empty where there is none
    public record Ports(String size, String tile) {}

    /// Chooses tiles that fit where none are asked for.
    ///
    /// @throws NodeInputException when neither those that were asked for nor the smallest that are chosen fit
    public DecodeOptions require(DecodeOptions wished, NodeContext context) {
        MachineMemory memory = MachineMemory.now();
        long heldBytes = ResidentMemory.now().anonymousBytes();
        long leftBytes = Math.max(0, memory.budgetBytes() - heldBytes);
        DecodeOptions options = wished.within(leftBytes);
        MemoryPlan plan = new MemoryPlan(List.of(new MemoryPlan.Phase(
                phase,
                List.of(
                        new Item("program and what is open", heldBytes),
                        new Item("working memory", workingBytes.applyAsLong(options))))));
        String port = wished.tilePixels() > 0 ? ports.tile() : ports.size();
        new MemoryCheck(port, memory).require(plan, () -> offers(options, leftBytes), context);
        return options;
    }

    /// The largest tile that fits, or less to hold.
    private List<String> offers(DecodeOptions options, long leftBytes) {
        return IntStream.of(ports.tile().isEmpty() ? new int[0] : TILE_SIDES)
                .filter(side -> workingBytes.applyAsLong(options.withTile(side)) <= leftBytes)
                .mapToObj(side -> ports.tile() + " " + side)
                .findFirst()
                .map(List::of)
                .orElse(List.of("models closed that are open (free memory in the menu, or a new start)"));
    }
}
