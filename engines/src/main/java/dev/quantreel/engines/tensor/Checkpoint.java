package dev.quantreel.engines.tensor;

import java.util.Map;
import java.util.SequencedSet;

/// Named tensors with string metadata, as a safetensors file holds them. Immutable; safe to share.
public interface Checkpoint {

    /// Tensor names in file order.
    SequencedSet<String> names();

    /// The tensor as stored (a view of the mapping or of memory; not converted).
    ///
    /// @throws IllegalArgumentException when no tensor has this name; names the source, the tensor and the nearest
    ///     names
    Tensor tensor(String name);

    default boolean contains(String name) {
        return names().contains(name);
    }

    /// Shape of a tensor, without decoding it: layouts that unpack or merge at [#tensor] answer this from their header.
    ///
    /// @throws IllegalArgumentException as [#tensor]
    default Shape shape(String name) {
        return tensor(name).shape();
    }

    /// Element type in which [#tensor] hands a tensor out, without decoding it.
    ///
    /// @throws IllegalArgumentException as [#tensor]
    default DType dtype(String name) {
        return tensor(name).dtype();
    }

    /// Bytes a tensor takes where it is stored: packed codes with their scales, not what they decode to.
    ///
    /// @throws IllegalArgumentException as [#tensor]
    default long storedBytes(String name) {
        return dtype(name).byteSize(shape(name).elements());
    }

    /// `__metadata__` of the header; empty when absent.
    Map<String, String> metadata();

    /// Where the tensors came from, for messages: a file name, or a description.
    String source();

    /// Hex digest that identifies content: equal for equal names, types, shapes, bytes and metadata
    /// ([CheckpointDigest]). Computed at the first call, from every byte.
    String digest();
}
