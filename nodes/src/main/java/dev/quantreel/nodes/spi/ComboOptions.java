package dev.quantreel.nodes.spi;

import java.util.List;

/// The accepted values of a STRING input that are known only at run time, for example the engines of this machine.
/// Named by [In#options]; made once through the public or package-private no-argument constructor. Thread-safe.
public interface ComboOptions {

    /// The values accepted now, in the order shown.
    List<String> options(NodeFolders folders);

    /// No list: any text is accepted.
    final class Any implements ComboOptions {
        @Override
        public List<String> options(NodeFolders folders) {
            return List.of();
        }
    }
}
