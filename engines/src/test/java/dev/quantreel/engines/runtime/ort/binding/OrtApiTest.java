package dev.quantreel.engines.runtime.ort.binding;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatCode;
import static org.assertj.core.api.Assertions.assertThatExceptionOfType;

import dev.quantreel.engines.runtime.ort.OrtEngineProvider;
import dev.quantreel.engines.tensor.DType;
import dev.quantreel.engines.tensor.Shape;
import dev.quantreel.engines.tensor.Tensor;
import java.lang.foreign.MemorySegment;
import java.util.Optional;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;
import org.junit.jupiter.params.provider.ValueSource;

class OrtApiTest {

    @BeforeAll
    static void load() {
        assertThat(OrtEngineProvider.environment()).isNotNull();
    }

    @Test
    void itIsTheLibraryOfTheJavaApi() {
        assertThat(OrtApi.loaded().version())
                .isEqualTo(OrtEngineProvider.environment().getVersion());
    }

    @ParameterizedTest
    @EnumSource(names = {"F32", "F16", "BF16", "I64", "I8", "U8", "BOOL", "F64", "I32"})
    void aValueHasTypeShapeAndMemoryOfItsTensor(DType dtype) {
        Tensor tensor = Tensor.zeros(dtype, Shape.of(2, 1, 5));
        try (OrtValue value = OrtValue.over(OrtMemory.host(OrtApi.loaded()), tensor)) {
            assertThat(value.type()).isEqualTo(new OrtValue.Type(dtype, Shape.of(2, 1, 5)));
            assertThat(value.data()).isEqualTo(tensor.data());
            assertThat(value.place()).isEqualTo("Cpu 0");
        }
    }

    @Test
    void scalarsAndEmptyTensorsAreValues() {
        OrtMemory host = OrtMemory.host(OrtApi.loaded());
        try (OrtValue scalar = OrtValue.over(host, Tensor.scalar(2));
                OrtValue empty = OrtValue.over(host, Tensor.zeros(DType.F32, Shape.of(0, 4)))) {
            assertThat(scalar.type().shape()).isEqualTo(Shape.of());
            assertThat(empty.type().shape()).isEqualTo(Shape.of(0, 4));
            assertThat(empty.data().byteSize()).isZero();
        }
    }

    @Test
    void anErrorHasOnnxRuntimesWords() {
        OrtMemory host = OrtMemory.host(OrtApi.loaded());
        MemorySegment small = Tensor.zeros(DType.F32, Shape.of(2)).data();

        assertThatExceptionOfType(OrtApiException.class)
                .isThrownBy(() -> OrtValue.over(host, DType.F32, Shape.of(3), small))
                .withMessageContaining("not enough space");
    }

    @ParameterizedTest
    @ValueSource(strings = {"2.0.0", "1.13.1", "0.5.0", "1.x", "", "11.29.0"})
    void aTableThatNobodyKnowsIsRefusedWithTheVersion(String version) {
        assertThatExceptionOfType(BindingUnavailableException.class)
                .isThrownBy(() -> OrtApi.requireKnown(version))
                .withMessageContainingAll("known for versions from 1.14", "this is " + version);
    }

    @ParameterizedTest
    @ValueSource(strings = {"1.29.0", "1.24.1", "1.14.0", "1.30.0-rc1"})
    void versionsWhoseTableOnlyGrewAreTaken(String version) {
        assertThatCode(() -> OrtApi.requireKnown(version)).doesNotThrowAnyException();
    }

    @Test
    void withoutTheLibraryThereIsNoBinding() {
        assertThatExceptionOfType(BindingUnavailableException.class)
                .isThrownBy(() -> OrtApi.of(symbol -> Optional.empty()))
                .withMessageContaining("OrtGetApiBase");
    }
}
