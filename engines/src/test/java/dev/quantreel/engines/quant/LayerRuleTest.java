package dev.quantreel.engines.quant;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatIllegalArgumentException;

import dev.quantreel.engines.quant.LayerRule.Edge;
import dev.quantreel.engines.quant.LayerRule.LayerBits;
import dev.quantreel.engines.quant.LayerRule.Role;
import dev.quantreel.engines.runtime.CancellationToken;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

class LayerRuleTest {

    private static final List<String> WAN = wan(5);

    private static List<String> wan(int blocks) {
        List<String> layers = new ArrayList<>();
        for (int i = 0; i < blocks; i++) {
            for (String part : List.of("self_attn.q", "self_attn.o", "cross_attn.k", "ffn.0", "ffn.2")) {
                layers.add("blocks." + i + "." + part);
            }
        }
        return layers;
    }

    @Test
    void theFirstPatternThatIsFoundHolds() {
        LayerRule rule = new LayerRule(
                "self_attn\\.q",
                Edge.NONE,
                Edge.NONE,
                List.of(new LayerBits("blocks\\.3\\..*ffn", 6), new LayerBits("ffn", 8)));
        Map<String, Integer> bits = rule.bits(WAN, 4);

        assertThat(bits).hasSize(20).doesNotContainKey("blocks.0.self_attn.q");
        assertThat(bits).containsEntry("blocks.3.ffn.0", 6).containsEntry("blocks.2.ffn.0", 8);
        assertThat(bits).containsEntry("blocks.3.self_attn.o", 4);
        assertThat(rule.select(WAN)).containsExactlyElementsOf(bits.keySet());
    }

    @Test
    void blocksAtTheEndsAreKeptOrHaveBitsOfTheirOwnWhateverThePatternsSay() {
        LayerRule rule = new LayerRule("", new Edge(1, 0), new Edge(2, 8), List.of(new LayerBits("ffn", 3)));
        Map<String, Integer> bits = rule.bits(WAN, 4);

        assertThat(bits.keySet()).noneMatch(layer -> layer.startsWith("blocks.0."));
        assertThat(bits).containsEntry("blocks.1.ffn.0", 3).containsEntry("blocks.2.self_attn.q", 4);
        assertThat(bits).containsEntry("blocks.3.ffn.0", 8).containsEntry("blocks.4.self_attn.q", 8);
    }

    @Test
    void moreBlocksThanThereAreIsAllOfThem() {
        assertThat(new LayerRule("", new Edge(100, 0), Edge.NONE, List.of()).select(WAN))
                .isEmpty();
        assertThat(new LayerRule("", Edge.NONE, new Edge(100, 7), List.of())
                        .bits(WAN, 4)
                        .values())
                .containsOnly(7);
    }

    @Test
    void theLastBlocksOfTwoStacksAreThoseOfTheSecond() {
        List<String> layers =
                List.of("double_blocks.0.img_attn.q", "single_blocks.0.linear2.attn", "single_blocks.1.linear1.q");
        LayerRule rule = new LayerRule("", new Edge(1, 0), new Edge(1, 8), List.of());

        assertThat(rule.bits(layers, 4))
                .containsExactly(
                        Map.entry("single_blocks.0.linear2.attn", 4), Map.entry("single_blocks.1.linear1.q", 8));
    }

    @ParameterizedTest
    @CsvSource({
        "blocks.3.self_attn.q, SELF_ATTENTION",
        "blocks.3.cross_attn.k_img, CROSS_ATTENTION",
        "blocks.3.ffn.0, MLP",
        "double_blocks.1.img_attn.q, SELF_ATTENTION",
        "double_blocks.1.txt_mlp.2, MLP",
        "single_blocks.1.linear1.q, SELF_ATTENTION",
        "single_blocks.1.linear1.mlp, MLP",
        "single_blocks.1.linear2.attn, SELF_ATTENTION",
        "single_blocks.1.linear2.mlp, MLP",
        "transformer_blocks.0.attn1.to_q, SELF_ATTENTION",
        "transformer_blocks.0.attn2.to_k, CROSS_ATTENTION",
        "transformer_blocks.0.ff.net.0.proj, MLP"
    })
    void layersOfAllFamiliesHaveARole(String layer, Role expected) {
        for (Role role : List.of(Role.SELF_ATTENTION, Role.CROSS_ATTENTION, Role.MLP)) {
            boolean found =
                    !new LayerRule(role.pattern()).select(List.of(layer)).contains(layer);
            assertThat(found).as("%s in %s", role, layer).isEqualTo(role == expected);
        }
    }

