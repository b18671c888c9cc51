package dev.quantreel.nodes.video;

import dev.quantreel.nodes.spi.ComboOptions;
import dev.quantreel.nodes.spi.NodeFolders;
import java.util.List;
import java.util.Locale;

/// The pictures in the input folder.
final class ImageFiles implements ComboOptions {

    private static final List<String> EXTENSIONS = List.of(".png", ".jpg", ".jpeg", ".webp", ".bmp");

    @Override
    public List<String> options(NodeFolders folders) {
        return folders.files("input").stream().filter(ImageFiles::isImage).toList();
    }

    private static boolean isImage(String name) {
        String lower = name.toLowerCase(Locale.ROOT);
        return EXTENSIONS.stream().anyMatch(lower::endsWith);
    }
}
