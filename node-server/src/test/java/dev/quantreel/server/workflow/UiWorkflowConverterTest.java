package dev.quantreel.server.workflow;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatExceptionOfType;

import com.fasterxml.jackson.databind.JsonNode;
import dev.quantreel.server.testing.TestNodes;
import org.junit.jupiter.api.Test;

class UiWorkflowConverterTest {

    private final UiWorkflowConverter converter = new UiWorkflowConverter(new TestNodes().catalog());

    private JsonNode convert(String nodes, String links) {
        return converter.toApi(Json.read("{\"version\":0.4,\"nodes\":[" + nodes + "],\"links\":[" + links + "]}"));
    }

    private static String number(int id, String rest) {
        return "{\"id\":" + id
                + ",\"type\":\"Number\",\"outputs\":[{\"name\":\"value\",\"type\":\"INT\",\"links\":[1]}]" + rest + "}";
    }

    private static String pass(int id, int link, String rest) {
        return "{\"id\":" + id + ",\"type\":\"Pass\",\"inputs\":[{\"name\":\"value\",\"type\":\"*\",\"link\":" + link
                + "}]," + "\"outputs\":[{\"name\":\"value\",\"type\":\"*\",\"links\":[2]}]" + rest + "}";
    }

    private static String show(int link) {
        return "{\"id\":9,\"type\":\"Show\",\"title\":\"The end\",\"inputs\":[{\"name\":\"value\",\"type\":\"*\",\"link\":"
                + link + "}]}";
    }

    @Test
    void widgetsAreMatchedInSpecOrderAndTheSeedsControlIsSkipped() {
        JsonNode api = convert(
                number(1, ",\"widgets_values\":[42,\"randomize\"]") + ","
                        + "{\"id\":2,\"type\":\"Text\",\"widgets_values\":[\"hi\",2.5,true,\"wild\"]}",
                "");

        assertThat(api.at("/1/inputs")).isEqualTo(Json.read("{\"value\":42}"));
        assertThat(api.at("/2/inputs"))
                .isEqualTo(Json.read("{\"text\":\"hi\",\"size\":2.5,\"loud\":true,\"mood\":\"wild\"}"));
        assertThat(api.at("/1/_meta/title").asText()).isEqualTo("Title of Number");
    }

    @Test
    void namedWidgetsComeBeforePositionalOnesAndMissingOnesHaveTheirDefault() {
        JsonNode named = convert(
                number(1, ",\"widgets_values\":[1],\"widgets_values_named\":{\"value\":7}") + ","
                        + "{\"id\":2,\"type\":\"Text\",\"widgets_values\":{\"mood\":\"wild\"}}",
                "");

        assertThat(named.at("/1/inputs/value").asInt()).isEqualTo(7);
        assertThat(named.at("/2/inputs"))
                .isEqualTo(Json.read("{\"text\":\"\",\"size\":1.0,\"loud\":false,\"mood\":\"wild\"}"));
    }

    @Test
    void linkedWidgetKeepsItsPlaceAndTheLinkWins() {
        JsonNode api = convert(
                number(1, ",\"widgets_values\":[3]")
                        + ",{\"id\":2,\"type\":\"Text\",\"widgets_values\":[\"hi\",2,true,\"wild\"],"
                        + "\"inputs\":[{\"name\":\"size\",\"type\":\"FLOAT\",\"widget\":{\"name\":\"size\"},\"link\":1}]}",
                "[1,1,0,2,0,\"FLOAT\"]");

        assertThat(api.at("/2/inputs/size")).isEqualTo(Json.read("[\"1\",0]"));
        assertThat(api.at("/2/inputs/mood").asText()).isEqualTo("wild");
    }

    @Test
    void linksOfBothVersionsAreRead() {
        JsonNode listed = convert(number(1, "") + "," + show(1), "[1,1,0,9,0,\"INT\"]");
        JsonNode objects = convert(
                number(1, "") + "," + show(1),
                "{\"id\":1,\"origin_id\":1,\"origin_slot\":0,\"target_id\":9,\"target_slot\":0,\"type\":\"INT\"}");

        assertThat(listed.at("/9/inputs/value")).isEqualTo(Json.read("[\"1\",0]"));
        assertThat(objects).isEqualTo(listed);
        assertThat(listed.at("/9/_meta/title").asText()).isEqualTo("The end");
    }

