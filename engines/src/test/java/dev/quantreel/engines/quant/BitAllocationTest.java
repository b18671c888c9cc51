package dev.quantreel.engines.quant;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatIllegalArgumentException;
import static org.assertj.core.api.Assertions.within;

import dev.quantreel.engines.quant.BitAllocation.Layer;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Random;
import java.util.TreeMap;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

class BitAllocationTest {

    private static Layer layer(String name, long weights, double four, double six, double eight) {
        return new Layer(name, weights, new TreeMap<>(Map.of(4, four, 6, six, 8, eight)));
    }

    @Test
    void theLayerThatSuffersMostGetsTheBits() {
        List<Layer> layers = List.of(layer("a", 100, 0.01, 0.0006, 0.00004), layer("b", 100, 0.2, 0.012, 0.0008));

        assertThat(BitAllocation.of(layers, 5).bits())
                .containsExactlyEntriesOf(
                        BitAllocation.at(layers, Map.of("a", 4, "b", 6)).bits());
        assertThat(BitAllocation.of(layers, 6).bits()).containsEntry("b", 8).containsEntry("a", 4);
        assertThat(BitAllocation.of(layers, 8).bits().values()).containsOnly(8);
    }

    @Test
    void ofEqualNoiseTheSmallerLayerIsCheaper() {
        List<Layer> layers = List.of(layer("large", 900, 0.1, 0.006, 0.0004), layer("small", 100, 0.1, 0.006, 0.0004));

        BitAllocation chosen = BitAllocation.of(layers, 4.4);

        assertThat(chosen.bits()).containsEntry("small", 8).containsEntry("large", 4);
        assertThat(chosen.meanBits()).isEqualTo(4.4);
    }

    @Test
    void stepsThatGainLittleAreTakenTogetherWithThoseThatGainMuch() {
        Layer stubborn = layer("stubborn", 100, 0.5, 0.49, 0.001);
        Layer mild = layer("mild", 100, 0.1, 0.05, 0.045);

        assertThat(BitAllocation.of(List.of(stubborn, mild), 6).bits())
                .containsEntry("stubborn", 8)
                .containsEntry("mild", 4);
    }

    @Test
    void moreBitsThatDoNotHelpAreNotSpent() {
        Layer flat = layer("flat", 10, 0.1, 0.1, 0.1);

        assertThat(BitAllocation.of(List.of(flat), 8).bits()).containsEntry("flat", 4);
    }

    @ParameterizedTest
    @ValueSource(longs = {1, 2, 3, 4, 5, 6, 7, 8})
    void isAsGoodAsTryingAllUpToOneStep(long seed) {
        Random random = new Random(seed);
        List<Layer> layers = new ArrayList<>();
        double largest = 0;
        for (int i = 0; i < 7; i++) {
            double noise = 0.001 + random.nextDouble();
            largest = Math.max(largest, noise);
            layers.add(layer("l" + i, 50 + random.nextInt(200), noise, noise / 16, noise / 256));
        }
        double mean = 4.5 + 3 * random.nextDouble();

        BitAllocation chosen = BitAllocation.of(layers, mean);
        double best = best(layers, new HashMap<>(), mean);

        assertThat(chosen.meanBits()).isLessThanOrEqualTo(mean);
        assertThat(chosen.noise()).isBetween(best - 1e-12, best + largest);
        assertThat(BitAllocation.of(layers, chosen.meanBits()).noise()).isCloseTo(chosen.noise(), within(1e-12));
        assertThat(best(layers, new HashMap<>(), chosen.meanBits())).isGreaterThan(0.5 * chosen.noise());
    }

    private static double best(List<Layer> layers, Map<String, Integer> bits, double mean) {
        if (bits.size() == layers.size()) {
            BitAllocation whole = BitAllocation.at(layers, bits);
            return whole.meanBits() <= mean ? whole.noise() : Double.POSITIVE_INFINITY;
        }
        double best = Double.POSITIVE_INFINITY;
        Layer next = layers.get(bits.size());
        for (int own : next.noise().keySet()) {
            Map<String, Integer> longer = new HashMap<>(bits);
            longer.put(next.name(), own);
            best = Math.min(best, best(layers, longer, mean));
        }
        return best;
    }

    @Test
    void rulesNameEachLayerOnceAndOnlyIt() {
        List<Layer> layers = List.of(
                layer("blocks.1.ffn.0", 100, 0.1, 0.01, 0.001), layer("blocks.11.ffn.0", 100, 0.3, 0.02, 0.001));
        BitAllocation chosen = BitAllocation.at(layers, Map.of("blocks.1.ffn.0", 4, "blocks.11.ffn.0", 8));
        LayerRule rule = new LayerRule("", LayerRule.Edge.NONE, LayerRule.Edge.NONE, chosen.rules());

        assertThat(rule.bits(List.of("blocks.1.ffn.0", "blocks.11.ffn.0", "blocks.1.ffn.00"), 2))
                .isEqualTo(Map.of("blocks.1.ffn.0", 4, "blocks.11.ffn.0", 8, "blocks.1.ffn.00", 2));
    }

    @Test
    void aMeanBelowTheFewestBitsIsRefused() {
        assertThatIllegalArgumentException()
                .isThrownBy(() -> BitAllocation.of(List.of(layer("a", 1, 1, 1, 1)), 3.9))
                .withMessageContaining("3.9")
                .withMessageContaining("4.0");
    }

    @Test
    void noiseThatIsNoNumberIsRefused() {
        assertThatIllegalArgumentException()
                .isThrownBy(() -> layer("a", 1, Double.NaN, 1, 1))
                .withMessageContaining("layer a");
    }
}
