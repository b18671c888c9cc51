package dev.quantreel.nodes.bench;

import java.util.Arrays;
import java.util.HashMap;
import java.util.List;
import java.util.Map;

/// The options of a benchmark, `--name value` each.
///
/// @param values as given, by name
record CommandWords(Map<String, String> values) {

    private static final int MOST_DIGITS = 6;

    /// @param command for messages, `bench demo`
    /// @param numbers names that take a number
    /// @param lists names that take words between commas
    /// @throws IllegalArgumentException when a word is none of these
    static CommandWords parse(String command, List<String> arguments, List<String> numbers, List<String> lists) {
        Map<String, String> values = new HashMap<>();
        for (int i = 0; i < arguments.size(); i += 2) {
            String name = arguments.get(i);
            String value = i + 1 < arguments.size() ? arguments.get(i + 1) : "";
            boolean isNumber = numbers.contains(name) && value.matches("\\d{1," + MOST_DIGITS + "}");
            boolean isList = lists.contains(name) && !value.isBlank();
            if (!isNumber && !isList) {
                throw new IllegalArgumentException(command + ": '" + name + " " + value + "' is not one of " + numbers
                        + " with a number" + (lists.isEmpty() ? "" : " or " + lists + " with words"));
            }
            values.put(name, value);
        }
        return new CommandWords(Map.copyOf(values));
    }

    int number(String name, int otherwise) {
        String value = values.get(name);
        return value == null ? otherwise : Integer.parseInt(value);
    }

    /// Words between commas; none where the option is not given.
    List<String> list(String name) {
        return Arrays.stream(values.getOrDefault(name, "").split(","))
                .map(String::strip)
                .filter(word -> !word.isEmpty())
                .toList();
    }
}
