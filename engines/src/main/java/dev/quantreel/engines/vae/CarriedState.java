package dev.quantreel.engines.vae;

import dev.quantreel.engines.runtime.CancellationToken;
import dev.quantreel.engines.tensor.DType;
import dev.quantreel.engines.tensor.Shape;
import dev.quantreel.engines.tensor.Tensor;
import java.lang.foreign.Arena;
import java.lang.foreign.ValueLayout;
import java.util.HashMap;
import java.util.List;
import java.util.Map;

/// What one tile carries from run to run, twice: what the next run reads, and where it writes. Closing frees it.
final class CarriedState implements AutoCloseable {

    private final Arena arena = Arena.ofShared();
    private final List<StateInput> state;
    private final int height;
    private final int width;
    private Map<String, Tensor> read;
    private Map<String, Tensor> written;
    private Arena grownRead = Arena.ofShared();
    private Arena grownWritten = Arena.ofShared();
    private int latents;
    private boolean first = true;

    /// @param height cells of the tile
    /// @param width cells of the tile
    /// @param cancellation asked before each piece: clearing gigabytes takes seconds on a busy machine
    /// @throws java.util.concurrent.CancellationException when interrupted; nothing stays allocated
    CarriedState(List<StateInput> state, int height, int width, CancellationToken cancellation) {
        this.state = state;
        this.height = height;
        this.width = width;
        try {
            this.read = allocate(cancellation);
            this.written = allocate(cancellation);
        } catch (RuntimeException | Error e) {
            close();
            throw e;
        }
    }

    private Map<String, Tensor> allocate(CancellationToken cancellation) {
        Map<String, Tensor> tensors = new HashMap<>();
        for (StateInput input : state) {
            cancellation.throwIfCancelled();
            tensors.put(input.past(), Tensor.allocate(DType.F32, input.shape(0, height, width), arena));
        }
        return tensors;
    }

    /// The state's inputs of the next run.
    Map<String, Tensor> inputs() {
        return new HashMap<>(read);
    }

    /// The input `first` of the next run.
    Tensor first() {
        Tensor flag = Tensor.zeros(DType.BOOL, Shape.of(1));
        flag.data().set(ValueLayout.JAVA_BYTE, 0, (byte) (first ? 1 : 0));
        return flag;
    }

    /// Where the next run leaves its state.
    ///
    /// @param more latent frames of that run
    Map<String, Tensor> outputs(int more) {
        latents += more;
        Map<String, Tensor> outputs = new HashMap<>();
        for (StateInput input : state) {
            if (input.grows()) {
                Shape shape = input.shape(latents, height, width);
                written.put(input.past(), Tensor.allocate(DType.F32, shape, grownWritten));
            }
            Tensor target = written.get(input.past());
            if (target != null) {
                outputs.put(input.last(), target);
            }
        }
        return outputs;
    }

    /// After a run: what it wrote is what the next reads.
    void advance() {
        Map<String, Tensor> old = read;
        read = written;
        written = old;
        grownRead.close();
        grownRead = grownWritten;
        grownWritten = Arena.ofShared();
        first = false;
    }

    @Override
    public void close() {
        grownRead.close();
        grownWritten.close();
        arena.close();
    }
}
