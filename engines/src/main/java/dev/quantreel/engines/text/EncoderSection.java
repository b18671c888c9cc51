package dev.quantreel.engines.text;

import java.util.ArrayList;
import java.util.List;

/// A run of an encoder's layers that makes a graph of its own. What leaves one section enters the next; the first adds
/// what precedes the layers, the last what follows them.
///
/// Sections are opened one after the other, so that while a large encoder is packed by the engine the codes of one
/// section lie beside it, not those of all.
///
/// @param from first layer
/// @param to behind the last layer
/// @param layers of the whole encoder
record EncoderSection(int from, int to, int layers) {

    /// The whole encoder.
    static EncoderSection all(int layers) {
        return new EncoderSection(0, layers, layers);
    }

    /// Runs of equal length.
    ///
    /// @param perSection layers in each, at least 1
    static List<EncoderSection> of(int layers, int perSection) {
        List<EncoderSection> sections = new ArrayList<>();
        for (int from = 0; from < layers; from += perSection) {
            sections.add(new EncoderSection(from, Math.min(layers, from + perSection), layers));
        }
        return sections.isEmpty() ? List.of(all(layers)) : sections;
    }

    boolean isFirst() {
        return from == 0;
    }

    boolean isLast() {
        return to == layers;
    }
}
