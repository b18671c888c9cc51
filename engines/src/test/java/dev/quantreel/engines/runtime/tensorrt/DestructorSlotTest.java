package dev.quantreel.engines.runtime.tensorrt;

import static org.assertj.core.api.Assertions.assertThat;

import org.bytedeco.javacpp.Pointer;
import org.bytedeco.tensorrt.nvinfer.IBuilder;
import org.bytedeco.tensorrt.nvonnxparser.IParser;
import org.bytedeco.tensorrt.nvonnxparser.IParserRefitter;
import org.junit.jupiter.api.Test;

/// Which virtual function deletes which object; `CppObjectTest` shows that these slots are right.
class DestructorSlotTest {

    @Test
    void parsersHaveTheirDestructorBehindTheirFunctions() {
        assertThat(JavaCppTensorRt.destructorSlot(IParser.class)).isEqualTo(9);
        assertThat(JavaCppTensorRt.destructorSlot(IParserRefitter.class)).isEqualTo(6);
        assertThat(JavaCppTensorRt.destructorSlot(IBuilder.class)).isEqualTo(1);
        assertThat(JavaCppTensorRt.destructorSlot(Pointer.class)).isEqualTo(1);
    }
}
