package dev.quantreel.engines.runtime.ort;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatExceptionOfType;
import static org.assertj.core.api.Assertions.assertThatIllegalStateException;

import dev.quantreel.engines.onnx.Dim;
import dev.quantreel.engines.onnx.OnnxGraphBuilder;
import dev.quantreel.engines.onnx.OnnxModel;
import dev.quantreel.engines.onnx.OnnxOp;
import dev.quantreel.engines.onnx.Value;
import dev.quantreel.engines.runtime.CancellationToken;
import dev.quantreel.engines.runtime.Engine;
import dev.quantreel.engines.runtime.EngineException;
import dev.quantreel.engines.runtime.ort.binding.BoundRun;
import dev.quantreel.engines.runtime.ort.binding.IoBinding;
import dev.quantreel.engines.runtime.ort.binding.OrtApi;
import dev.quantreel.engines.runtime.ort.binding.OrtMemory;
import dev.quantreel.engines.runtime.ort.binding.OrtValue;
import dev.quantreel.engines.tensor.DType;
import dev.quantreel.engines.tensor.Residence;
import dev.quantreel.engines.tensor.Shape;
import dev.quantreel.engines.tensor.Tensor;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;
import org.junit.jupiter.params.provider.ValueSource;

/// Sessions whose inputs and outputs are bound, on the processor: the path that results take on a GPU, but for the
/// device.
class BoundSessionTest {

    private static final long VALUES = 1000;
    private static final long BYTES = 4 * VALUES;

    private final List<OrtModelSession> opened = new ArrayList<>();

    @BeforeAll
    static void load() {
        assertThat(OrtEngineProvider.environment()).isNotNull();
    }

    @AfterEach
    void close() {
        opened.forEach(OrtModelSession::close);
    }

    private ResidentMemory onHost(long limitBytes) {
        return ResidentMemory.ofHost(OrtApi.loaded(), limitBytes);
    }

    private static ResidentMemory byCopies(String hostMemory) {
        return BoundTarget.byCopies(hostMemory.equals("pinned"));
    }

    private OrtModelSession open(ResidentMemory memory, OnnxModel model) {
        OrtModelSession session = new OrtModelLoader(new BoundTarget(memory), 1, Engine.Use.STEADY).load(model);
        opened.add(session);
        return session;
    }

    /// `y = x + 1`
    private static OnnxModel successor() {
        OnnxGraphBuilder graph = OnnxGraphBuilder.create("successor");
        Value x = graph.input("x", DType.F32, Dim.of("n"));
        graph.output("y", graph.op(OnnxOp.Add, x, graph.constant(1)), DType.F32, Dim.of("n"));
        return graph.build(Map.of());
    }

    private static Tensor filled(float value) {
        Tensor tensor = Tensor.zeros(DType.F32, Shape.of(VALUES));
        for (long i = 0; i < VALUES; i++) {
            tensor.data().set(Tensor.FLOAT, 4 * i, value);
        }
        return tensor;
    }

    private static Tensor next(OrtModelSession session, Tensor x) {
        return session.run(Map.of("x", x), "y", CancellationToken.NONE);
    }

    /// Where the elements of a result lie before they are on the host.
    private static MemorySegment lying(ResidentMemory memory, Tensor result) {
        OrtResidence residence = (OrtResidence) result.residence().orElseThrow();
        HeldValue held = residence.retain(memory).orElseThrow();
        held.release();
        return held.value().data();
    }

    @Test
    void outputsAreWrittenIntoTheBoundMemoryItself() {
        OrtApi api = OrtApi.loaded();
        OrtModelSession session = open(onHost(BYTES), successor());
        Tensor target = filled(-7);
        try (BoundRun run = new BoundRun(api);
                IoBinding binding = new IoBinding(api, session.handle(OrtApi.loaded()));
                OrtValue input = OrtValue.over(OrtMemory.host(api), filled(3));
                OrtValue output = OrtValue.over(OrtMemory.host(api), target)) {
            binding.input("x", input);
            binding.output("y", output);
            binding.run(run);

            assertThat(target.toFloatArray()).containsOnly(4);
            try (OrtValue written = binding.outputs().getFirst()) {
                assertThat(written.data()).isEqualTo(target.data());
            }
        }
    }

    @Test
    void targetsOfTheCallerAreWrittenAndOtherOutputsAreNotKept() {
        OnnxGraphBuilder graph = OnnxGraphBuilder.create("two");
        Value x = graph.input("x", DType.F32, Dim.of("n"));
        graph.output("y", graph.op(OnnxOp.Add, x, x), DType.F32, Dim.of("n"));
        graph.output("z", graph.op(OnnxOp.Mul, x, x), DType.F32, Dim.of("n"));
        ResidentMemory memory = onHost(BYTES);
        Tensor target = filled(0);

        open(memory, graph.build(Map.of()))
                .runInto(Map.of("x", filled(3)), Map.of("z", target), CancellationToken.NONE);

        assertThat(target.toFloatArray()).containsOnly(9);
        assertThat(memory.heldBytes()).isZero();
    }

