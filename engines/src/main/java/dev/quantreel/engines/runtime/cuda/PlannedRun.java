package dev.quantreel.engines.runtime.cuda;

import dev.quantreel.engines.runtime.cuda.driver.CudaGraph;
import dev.quantreel.engines.runtime.cuda.driver.CudaStream;
import dev.quantreel.engines.runtime.cuda.driver.DeviceMemory;
import dev.quantreel.engines.runtime.cuda.plan.Buffer;
import dev.quantreel.engines.runtime.cuda.plan.GraphPlan;
import dev.quantreel.engines.runtime.cuda.plan.Step;
import dev.quantreel.engines.tensor.DType;
import dev.quantreel.engines.tensor.Shape;
import dev.quantreel.engines.tensor.Tensor;
import java.lang.foreign.MemorySegment;
import java.util.ArrayList;
import java.util.IdentityHashMap;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import org.jspecify.annotations.Nullable;

/// A plan with its constants on the device, cut into stretches: those of one block, or so many steps outside of blocks
/// that they can be waited for. Not thread-safe.
final class PlannedRun implements AutoCloseable {

    /// Steps of a stretch outside of blocks, at most.
    private static final int STRETCH = 64;

    private static final int ALIGNMENT = 256;

    private final GraphPlan plan;
    private final MemoryBudget budget;
    private final long ownBytes;
    private final Map<Buffer, Long> offsets = new IdentityHashMap<>();
    private final List<Stretch> stretches = new ArrayList<>();
    private @Nullable DeviceMemory constants;
    private boolean opened;

    /// Steps that are queued together.
    static final class Stretch {
        private final String block;
        private final List<Step> steps;
        private final boolean endsBlock;
        private @Nullable CudaGraph graph;
        private boolean launched;

        private Stretch(String block, List<Step> steps, boolean endsBlock) {
            this.block = block;
            this.steps = List.copyOf(steps);
            this.endsBlock = endsBlock;
        }

        String block() {
            return block;
        }

        List<Step> steps() {
            return steps;
        }

        /// Whether no later stretch belongs to the block.
        boolean endsBlock() {
            return endsBlock;
        }

        @Nullable
        CudaGraph graph() {
            return graph;
        }

        /// Whether its kernels were launched one by one before, so that all are loaded: nothing may be loaded while
        /// launches are recorded.
        boolean launched() {
            return launched;
        }

        void setLaunched() {
            launched = true;
        }

        void graph(CudaGraph recorded) {
            graph = recorded;
        }
    }

    PlannedRun(GraphPlan plan, MemoryBudget budget) {
        this.plan = plan;
        this.budget = budget;
        long bytes = 0;
        for (Map.Entry<Buffer, Tensor> constant : plan.constants().entrySet()) {
            offsets.put(constant.getKey(), bytes);
            bytes += Math.ceilDiv(Math.max(1, constant.getValue().data().byteSize()), ALIGNMENT) * ALIGNMENT;
        }
        this.ownBytes = bytes;
        cut();
    }

    /// Bytes of constants that are not on the device yet.
    long missingBytes() {
        return constants == null ? ownBytes : 0;
    }

    /// Brings to the device what only this plan reads, unless it is there.
    ///
    /// @throws OutOfDeviceMemoryException when it does not fit
    void open(StepKernels kernels, CudaStream stream) {
        if (opened) {
            return;
        }
        plan.steps().forEach(step -> kernels.prepare(stream, step));
        if (ownBytes > 0) {
            DeviceMemory memory = budget.allocate(ownBytes, "constants");
            constants = memory;
            Tensor staging = Tensor.zeros(DType.U8, Shape.of(ownBytes));
            plan.constants()
                    .forEach((buffer, tensor) -> MemorySegment.copy(
                            tensor.data(),
                            0,
                            staging.data(),
                            offset(buffer),
                            tensor.data().byteSize()));
            stream.upload(memory.span(), staging.data());
            stream.synchronize();
        }
        opened = true;
    }

    private void cut() {
        List<Step> open = new ArrayList<>();
        for (int i = 0; i < plan.steps().size(); i++) {
            Step step = plan.steps().get(i);
            open.add(step);
            boolean ends = i + 1 == plan.steps().size()
                    || !plan.steps().get(i + 1).block().equals(step.block())
                    || open.size() >= STRETCH && step.block().isEmpty();
            if (ends) {
                stretches.add(new Stretch(step.block(), open, isLast(step.block(), i)));
                open.clear();
            }
        }
    }

    private boolean isLast(String block, int index) {
        return plan.steps().stream().skip(index + 1L).noneMatch(step -> step.block()
                .equals(block));
    }

    GraphPlan plan() {
        return plan;
    }

    List<Stretch> stretches() {
        return stretches;
    }

    /// Blocks in the order they begin.
    List<String> blocks() {
        return stretches.stream()
                .map(Stretch::block)
                .filter(block -> !block.isEmpty())
                .distinct()
                .toList();
    }

    long offset(Buffer constant) {
        return Objects.requireNonNull(offsets.get(constant), constant::toString);
    }

    DeviceMemory constants() {
        return Objects.requireNonNull(constants, "a plan without constants");
    }

    long constantBytes() {
        return constants == null ? 0 : constants.sizeBytes();
    }

    /// Forgets what was recorded, because memory has moved.
    void forgetGraphs() {
        for (Stretch stretch : stretches) {
            if (stretch.graph != null) {
                stretch.graph.close();
                stretch.graph = null;
            }
        }
    }

    @Override
    public void close() {
        forgetGraphs();
        if (constants != null) {
            budget.free(constants);
        }
    }
}
