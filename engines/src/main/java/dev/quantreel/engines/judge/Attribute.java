package dev.quantreel.engines.judge;

import java.util.List;

/// What a caption of the demo model says about its clip, with the words it may use.
public enum Attribute {
    BACKGROUND(List.of("black", "white", "gray", "navy")),
    COLOUR(List.of("red", "green", "blue", "yellow", "orange", "purple", "cyan", "pink")),
    DIRECTION(List.of("left", "right", "up", "down")),
    SHAPE(List.of("circle", "square", "triangle", "ring")),
    SIZE(List.of("small", "large"));

    private final List<String> words;

    Attribute(List<String> words) {
        this.words = words;
    }

    /// Every value; no word belongs to two attributes.
    public List<String> words() {
        return words;
    }
}
