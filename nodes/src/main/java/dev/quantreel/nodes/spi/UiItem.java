package dev.quantreel.nodes.spi;

/// Something the canvas shows on a finished node.
public sealed interface UiItem {

    /// A file in the output, input or temp folder.
    ///
    /// @param kind how to show it
    /// @param filename name without folder
    /// @param subfolder folder below the root, with `/`; may be empty
    /// @param root which root
    /// @param mediaType MIME type, for example `video/mp4`
    record FileItem(Kind kind, String filename, String subfolder, Root root, String mediaType) implements UiItem {}

    /// A line or a table as text.
    record Text(String text) implements UiItem {}

    /// Keys of ComfyUI's `ui` dictionary.
    enum Kind {
        IMAGES,
        VIDEO,
        GIFS,
        FILES
    }

    /// Wire names are lower case.
    enum Root {
        OUTPUT,
        INPUT,
        TEMP
    }
}
