package dev.quantreel.engines.gpucheck;

import static org.assertj.core.api.Assertions.assertThat;

import dev.quantreel.engines.runtime.tensorrt.StandInEngine;
import dev.quantreel.engines.runtime.tensorrt.TensorRtEngine;
import dev.quantreel.engines.runtime.tensorrt.TensorRtSettings;
import java.io.ByteArrayOutputStream;
import java.io.PrintStream;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.util.List;
import java.util.Optional;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/// The item's own code on an engine whose library and GPU are stand-ins.
class TensorRtItemTest {

    private final Path folder;

    TensorRtItemTest(@TempDir Path folder) {
        this.folder = folder;
    }

    private static String layers(String type) {
        return "{\"Layers\": [{\"Metadata\": \"[ONNX Layer: MatMul]\\u001e[ONNX Layer: MatMul_1]\","
                + " \"Inputs\": [{\"Format/Datatype\": \"" + type + "\"}]}]}";
    }

    private List<CheckRow> rows(Optional<String> obstacle, String layers) {
        ByteArrayOutputStream printed = new ByteArrayOutputStream();
        CheckContext context = new CheckContext(
                "none",
                folder,
                folder,
                true,
                Optional.empty(),
                new CheckLog("tensorrt", new PrintStream(printed, true, StandardCharsets.UTF_8)));
        TensorRtItem item = new TensorRtItem(new TensorRtItem.Library() {
            @Override
            public Optional<String> obstacle() {
                return obstacle;
            }

            @Override
            public TensorRtEngine create(TensorRtSettings settings) {
                return StandInEngine.create(settings, layers);
            }
        });
        item.prepare(context);
        item.measure(context);
        return printed.toString(StandardCharsets.UTF_8)
                .lines()
                .flatMap(line -> CheckRow.parse(line).stream())
                .toList();
    }

    @Test
    void everyClaimIsMeasuredAndHoldsWhereAllGoesWell() {
        List<CheckRow> rows = rows(Optional.empty(), layers("Int8"));

        assertThat(rows)
                .allSatisfy(row -> assertThat(row.outcome()).as(row.toString()).isEqualTo(Outcome.OK));
        assertThat(rows)
                .extracting(CheckRow::claim)
                .containsOnlyOnce("int8", "int4", "fused", "scratch", "stripped")
                .contains("recorded");
        assertThat(rows).anySatisfy(row -> assertThat(row.measured()).isEqualTo("2 of 2 products in 8 bits"));
    }

    @Test
    void productsThatAreWidenedRefuteTheirClaimAlone() {
        assertThat(rows(Optional.empty(), layers("BFloat16")))
                .filteredOn(row -> row.outcome() == Outcome.FAILED)
                .singleElement()
                .satisfies(row -> {
                    assertThat(row.claim()).isEqualTo("fused");
                    assertThat(row.measured()).startsWith("0 of 2 products in 8 bits; WARNING");
                });
    }

    @Test
    void withoutTheLibraryEveryClaimIsSkippedWithTheReason() {
        assertThat(rows(Optional.of("libnvinfer.so.10 is missing"), ""))
                .hasSize(6)
                .allSatisfy(row -> {
                    assertThat(row.outcome()).isEqualTo(Outcome.SKIPPED);
                    assertThat(row.reason()).contains("libnvinfer.so.10");
                });
    }
}