    @Test
    void bypassedNodePassesItsInputThroughAndMutedNodeVanishes() {
        String links = "[1,1,0,5,0,\"INT\"],[2,5,0,9,0,\"INT\"]";
        JsonNode bypassed = convert(number(1, "") + "," + pass(5, 1, ",\"mode\":4") + "," + show(2), links);
        JsonNode muted = convert(number(1, "") + "," + pass(5, 1, ",\"mode\":2") + "," + show(2), links);

        assertThat(bypassed.has("5")).isFalse();
        assertThat(bypassed.at("/9/inputs/value")).isEqualTo(Json.read("[\"1\",0]"));
        assertThat(muted.has("5")).isFalse();
        assertThat(muted.at("/9/inputs").has("value")).isFalse();
    }

    @Test
    void reroutesNotesAndPrimitivesAreReplacedByWhatTheyStandFor() {
        String reroute =
                "{\"id\":5,\"type\":\"Reroute\",\"inputs\":[{\"name\":\"\",\"type\":\"*\",\"link\":1}],\"outputs\":[{\"name\":\"\",\"type\":\"INT\",\"links\":[2]}]}";
        String primitive =
                "{\"id\":6,\"type\":\"PrimitiveNode\",\"widgets_values\":[11,\"fixed\"],\"outputs\":[{\"name\":\"INT\",\"type\":\"INT\",\"links\":[3]}]}";
        String add =
                "{\"id\":7,\"type\":\"Add\",\"widgets_values\":[0,0],\"inputs\":[{\"name\":\"a\",\"type\":\"INT\",\"link\":2},{\"name\":\"b\",\"type\":\"INT\",\"link\":3}]}";
        JsonNode api = convert(
                number(1, "") + "," + reroute + "," + primitive + "," + add
                        + ",{\"id\":8,\"type\":\"Note\",\"widgets_values\":[\"hello\"]}",
                "[1,1,0,5,0,\"INT\"],[2,5,0,7,0,\"INT\"],[3,6,0,7,1,\"INT\"]");

        assertThat(api.at("/7/inputs")).isEqualTo(Json.read("{\"a\":[\"1\",0],\"b\":11}"));
        assertThat(api).hasSize(2);
    }

    @Test
    void reroutesInACircleEnd() {
        String reroute = "{\"id\":%d,\"type\":\"Reroute\",\"inputs\":[{\"name\":\"\",\"type\":\"*\",\"link\":%d}]}";
        JsonNode api = convert(
                reroute.formatted(1, 2) + "," + reroute.formatted(2, 1) + "," + show(1),
                "[1,1,0,2,0,\"*\"],[2,2,0,1,0,\"*\"]");

        assertThat(api.at("/9/inputs").has("value")).isFalse();
    }

    @Test
    void unknownKindAndSubgraphAreNamed() {
        assertThatExceptionOfType(WorkflowException.class)
                .isThrownBy(() -> convert("{\"id\":3,\"type\":\"Nope\"}", ""))
                .withMessageContaining("node 3")
                .withMessageContaining("Nope");
        assertThatExceptionOfType(WorkflowException.class)
                .isThrownBy(
                        () -> converter.toApi(
                                Json.read(
                                        "{\"nodes\":[{\"id\":4,\"type\":\"uuid\"}],\"definitions\":{\"subgraphs\":[{\"id\":\"uuid\"}]}}")))
                .withMessageContaining("node 4 is a subgraph");
    }

    @Test
    void brokenDocumentsAreRefused() {
        assertThatExceptionOfType(WorkflowException.class).isThrownBy(() -> convert("{\"id\":1}", ""));
        assertThatExceptionOfType(WorkflowException.class)
                .isThrownBy(() -> convert(number(1, "") + "," + number(1, ""), ""));
        assertThatExceptionOfType(WorkflowException.class).isThrownBy(() -> convert(number(1, ""), "5"));
    }
}
