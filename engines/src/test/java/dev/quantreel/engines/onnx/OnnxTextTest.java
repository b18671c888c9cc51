package dev.quantreel.engines.onnx;

import static org.assertj.core.api.Assertions.assertThat;

import dev.quantreel.engines.tensor.DType;
import dev.quantreel.engines.tensor.Shape;
import dev.quantreel.engines.tensor.Tensor;
import java.util.Map;
import org.junit.jupiter.api.Test;

class OnnxTextTest {

    @Test
    void everyPartOfAGraphHasItsLine() {
        OnnxGraphBuilder graph = OnnxGraphBuilder.create("small");
        Value x = graph.input("x", DType.F32, Dim.of(1), Dim.of("tokens"));
        Value w = graph.initializer("w", Tensor.zeros(DType.U4, Shape.of(2, 3)));
        graph.scope("block", () -> {
            Value flat = graph.op(OnnxOp.Reshape, x, graph.longs(0, -1));
            Value clipped = graph.op(OnnxOp.Clip, flat, graph.none, graph.constant(0.5f));
            graph.output("y", clipped, DType.F32, Dim.of(1), Dim.of("tokens"));
        });

        assertThat(w.name()).isEqualTo("w");
        assertThat(OnnxText.of(graph.build(Map.of()))).isEqualTo("""
                        model small
                        input x F32[1, tokens]
                        weight w U4[2, 3]
                        weight const I64[2] = [0.0, -1.0]
                        weight const_1 F32[] = [0.5]
                        block/Reshape = Reshape(x, const)
                        block/Clip = Clip(block/Reshape, -, const_1)
                        y = Identity(block/Clip)
                        output y F32[1, tokens]
                        """);
    }
}
