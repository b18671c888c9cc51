package dev.quantreel.engines.runtime.tensorrt;

import static org.assertj.core.api.Assertions.assertThat;

import dev.quantreel.engines.runtime.tensorrt.BuildMessage.Done;
import dev.quantreel.engines.runtime.tensorrt.BuildMessage.Failed;
import dev.quantreel.engines.runtime.tensorrt.BuildMessage.Log;
import dev.quantreel.engines.runtime.tensorrt.BuildMessage.Progress;
import dev.quantreel.engines.runtime.tensorrt.BuildMessage.Severity;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

class BuildMessageTest {

    @ParameterizedTest
    @ValueSource(
            strings = {
                "",
                "plain",
                " spaces  inside ",
                "two\nlines\r\n",
                "C:\\new\\trt",
                "\\n is no line",
                "@quantreel done"
            })
    void everyTextSurvivesALine(String text) {
        for (BuildMessage message : new BuildMessage[] {
            new Progress(text, 3, 14), new Log(Severity.INTERNAL_ERROR, text), new Done(text), new Failed(text)
        }) {
            assertThat(message.line()).doesNotContain("\n", "\r");
            assertThat(BuildMessage.parse(message.line())).contains(message);
        }
    }

    @ParameterizedTest
    @ValueSource(
            strings = {
                "",
                "[TRT] something",
                "@quantreel",
                "@quantreel progress",
                "@quantreel progress 1",
                "@quantreel progress one 2 x",
                "@quantreel progress 1 99999999999 x",
                "@quantreel log LOUD x",
                "@quantreel dance"
            })
    void otherLinesAreNoMessages(String line) {
        assertThat(BuildMessage.parse(line)).isEmpty();
    }

    @Test
    void severitiesAreInTheOrderOfHarm() {
        assertThat(Severity.INTERNAL_ERROR).isLessThan(Severity.ERROR);
        assertThat(Severity.ERROR).isLessThan(Severity.WARNING);
    }
}
