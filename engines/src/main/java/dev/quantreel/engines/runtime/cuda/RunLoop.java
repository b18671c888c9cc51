package dev.quantreel.engines.runtime.cuda;

import dev.quantreel.engines.runtime.CancellationToken;
import dev.quantreel.engines.runtime.cuda.driver.CudaEvent;
import dev.quantreel.engines.runtime.cuda.driver.CudaGraph;
import dev.quantreel.engines.runtime.cuda.driver.CudaStream;
import dev.quantreel.engines.runtime.cuda.driver.DeviceSpan;
import dev.quantreel.engines.runtime.cuda.plan.Operand;
import dev.quantreel.engines.runtime.cuda.plan.Step;
import dev.quantreel.engines.runtime.cuda.plan.View;
import dev.quantreel.engines.tensor.Tensor;
import java.lang.foreign.MemorySegment;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.Deque;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.concurrent.locks.LockSupport;

/// One run: inputs in, stretch after stretch, outputs out. At most [#AHEAD] stretches are queued before the host waits,
/// so that a run stops within two blocks of being asked to.
///
/// @param device where it runs
/// @param memory of the session
/// @param planned what runs
/// @param cancellation asked before every stretch and while waiting
record RunLoop(CudaDeviceState device, RunMemory memory, PlannedRun planned, CancellationToken cancellation) {

    private static final int AHEAD = 2;
    private static final long POLL_NANOS = 50_000;

    Map<String, Tensor> run(Map<String, Tensor> inputs) {
        List<Tensor> staged = new ArrayList<>();
        Deque<CudaEvent> queued = new ArrayDeque<>();
        try {
            upload(inputs, staged);
            memory.stream().begin(planned.blocks());
            stretches(queued);
            return outputs();
        } finally {
            queued.forEach(CudaEvent::close);
            device.compute().synchronize();
            staged.clear();
        }
    }

    /// @param staged keeps what is copied until the copies are done
    private void upload(Map<String, Tensor> inputs, List<Tensor> staged) {
        planned.plan().inputs().forEach((name, view) -> {
            if (view.bytes() > 0 && planned.plan().arena().offsets().containsKey(view.buffer())) {
                Tensor input = isNative(Objects.requireNonNull(inputs.get(name), name));
                staged.add(input);
                device.compute().upload(address(view), input.data());
            }
        });
    }

    private void stretches(Deque<CudaEvent> queued) {
        for (PlannedRun.Stretch stretch : planned.stretches()) {
            cancellation.throwIfCancelled();
            while (queued.size() >= AHEAD) {
                await(queued.removeFirst());
            }
            memory.stream().enter(stretch.block());
            launch(stretch);
            if (stretch.endsBlock()) {
                memory.stream().leave(stretch.block());
            }
            CudaEvent done = device.context().newEvent();
            queued.addLast(done);
            device.compute().record(done);
        }
        while (!queued.isEmpty()) {
            await(queued.removeFirst());
        }
    }

    /// Copies read native memory only.
    private static Tensor isNative(Tensor tensor) {
        if (tensor.data().isNative()) {
            return tensor;
        }
        Tensor copy = Tensor.zeros(tensor.dtype(), tensor.shape());
        copy.data().copyFrom(tensor.data());
        return copy;
    }

    private void launch(PlannedRun.Stretch stretch) {
        CudaGraph graph = stretch.graph();
        boolean isFixed = memory.stream().slotBytes() == 0;
        boolean records = device.settings().graphs() && stretch.launched();
        if (records && isFixed && graph == null) {
            graph = device.compute().capture(() -> steps(stretch));
            stretch.graph(graph);
        }
        if (graph != null && isFixed) {
            graph.launch(device.compute());
        } else {
            steps(stretch);
            stretch.setLaunched();
        }
    }

    private void steps(PlannedRun.Stretch stretch) {
        CudaStream compute = device.compute();
        for (Step step : stretch.steps()) {
            try {
                device.kernels().launch(compute, step, this::address);
            } catch (IllegalArgumentException | IndexOutOfBoundsException e) {
                throw new IllegalArgumentException("node " + step + ": " + e.getMessage(), e);
            }
        }
    }

    private DeviceSpan address(View view) {
        return memory.address(planned, view);
    }

    private void await(CudaEvent done) {
        try (done) {
            while (!done.isDone()) {
                cancellation.throwIfCancelled();
                LockSupport.parkNanos(POLL_NANOS);
            }
        }
        cancellation.throwIfCancelled();
    }

    private Map<String, Tensor> outputs() {
        Map<String, Tensor> outputs = new LinkedHashMap<>();
        planned.plan().outputs().forEach((name, operand) -> {
            Tensor target = Tensor.zeros(operand.dtype(), operand.shape());
            switch (operand) {
                case Operand.Known(Tensor known) ->
                    MemorySegment.copy(
                            known.data(), 0, target.data(), 0, target.data().byteSize());
                case Operand.Stored(View view) -> {
                    if (view.bytes() > 0) {
                        device.compute().download(target.data(), address(view));
                    }
                }
            }
            outputs.put(name, target);
        });
        device.compute().synchronize();
        return outputs;
    }
}
