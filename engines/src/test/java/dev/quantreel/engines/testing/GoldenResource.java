package dev.quantreel.engines.testing;

import dev.quantreel.engines.safetensors.SafetensorsFile;
import java.net.URISyntaxException;
import java.net.URL;
import java.nio.file.Path;

/// Opens reference values of `src/test/resources/golden`, made by the scripts of `tools/reference`.
public final class GoldenResource {

    private GoldenResource() {}

    /// @param name file name without folder
    public static SafetensorsFile open(String name) {
        return SafetensorsFile.open(path(name));
    }

    /// Where a file of any format lies.
    ///
    /// @param name file name without folder
    public static Path path(String name) {
        URL url = GoldenResource.class.getResource("/golden/" + name);
        if (url == null) {
            throw new IllegalArgumentException("no golden file " + name);
        }
        try {
            return Path.of(url.toURI());
        } catch (URISyntaxException e) {
            throw new IllegalStateException(e);
        }
    }
}
