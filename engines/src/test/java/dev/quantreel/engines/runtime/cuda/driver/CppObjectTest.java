package dev.quantreel.engines.runtime.cuda.driver;

import static org.assertj.core.api.Assertions.assertThat;

import java.nio.file.Path;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/// Deletion of C++ objects, on classes that the real compiler lays out (`native-stubs/parsers.cpp`).
class CppObjectTest {

    private final Path folder;

    CppObjectTest(@TempDir Path folder) {
        this.folder = folder;
    }

    /// The slots are those that the TensorRT engine takes for interfaces of NvInfer.h and NvOnnxParser.h.
    @ParameterizedTest(name = "{0}")
    @CsvSource({"make_engine, 1", "make_parser, 9", "make_refitter, 6"})
    void theDestructorRunsOnceTheMemoryIsFreedAndNothingElseIsCalled(String maker, int slot) throws Exception {
        Path file = folder.resolve("lib" + maker + ".so");
        NativeLibrary library = NativeLibrary.open(
                StubLibrary.compile("parsers.cpp", file, "-xc++", "-fno-rtti").toString());
        long object = library.call(maker);

        CppObject.delete(object, slot);

        assertThat((int) library.call("destructions")).isEqualTo(1);
        assertThat((int) library.call("frees")).isEqualTo(1);
        assertThat((int) library.call("calls")).isZero();
    }
}
