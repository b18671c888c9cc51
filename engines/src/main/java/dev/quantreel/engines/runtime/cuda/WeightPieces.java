package dev.quantreel.engines.runtime.cuda;

import dev.quantreel.engines.runtime.cuda.driver.DeviceMemory;
import dev.quantreel.engines.runtime.cuda.driver.DeviceSpan;
import dev.quantreel.engines.runtime.cuda.driver.PinnedMemory;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;

/// All pieces of weights of an engine, so that sessions whose blocks have the same weights (the trunks for one
/// branch of guidance and for both, say) hold them once. What is equal is found by comparing bytes: names and
/// addresses of files prove nothing once a file is closed. Touched by whoever has the device's turn.
final class WeightPieces {

    private final Map<WeightPiece.Layout, List<WeightPiece>> pieces = new HashMap<>();
    private long moves;

    /// How often weights have moved between device and host: recorded launches know addresses of before.
    long moves() {
        return moves;
    }

    void moved() {
        moves++;
    }

    /// The piece that has these weights, for one more user.
    Optional<WeightPiece> find(WeightPiece.Layout layout, List<WeightSource> sources, StagedCopies copies) {
        Optional<WeightPiece> found = pieces.getOrDefault(layout, List.of()).stream()
                .filter(piece -> piece.holds(sources, copies))
                .findFirst();
        found.ifPresent(WeightPiece::use);
        return found;
    }

    /// Reads weights into a piece of their own.
    ///
    /// @param onHost whether they wait there
    /// @throws OutOfDeviceMemoryException when they do not fit
    WeightPiece read(
            CudaDeviceState device,
            WeightPiece.Layout layout,
            List<WeightSource> sources,
            StagedCopies copies,
            boolean onHost) {
        WeightPiece piece = new WeightPiece(
                layout, onHost ? onHost(device, layout, sources) : onDevice(device, layout, sources, copies));
        pieces.computeIfAbsent(layout, missing -> new ArrayList<>()).add(piece);
        return piece;
    }

    private static WeightPiece.Home onHost(
            CudaDeviceState device, WeightPiece.Layout layout, List<WeightSource> sources) {
        PinnedMemory memory = device.context().allocatePinned(layout.bytes());
        try {
            long[] offsets = layout.offsets();
            for (int i = 0; i < sources.size(); i++) {
                sources.get(i)
                        .write(memory.segment()
                                .asSlice(offsets[i], sources.get(i).bytes()));
            }
            return new WeightPiece.Home.OnHost(memory);
        } catch (RuntimeException e) {
            memory.close();
            throw e;
        }
    }

    private static WeightPiece.Home onDevice(
            CudaDeviceState device, WeightPiece.Layout layout, List<WeightSource> sources, StagedCopies copies) {
        DeviceMemory memory = device.budget().allocate(layout.bytes(), WeightPiece.what(layout.block()));
        try {
            long[] offsets = layout.offsets();
            for (int i = 0; i < sources.size(); i++) {
                WeightSource source = sources.get(i);
                DeviceSpan target = memory.slice(offsets[i], source.bytes());
                switch (source.content()) {
                    case WeightSource.Content.Plain(var data) -> copies.upload(target, data);
                    case WeightSource.Content.Made(var writer) -> copies.write(target, writer);
                }
            }
            device.copies().synchronize();
            return new WeightPiece.Home.OnDevice(memory);
        } catch (RuntimeException e) {
            device.settle(e);
            device.budget().free(memory);
            throw e;
        }
    }

    /// Takes one user from a piece.
    void leave(WeightPiece piece, MemoryBudget budget) {
        if (piece.leave(budget)) {
            List<WeightPiece> alike = pieces.getOrDefault(piece.layout(), new ArrayList<>());
            alike.remove(piece);
            if (alike.isEmpty()) {
                pieces.remove(piece.layout());
            }
        }
    }
}
