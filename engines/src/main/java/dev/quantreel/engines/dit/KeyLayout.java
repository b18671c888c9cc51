package dev.quantreel.engines.dit;

import java.util.List;
import java.util.function.Function;
import java.util.function.Predicate;
import java.util.function.UnaryOperator;

/// One way in which files of a family name and fuse their tensors. Canonical names are those of the original release
/// with fused matrices split into their parts, so that every other layout can be told as slices of its tensors.
public interface KeyLayout {

    /// For messages and tables: `original`, `ComfyUI`, `diffusers`.
    String name();

    /// Whether a file has this layout.
    ///
    /// @param has whether the file has a tensor of this name (its prefix already taken off)
    boolean fits(Predicate<String> has);

    /// Where the file keeps a canonical tensor.
    ///
    /// @param canonical any name of [TransformerArchitecture#shapes], or one that a family probes for
    TensorSlice locate(String canonical);

    /// A layout that only renames.
    ///
    /// @param signs tensors that every file of the layout has, in its own names
    /// @param names the layout's name of a canonical tensor
    static KeyLayout renaming(String name, List<String> signs, UnaryOperator<String> names) {
        return slicing(name, signs, canonical -> TensorSlice.whole(names.apply(canonical)));
    }

    /// A layout that renames and fuses.
    ///
    /// @param signs tensors that every file of the layout has, in its own names
    static KeyLayout slicing(String name, List<String> signs, Function<String, TensorSlice> slices) {
        List<String> required = List.copyOf(signs);
        return new KeyLayout() {
            @Override
            public String name() {
                return name;
            }

            @Override
            public boolean fits(Predicate<String> has) {
                return required.stream().allMatch(has);
            }

            @Override
            public TensorSlice locate(String canonical) {
                return slices.apply(canonical);
            }
        };
    }
}
