package dev.quantreel.engines.runtime.cuda;

import dev.quantreel.engines.runtime.CancellationToken;
import dev.quantreel.engines.runtime.cuda.driver.CudaEvent;
import dev.quantreel.engines.runtime.cuda.driver.CudaGraph;
import dev.quantreel.engines.runtime.cuda.driver.CudaStream;
import dev.quantreel.engines.runtime.cuda.driver.DeviceSpan;
import dev.quantreel.engines.runtime.cuda.plan.Buffer;
import dev.quantreel.engines.runtime.cuda.plan.Operand;
import dev.quantreel.engines.runtime.cuda.plan.Step;
import dev.quantreel.engines.runtime.cuda.plan.View;
import dev.quantreel.engines.tensor.Tensor;
import java.util.ArrayDeque;
import java.util.Deque;
import java.util.LinkedHashMap;
import java.util.Map;
import java.util.Objects;
import java.util.concurrent.locks.LockSupport;

/// One run: inputs in, stretch after stretch, outputs out. At most [#AHEAD] stretches are queued before the
/// host waits, so that a run stops within two blocks of being asked to.
///
/// @param device where it runs
/// @param memory of the session
/// @param planned what runs
/// @param cancellation asked before every stretch and while waiting
record RunLoop(CudaDeviceState device, RunMemory memory, PlannedRun planned, CancellationToken cancellation) {

    private static final int AHEAD = 2;
    private static final long POLL_NANOS = 50_000;

    Map<String, Tensor> run(Map<String, RunInput> inputs) {
        try {
            planned.setScalars(inputs);
            upload(inputs);
            memory.stream().begin(planned.blocks());
            stretches();
            return outputs();
        } catch (RuntimeException | Error e) {
            device.settle(e);
            throw e;
        }
    }

    private void upload(Map<String, RunInput> inputs) {
        planned.plan().inputs().forEach((name, view) -> {
            if (view.bytes() > 0 && planned.plan().arena().offsets().containsKey(view.buffer())) {
                upload(address(view), Objects.requireNonNull(inputs.get(name), name));
            }
        });
    }

    /// From where it is: results of this engine's sessions have not left the device.
    private void upload(DeviceSpan target, RunInput input) {
        switch (input) {
            case RunInput.OnHost(Tensor tensor) -> device.staging().upload(target, tensor.data());
            case RunInput.OnDevice(Tensor _, Resident resident) -> resident.copyTo(target);
        }
    }

    private void stretches() {
        Deque<CudaEvent> queued = new ArrayDeque<>();
        Deque<CudaEvent> marks = new ArrayDeque<>(memory.marks(AHEAD + 1));
        for (PlannedRun.Stretch stretch : planned.stretches()) {
            cancellation.throwIfCancelled();
            while (queued.size() >= AHEAD) {
                marks.addLast(await(queued.removeFirst()));
            }
            memory.stream().enter(stretch.block());
            launch(stretch);
            if (stretch.endsBlock()) {
                memory.stream().leave(stretch.block());
            }
            CudaEvent done = marks.removeFirst();
            queued.addLast(done);
            device.compute().record(done);
        }
        while (!queued.isEmpty()) {
            await(queued.removeFirst());
        }
    }

    /// As a graph where it was launched before, and where its weights are always in the same place.
    private void launch(PlannedRun.Stretch stretch) {
        PlannedRun.Recording recording = stretch.recording();
        CudaGraph graph = recording.graph();
        if (graph == null && device.settings().graphs() && recording.launched() && memory.isFixed(stretch)) {
            graph = device.compute().capture(() -> steps(stretch));
            recording.graph(graph);
        }
        if (graph != null) {
            graph.launch(device.compute());
        } else {
            steps(stretch);
            recording.setLaunched();
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

    private CudaEvent await(CudaEvent done) {
        while (!done.isDone()) {
            cancellation.throwIfCancelled();
            LockSupport.parkNanos(POLL_NANOS);
        }
        cancellation.throwIfCancelled();
        return done;
    }

    private Map<String, Tensor> outputs() {
        Map<String, Tensor> outputs = new LinkedHashMap<>();
        planned.plan()
                .outputs()
                .forEach((name, operand) -> outputs.put(
                        name,
                        switch (operand) {
                            case Operand.Known(Tensor known) -> copy(known);
                            case Operand.Stored(View view) -> stays(view) ? memory.resident(planned, view) : copy(view);
                        }));
        device.compute().synchronize();
        return outputs;
    }

    private boolean stays(View view) {
        return view.buffer().kind() == Buffer.Kind.ARENA
                && view.bytes() >= Math.max(1, device.settings().residentBytes());
    }

    private static Tensor copy(Tensor known) {
        Tensor target = Tensor.zeros(known.dtype(), known.shape());
        target.data().copyFrom(known.data());
        return target;
    }

    private Tensor copy(View view) {
        Tensor target = Tensor.zeros(view.dtype(), view.shape());
        if (view.bytes() > 0) {
            device.staging().download(target.data(), address(view));
        }
        return target;
    }
}
