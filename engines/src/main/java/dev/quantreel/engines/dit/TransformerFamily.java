package dev.quantreel.engines.dit;

import dev.quantreel.engines.tensor.Checkpoint;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.SequencedMap;

/// A family of video diffusion transformers: how its files are recognised. Stateless; registered
/// through [java.util.ServiceLoader].
///
/// To add one: a record that implements [TransformerArchitecture] (sizes read from shapes, every tensor with its shape,
/// graphs), and an implementation of this interface with the layouts its files come in.
public interface TransformerFamily {

    /// Name for people: `Wan 2.1 / 2.2`.
    String title();

    /// The layouts its files come in, tried in order.
    List<KeyLayout> layouts();

    /// Reads the sizes and the variant of a file.
    ///
    /// @param canonical the file under canonical names; knows shapes and [Checkpoint#contains] of any name a layout
    /// can locate, its [Checkpoint#names] are not known yet
    /// @throws dev.quantreel.engines.tensor.UnsupportedCheckpointException when it is a variant that is not
    /// supported
    TransformerArchitecture read(Checkpoint canonical);

    /// The published models of this family at their real sizes, by the names that commands know them by, such as
    /// `wan-t2v-1.3b`: what trials of scale are made from.
    default SequencedMap<String, TransformerArchitecture> releases() {
        return new LinkedHashMap<>();
    }
}
