package dev.quantreel.engines.evaluation;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatIllegalArgumentException;

import dev.quantreel.engines.quant.QuantizationPlan;
import dev.quantreel.engines.quant.StatisticsPlan;
import java.util.Arrays;
import java.util.HashSet;
import java.util.List;
import org.junit.jupiter.api.Test;

class MethodTableTest {

    private static Row row(String setting, String method, double... errors) {
        List<Measurement> measurements = Arrays.stream(errors)
                .mapToObj(error -> new Measurement(4, error, 0.5, 30, 0.9, 1, 32, 0.01))
                .toList();
        return new Row(setting, method, measurements, 3_530_000, 2.76, 1.5);
    }

    @Test
    void methodsAreRankedWithinEverySettingAgainstItsBaseline() {
        String table = MethodTable.markdown(List.of(
                row("", "full precision", 0),
                row("W4A4", "worse", 0.3, 0.5),
                row("W4A4", "DVD-Quant", 0.2, 0.2),
                row("W4A8", "DVD-Quant", 0.1),
                row("W4A4", "better", 0.1, 0.2)));
        List<String> lines = table.lines().map(String::strip).toList();
        assertThat(lines).hasSize(7);
        assertThat(lines.get(2)).contains("full precision");
        assertThat(lines.get(3)).startsWith("| W4A8").contains("DVD-Quant", "+0 %");
        assertThat(lines.get(4)).contains("better", "0.1500 ±0.0707", "-25 %");
        assertThat(lines.get(5)).contains("DVD-Quant", "+0 %");
        assertThat(lines.get(6)).contains("worse", "+100 %", "3.53", "1.5", "10.0");
    }

    @Test
    void everyMethodHasAPlanAtEverySettingAndANameOfItsOwn() {
        List<Method> methods = DemoMethods.all(16);
        assertThat(methods.stream().map(Method::name)).doesNotHaveDuplicates().contains(DemoMethods.BASELINE);
        for (Setting setting : Setting.ALL) {
            List<PlannedModels.Wanted> wanted =
                    methods.stream().map(method -> method.at(setting)).toList();
            assertThat(new HashSet<>(wanted)).as(setting.name()).hasSameSizeAs(methods);
            for (PlannedModels.Wanted own : wanted) {
                QuantizationPlan plan = own.plan().orElseThrow();
                assertThat(plan.weightBits()).isEqualTo(setting.weightBits());
                boolean asks =
                        plan.smoothing().needsStatistics() || plan.weights().needsStatistics();
                assertThat(plan.statistics() instanceof StatisticsPlan.None).isEqualTo(!asks);
            }
        }
    }

    @Test
    void aSelectionNamesWhatThereIs() {
        List<Method> all = DemoMethods.all(16);
        DemoBenchmark.Selection some = new DemoBenchmark.Selection(List.of("gptq", "DVD-QUANT"), List.of("W4A4"));
        assertThat(some.methodsOf(all).stream().map(Method::name))
                .contains("DVD-Quant", "ARQ + GPTQ (self)")
                .doesNotContain("MinMax");
        assertThat(some.chosenSettings()).extracting(Setting::name).containsExactly("W4A4");
        assertThat(DemoBenchmark.Selection.ALL.methodsOf(all)).isEqualTo(all);
        assertThatIllegalArgumentException()
                .isThrownBy(() -> new DemoBenchmark.Selection(List.of("awq"), List.of()).methodsOf(all))
                .withMessageContaining("[awq]")
                .withMessageContaining("DVD-Quant");
        assertThatIllegalArgumentException()
                .isThrownBy(() -> new DemoBenchmark.Selection(List.of(), List.of("W2A2")))
                .withMessageContaining("W2A2")
                .withMessageContaining("W4A8");
    }
}
