package dev.quantreel.engines.vae;

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
    private Map<String, Tensor> read;
    private Map<String, Tensor> written;
    private boolean first = true;

    /// @param height cells of the tile
    /// @param width cells of the tile
    CarriedState(List<StateInput> state, int height, int width) {
        this.state = state;
        this.read = allocate(height, width);
        this.written = allocate(height, width);
    }

    private Map<String, Tensor> allocate(int height, int width) {
        Map<String, Tensor> tensors = new HashMap<>();
        for (StateInput input : state) {
            tensors.put(input.past(), Tensor.allocate(DType.F32, input.shape(height, width), arena));
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
    Map<String, Tensor> outputs() {
        Map<String, Tensor> outputs = new HashMap<>();
        for (StateInput input : state) {
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
        first = false;
    }

    @Override
    public void close() {
        arena.close();
    }
}
