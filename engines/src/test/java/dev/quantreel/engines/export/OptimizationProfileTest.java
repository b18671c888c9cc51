package dev.quantreel.engines.export;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.quantreel.engines.export.OptimizationProfile.Extents;
import dev.quantreel.engines.export.OptimizationProfile.Input;
import dev.quantreel.engines.tensor.DType;
import java.nio.file.Path;
import java.util.List;
import java.util.Optional;
import org.junit.jupiter.api.Test;

class OptimizationProfileTest {

    private static final OptimizationProfile PROFILE = new OptimizationProfile(
            "wan-head",
            List.of(
                    new Input(
                            "tokens",
                            DType.F32,
                            new Extents(List.of(1L, 24L, 96L), List.of(1L, 48L, 96L), List.of(1L, 96L, 96L)),
                            Optional.empty()),
                    new Input(
                            "grid",
                            DType.I64,
                            Extents.fixed(List.of(3L)),
                            Optional.of(new Extents(List.of(1L, 4L, 6L), List.of(2L, 4L, 6L), List.of(4L, 4L, 6L))))));

    @Test
    void isReadAsItWasWritten() {
        assertThat(OptimizationProfile.parse("p", PROFILE.toJson())).isEqualTo(PROFILE);
        assertThat(PROFILE.input("grid").orElseThrow().isFixed()).isFalse();
        assertThat(OptimizationProfile.beside(Path.of("a", "trunk.onnx")))
                .isEqualTo(Path.of("a", "trunk.onnx.profile.json"));
    }

    @Test
    void extentsOutOfOrderAreRefused() {
        assertThatThrownBy(() -> new Extents(List.of(2L), List.of(1L), List.of(3L)))
                .hasMessageContaining("[2], [1], [3]")
                .hasMessageContaining("min <= opt <= max");
        assertThatThrownBy(() -> new Extents(List.of(1L), List.of(1L, 1L), List.of(1L)))
                .isInstanceOf(IllegalArgumentException.class);
    }

    @Test
    void damagedDocumentsNameTheField() {
        String json = PROFILE.toJson();
        assertThatThrownBy(() -> OptimizationProfile.parse("p", json.replace("\"opt\" : [ 1, 48, 96 ],", "")))
                .hasMessage("p: input tokens has no opt");
        assertThatThrownBy(() -> OptimizationProfile.parse("p", json.replace("F32", "F33")))
                .hasMessageContaining("input tokens: type is F33");
        assertThatThrownBy(() -> OptimizationProfile.parse("p", json.replace("\"version\" : 1", "\"version\" : 9")))
                .hasMessageContaining("version is 9; 1 is accepted");
        assertThatThrownBy(() -> OptimizationProfile.parse("p", "{")).hasMessageContaining("p is not valid JSON");
    }

    @Test
    void onlyShapeTensorsHaveValues() {
        assertThatThrownBy(() -> new Input(
                        "x", DType.F32, Extents.fixed(List.of(3L)), Optional.of(Extents.fixed(List.of(1L, 2L, 3L)))))
                .hasMessageContaining("input x is F32 [3]");
    }
}