    @Test
    void metricDecoupledGroupsGiveTheMlpEightBits() {
        LayerRule rule = new LayerRule("", Edge.NONE, Edge.NONE, LayerRule.metricDecoupled());

        assertThat(rule.bits(WAN, 4)).containsEntry("blocks.0.ffn.2", 8).containsEntry("blocks.0.cross_attn.k", 4);
    }

    @Test
    void rulesAddUpAndTheLaterIsHeardFirst() {
        LayerRule earlier = new LayerRule("q$", new Edge(1, 6), Edge.NONE, List.of(new LayerBits("ffn", 8)));
        LayerRule both =
                earlier.and(new LayerRule("o$", Edge.NONE, new Edge(1, 7), List.of(new LayerBits("ffn.0", 5))));
        Map<String, Integer> bits = both.bits(WAN, 4);

        assertThat(bits.keySet()).noneMatch(layer -> layer.endsWith(".q") || layer.endsWith(".o"));
        assertThat(bits).containsEntry("blocks.0.ffn.0", 6).containsEntry("blocks.4.ffn.0", 7);
        assertThat(bits).containsEntry("blocks.2.ffn.0", 5).containsEntry("blocks.2.ffn.2", 8);
        assertThat(earlier.and(LayerRule.ALL)).isEqualTo(earlier);
    }

    @Test
    void everyLayerIsQuantizedToItsOwnBits() {
        LayerRule rule = new LayerRule("", Edge.NONE, new Edge(1, 0), List.of(new LayerBits("ffn", 8)));
        List<String> layers = List.of("blocks.0.self_attn.q", "blocks.0.ffn.0", "blocks.1.ffn.0");
        WeightPlan weight = new WeightPlan(new WeightQuantizer.Pbq(), 3, new Granularity.GroupMultiples(64));
        QuantizedWeights weights = QuantizedWeights.of(
                SyntheticData.linears(24, 128, layers.toArray(String[]::new)),
                QuantizationPlan.DVD_QUANT.withWeights(weight).withLayers(rule),
                layers,
                QuantizationProgress.NONE,
                CancellationToken.NONE);

        assertThat(weights.matrix("blocks.0.self_attn.q").orElseThrow().bits()).isEqualTo(3);
        QuantizedMatrix eight = weights.matrix("blocks.0.ffn.0").orElseThrow();
        assertThat(eight.bits()).isEqualTo(8);
        assertThat(eight.isInteger()).as("8 bits leave no room for multiples").isFalse();
        assertThat(weights.matrix("blocks.1.ffn.0")).isEmpty();
        assertThat(weights.memory().quantizedBytes())
                .isEqualTo(24 * 128 / 2 + 24 * (4 + 2 * 2) + 24 * 128 + 24 * 2 * 3);
    }

    @Test
    void wrongRulesSayWhatWouldBeAccepted() {
        assertThatIllegalArgumentException()
                .isThrownBy(() -> new LayerBits("ffn", 1))
                .withMessage("weight bits for ffn is 1; 2 to 8 are accepted");
        assertThatIllegalArgumentException()
                .isThrownBy(() -> new LayerBits("ffn(", 4))
                .withMessageContaining("ffn(");
        assertThatIllegalArgumentException()
                .isThrownBy(() -> new LayerBits("", 4))
                .withMessageContaining("empty");
        assertThatIllegalArgumentException().isThrownBy(() -> new Edge(-1, 4)).withMessageContaining("-1 blocks");
        assertThatIllegalArgumentException().isThrownBy(() -> new Edge(1, 9)).withMessageContaining("9; 2 to 8");
        assertThatIllegalArgumentException()
                .isThrownBy(() -> QuantizationPlan.DVD_QUANT
                        .withActivations(new RotationPlan.None(), new ActivationQuantizer.BlockExact(64))
                        .withLayers(new LayerRule("", Edge.NONE, Edge.NONE, LayerRule.metricDecoupled())))
                .withMessageContaining("layer rule");
    }
}