    @Test
    void aTargetOfAnotherShapeIsRefusedByName() {
        OrtModelSession session = open(onHost(BYTES), successor());

        assertThatExceptionOfType(EngineException.class)
                .isThrownBy(() -> session.runInto(
                        Map.of("x", filled(3)),
                        Map.of("y", Tensor.zeros(DType.F32, Shape.of(3))),
                        CancellationToken.NONE))
                .withMessageContaining("successor");
    }

    /// What is changed where the first result lies is what the next graph reads, and the host in the end: one memory.
    @Test
    void aResultIsReadWhereItLiesByTheNextGraphAndByTheHost() {
        ResidentMemory memory = onHost(10 * BYTES);
        OrtModelSession session = open(memory, successor());
        OrtModelSession other = open(memory, successor());
        Tensor first = next(session, filled(1));
        Residence residence = first.residence().orElseThrow();
        long address = lying(memory, first).address();
        assertThat(memory.heldBytes()).isEqualTo(BYTES);
        lying(memory, first).set(Tensor.FLOAT, 8, 41);

        Tensor second = next(other, first);

        assertThat(first.residence()).as("not moved by being read").contains(residence);
        assertThat(second.toFloatArray()).startsWith(3, 3, 42, 3);
        assertThat(first.data().address()).isEqualTo(address);
        assertThat(first.toFloatArray()).startsWith(2, 2, 41, 2);
        assertThat(first.residence()).as("on the host now").isEmpty();
        assertThat(memory.heldBytes()).isZero();
    }

    @Test
    void aViewIsReadUnderItsOwnShape() {
        OnnxGraphBuilder graph = OnnxGraphBuilder.create("rows");
        Value x = graph.input("x", DType.F32, Dim.of("rows"), Dim.of(10));
        graph.output("y", graph.op(OnnxOp.Add, x, graph.constant(1)), DType.F32, Dim.of("rows"), Dim.of(10));
        ResidentMemory memory = onHost(10 * BYTES);
        Tensor view = next(open(memory, successor()), filled(1)).reshape(VALUES / 10, 10);

        Tensor rows = next(open(memory, graph.build(Map.of())), view);

        assertThat(rows.shape()).isEqualTo(Shape.of(VALUES / 10, 10));
        assertThat(rows.toFloatArray()).containsOnly(3);
        assertThat(view.residence()).isPresent();
    }

    @Test
    void aResultOfAnotherEngineGoesThroughTheHost() {
        Tensor first = next(open(onHost(BYTES), successor()), filled(1));

        assertThat(next(open(onHost(BYTES), successor()), first).toFloatArray()).containsOnly(3);
        assertThat(first.residence()).isEmpty();
    }

    @ParameterizedTest
    @ValueSource(strings = {"pinned", "host"})
    void resultsOfADeviceComeToTheHostAsCopies(String hostMemory) {
        ResidentMemory memory = byCopies(hostMemory);
        OrtModelSession session = open(memory, successor());
        Tensor result = next(session, next(session, filled(1)));
        long address = lying(memory, result).address();

        assertThat(result.toFloatArray()).containsOnly(3);
        assertThat(result.data().address()).isNotEqualTo(address);
        result.data().set(Tensor.FLOAT, 0, 5);
        assertThat(next(session, result).toFloatArray()).startsWith(6, 4);
    }

    @ParameterizedTest
    @EnumSource(names = {"F32", "F16", "BF16", "I64", "I32", "I8", "U8", "BOOL"})
    void everyTypeComesToTheHost(DType dtype) {
        OnnxGraphBuilder graph = OnnxGraphBuilder.create("same");
        graph.output("y", graph.input("x", dtype, Dim.of(2), Dim.of(3)), dtype, Dim.of(2), Dim.of(3));
        Tensor x = Tensor.zeros(dtype, Shape.of(2, 3));
        for (long i = 0; i < x.data().byteSize(); i++) {
            x.data().set(ValueLayout.JAVA_BYTE, i, (byte) (i % 2));
        }

        Tensor y = next(open(byCopies("host"), graph.build(Map.of())), x);

        assertThat(y.dtype()).isEqualTo(dtype);
        assertThat(y.data().mismatch(x.data())).isEqualTo(-1);
    }

    @Test
    void beyondTheLimitTheLeastRecentlyUsedGoesToTheHost() {
        ResidentMemory memory = onHost(2 * BYTES);
        OrtModelSession session = open(memory, successor());
        List<Tensor> results = new ArrayList<>();
        for (int i = 0; i < 3; i++) {
            results.add(next(session, filled(i)));
        }
        Tensor fourth = next(session, results.getFirst());

        assertThat(results.get(0).residence()).as("used last").isPresent();
        assertThat(results.get(1).residence()).as("the oldest").isEmpty();
        assertThat(results.get(2).residence()).isPresent();
        assertThat(results.get(1).toFloatArray()).containsOnly(2);
        assertThat(fourth.toFloatArray()).containsOnly(2);
        assertThat(memory.heldBytes()).isLessThanOrEqualTo(2 * BYTES);
    }

