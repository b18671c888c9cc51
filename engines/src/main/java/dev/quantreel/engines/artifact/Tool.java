package dev.quantreel.engines.artifact;

import java.io.IOException;
import java.io.InputStream;
import java.util.Properties;

/// What writes artifacts: this program in its version.
final class Tool {

    private Tool() {}

    /// `Quantreel 0.1.0`.
    static String title() {
        Properties properties = new Properties();
        try (InputStream input = Tool.class.getResourceAsStream("version.properties")) {
            if (input != null) {
                properties.load(input);
            }
        } catch (IOException e) {
            return "Quantreel";
        }
        return "Quantreel " + properties.getProperty("version", "of unknown version");
    }
}
