package dev.quantreel.engines.sampling;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatIllegalArgumentException;
import static org.assertj.core.api.Assertions.within;

import dev.quantreel.engines.safetensors.SafetensorsFile;
import dev.quantreel.engines.testing.GoldenResource;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

class SigmaScheduleTest {

    @ParameterizedTest(name = "{0}")
    @CsvSource({
        "euler_shift7_n10, linear, 7, 10",
        "euler_shift3_n4, normal, 3, 4",
        "wan_dpmpp_shift5_n10, linear, 5, 10",
        "wan_unipc_shift5_n10, unipc, 5, 10",
        "comfy_simple_shift7_n20, simple, 7, 20",
        "comfy_simple_shift8_n20, simple, 8, 20",
    })
    void sigmasAndTimestepsMatchTheReference(String golden, String name, double shift, int steps) {
        SigmaSchedule schedule = SigmaSchedule.named(name, shift);
        double[] sigmas = schedule.sigmas(steps);
        try (SafetensorsFile file = GoldenResource.open("schedulers.safetensors")) {
            float[] expected = file.tensor(golden + ".sigmas").toFloatArray();
            assertThat(expected).hasSize(steps + 1);
            for (int i = 0; i <= steps; i++) {
                assertThat(sigmas[i]).as("sigma %d", i).isCloseTo(expected[i], within(1e-6));
            }
            if (file.contains(golden + ".timesteps") && !golden.contains("dpmpp")) {
                float[] timesteps = file.tensor(golden + ".timesteps").toFloatArray();
                for (int i = 0; i < steps; i++) {
                    assertThat(schedule.timestep(sigmas[i]))
                            .as("timestep %d", i)
                            .isCloseTo(timesteps[i], within(1e-3f));
                }
            }
        }
    }

    @ParameterizedTest
    @ValueSource(strings = {"linear", "simple", "normal", "sgm_uniform", "unipc", "unipc_diffusers", "dpmpp"})
    void everyScheduleFallsFromAboutOneToZero(String name) {
        for (double shift : new double[] {0.5, 1, 3, 12}) {
            for (int steps : new int[] {1, 2, 20, 50, 1000}) {
                double[] sigmas = SigmaSchedule.named(name, shift).sigmas(steps);
                assertThat(sigmas).hasSize(steps + 1);
                assertThat(sigmas[0]).isBetween(0.99, 1.0);
                assertThat(sigmas[steps]).isZero();
                for (int i = 0; i < steps; i++) {
                    assertThat(sigmas[i]).as("%s %s step %d", name, shift, i).isGreaterThan(sigmas[i + 1]);
                }
            }
        }
    }

    @Test
    void normalEndsAtTheShiftOfTheTablesLeastLevel() {
        double least = 8 * 0.001 / (1 + 7 * 0.001);
        double[] sigmas = new SigmaSchedule.Normal(8).sigmas(5);
        assertThat(sigmas[0]).isEqualTo(1.0);
        assertThat(sigmas[4]).isCloseTo(8 * least / (1 + 7 * least), within(1e-12));
        double middle = (1 + least) / 2;
        assertThat(sigmas[2]).isCloseTo(8 * middle / (1 + 7 * middle), within(1e-12));
    }

    @Test
    void aShiftOfOneShiftsNothing() {
        assertThat(new SigmaSchedule.Linear(1).sigmas(4)).containsExactly(1, 0.75, 0.5, 0.25, 0);
    }

    @Test
    void whatCannotBeIsNamed() {
        assertThatIllegalArgumentException()
                .isThrownBy(() -> SigmaSchedule.named("karras", 5))
                .withMessageContaining("'karras'")
                .withMessageContaining("linear, simple, normal, sgm_uniform, beta, unipc");
        assertThatIllegalArgumentException()
                .isThrownBy(() -> new SigmaSchedule.Simple(Double.NaN))
                .withMessageContaining("NaN");
        assertThatIllegalArgumentException()
                .isThrownBy(() -> new SigmaSchedule.Linear(5).sigmas(1001))
                .withMessageContaining("1001");
        assertThatIllegalArgumentException()
                .isThrownBy(() -> new SamplerSettings(20, -1, new SigmaSchedule.Linear(5)))
                .withMessageContaining("cfg is -1.0");
    }
}
