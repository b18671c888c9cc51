package dev.quantreel.engines.runtime.cuda;

import dev.quantreel.engines.runtime.cuda.driver.CudaGraph;
import dev.quantreel.engines.runtime.cuda.driver.CudaStream;
import dev.quantreel.engines.runtime.cuda.driver.DeviceMemory;
import dev.quantreel.engines.runtime.cuda.plan.Buffer;
import dev.quantreel.engines.runtime.cuda.plan.GraphPlan;
import dev.quantreel.engines.runtime.cuda.plan.Operand;
import dev.quantreel.engines.runtime.cuda.plan.Step;
import dev.quantreel.engines.runtime.cuda.plan.View;
import dev.quantreel.engines.tensor.DType;
import dev.quantreel.engines.tensor.Shape;
import dev.quantreel.engines.tensor.Tensor;
import java.lang.foreign.MemorySegment;
import java.lang.ref.Reference;
import java.util.ArrayList;
import java.util.Collection;
import java.util.HashMap;
import java.util.HashSet;
import java.util.IdentityHashMap;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Optional;
import java.util.SequencedMap;
import java.util.Set;
import org.jspecify.annotations.Nullable;

/// A plan with its constants on the device, cut into stretches: those of one block, or so many steps outside of
/// blocks that they can be waited for. Scalars that launches take by value ([LateScalars]) are set before every
/// run. Not thread-safe.
final class PlannedRun implements AutoCloseable {

    /// Steps of a stretch outside of blocks, at most.
    private static final int STRETCH = 64;

    /// Values of a stretch's scalars whose launches are kept: bit widths, of which there are four.
    private static final int RECORDINGS = 8;

    private static final int ALIGNMENT = 256;

    private final GraphPlan plan;
    private final Map<String, Tensor> late;
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
        private final List<Tensor> late;
        private final SequencedMap<List<Float>, Recording> recordings = new LinkedHashMap<>();
        private @Nullable Set<String> weightBlocks;

        private Stretch(String block, List<Step> steps, boolean endsBlock, Collection<Tensor> scalars) {
            this.block = block;
            this.steps = List.copyOf(steps);
            this.endsBlock = endsBlock;
            this.late = steps.stream()
                    .flatMap(step -> step.inputs().stream().flatMap(Optional::stream))
                    .filter(Operand.Known.class::isInstance)
                    .map(operand -> ((Operand.Known) operand).tensor())
                    .filter(tensor -> scalars.stream().anyMatch(scalar -> scalar == tensor))
                    .distinct()
                    .toList();
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

        /// Blocks whose weights its steps read.
        Set<String> weightBlocks(DeviceWeights weights) {
            Set<String> known = weightBlocks;
            if (known == null) {
                known = new HashSet<>();
                for (Step step : steps) {
                    for (Optional<Operand> input : step.inputs()) {
                        if (input.orElse(null) instanceof Operand.Stored(View view)
                                && view.buffer().kind() == Buffer.Kind.WEIGHT) {
                            known.add(weights.place(view.buffer()).block());
                        }
                    }
                }
                weightBlocks = known;
            }
            return known;
        }

        /// What there is of it for the scalars that it reads, as they are now.
        Recording recording() {
            List<Float> values = late.stream()
                    .map(scalar -> scalar.data().get(Tensor.FLOAT, 0))
                    .toList();
            Recording known = recordings.remove(values);
            if (known == null) {
                while (recordings.size() >= RECORDINGS) {
                    recordings.pollFirstEntry().getValue().forget();
                }
                known = new Recording();
            }
            recordings.putLast(values, known);
            return known;
        }
    }

    /// The launches of a stretch for some values of its scalars, which launches hold.
    static final class Recording {
        private @Nullable CudaGraph graph;
        private boolean launched;

        @Nullable
        CudaGraph graph() {
            return graph;
        }

        /// Whether its kernels were launched one by one before, so that all are loaded: nothing may be loaded
        /// while launches are recorded.
        boolean launched() {
            return launched;
        }

        void setLaunched() {
            launched = true;
        }

        void graph(CudaGraph recorded) {
            graph = recorded;
        }

        private void forget() {
            if (graph != null) {
                graph.close();
                graph = null;
            }
        }
    }

    /// @param late by input, the tensors with which the plan was made
    PlannedRun(GraphPlan plan, Map<String, Tensor> late, MemoryBudget budget) {
        this.plan = plan;
        this.late = Map.copyOf(late);
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
            DeviceMemory memory = constants == null ? budget.allocate(ownBytes, "constants") : constants;
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
            Reference.reachabilityFence(staging);
        }
        opened = true;
    }

    private void cut() {
        List<Step> open = new ArrayList<>();
        Map<String, Integer> last = new HashMap<>();
        for (int i = 0; i < plan.steps().size(); i++) {
            last.put(plan.steps().get(i).block(), i);
        }
        for (int i = 0; i < plan.steps().size(); i++) {
            Step step = plan.steps().get(i);
            open.add(step);
            boolean ends = i + 1 == plan.steps().size()
                    || !plan.steps().get(i + 1).block().equals(step.block())
                    || open.size() >= STRETCH && step.block().isEmpty();
            if (ends) {
                boolean endsBlock = Objects.requireNonNull(last.get(step.block())) == i;
                stretches.add(new Stretch(step.block(), open, endsBlock, late.values()));
                open.clear();
            }
        }
    }

    /// Gives the scalars that launches take by value those of this run.
    void setScalars(Map<String, RunInput> inputs) {
        late.forEach((name, own) -> own.data()
                .copyFrom(
                        Objects.requireNonNull(inputs.get(name), name).tensor().data()));
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
            stretch.recordings.values().forEach(Recording::forget);
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