    @Test
    void whatNobodyHoldsIsCollected() {
        ResidentMemory memory = onHost(4 * BYTES);
        OrtModelSession session = open(memory, successor());
        Tensor kept = next(session, filled(0));
        Tensor last = kept;
        for (int i = 0; i < 50; i++) {
            last = next(session, last);
            assertThat(memory.heldBytes()).isLessThanOrEqualTo(5 * BYTES);
        }
        assertThat(last.toFloatArray()).containsOnly(51);
        assertThat(kept.toFloatArray()).containsOnly(1);
    }

    @Test
    void aDiscardedResultGivesItsMemoryBackAtOnce() {
        ResidentMemory memory = onHost(2 * BYTES);
        OrtModelSession session = open(memory, successor());
        Tensor result = next(session, filled(1));
        Tensor view = result.reshape(10, VALUES / 10);
        result.discard();

        assertThat(memory.heldBytes()).isZero();
        assertThatIllegalStateException().isThrownBy(view::data).withMessageContaining("discarded");
        Tensor host = filled(1);
        host.discard();
        assertThat(host.toFloatArray()).as("tensors of the host stay").containsOnly(1);
    }

    @Test
    void aResultOutlivesItsSession() {
        OrtModelSession session = open(onHost(2 * BYTES), successor());
        Tensor result = next(session, filled(1));
        session.close();
        opened.clear();

        assertThat(result.toFloatArray()).containsOnly(2);
        assertThatIllegalStateException()
                .isThrownBy(() -> next(session, result))
                .withMessageContaining("closed");
    }

    @Test
    void streamedWeightsAreReadWhereTheyLie() {
        OnnxGraphBuilder graph = OnnxGraphBuilder.create("streamed");
        Tensor weight = filled(2);
        Value x = graph.input("x", DType.F32, Dim.of("n"));
        graph.output("y", graph.op(OnnxOp.Mul, x, graph.streamed("w", weight)), DType.F32, Dim.of("n"));
        OrtModelSession session = open(onHost(2 * BYTES), graph.build(Map.of()));

        assertThat(next(session, filled(3)).toFloatArray()).containsOnly(6);
        weight.data().set(Tensor.FLOAT, 0, 5);
        assertThat(next(session, filled(3)).toFloatArray()).startsWith(15, 6);
    }

    /// The C API holds addresses alone: a copy that nobody else holds would be collected, and read.
    @Test
    void streamedWeightsAtOddAddressesOutliveCollections() throws InterruptedException {
        OnnxGraphBuilder graph = OnnxGraphBuilder.create("streamed");
        Tensor aligned = filled(2);
        MemorySegment odd = Tensor.zeros(DType.U8, Shape.of(BYTES + 1)).data().asSlice(1);
        odd.copyFrom(aligned.data());
        Value x = graph.input("x", DType.F32, Dim.of("n"));
        Value w = graph.streamed("w", new Tensor(DType.F32, Shape.of(VALUES), odd));
        graph.output("y", graph.op(OnnxOp.Mul, x, w), DType.F32, Dim.of("n"));
        OrtModelSession session = open(onHost(2 * BYTES), graph.build(Map.of()));

        for (int i = 0; i < 5; i++) {
            assertThat(next(session, filled(3)).toFloatArray()).containsOnly(6);
            System.gc();
            Thread.sleep(20);
        }
    }

    @Test
    void heapMemoryAndOddAddressesAreCopiedFirst() {
        OrtModelSession session = open(onHost(2 * BYTES), successor());
        byte[] heap = new byte[(int) BYTES];
        Tensor odd = new Tensor(
                DType.F32,
                Shape.of(VALUES),
                Tensor.zeros(DType.U8, Shape.of(BYTES + 1)).data().asSlice(1));

        assertThat(next(session, new Tensor(DType.F32, Shape.of(VALUES), MemorySegment.ofArray(heap)))
                        .toFloatArray())
                .containsOnly(1);
        assertThat(next(session, odd).toFloatArray()).containsOnly(1);
    }

    @Test
    void aPlacedTensorIsReadWithoutAnotherCopy() {
        ResidentMemory memory = byCopies("host");
        Tensor host = filled(1);
        Tensor placed = memory.place(host);
        host.data().fill((byte) 0);

        assertThat(placed.residence()).isPresent();
        assertThat(memory.place(placed)).isSameAs(placed);
        assertThat(next(open(memory, successor()), placed).toFloatArray()).containsOnly(2);
        assertThat(placed.residence()).isPresent();
        assertThat(placed.toFloatArray()).containsOnly(1);
        assertThat(onHost(BYTES).place(host)).as("nowhere better").isSameAs(host);
    }
}
