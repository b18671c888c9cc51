package dev.quantreel.server.config;

import java.io.IOException;
import java.io.InputStream;
import java.util.Properties;
import picocli.CommandLine.IVersionProvider;

/// The version of this program, written by the build.
final class Version implements IVersionProvider {

    static String text() {
        Properties properties = new Properties();
        try (InputStream input = Version.class.getResourceAsStream("version.properties")) {
            if (input != null) {
                properties.load(input);
            }
        } catch (IOException e) {
            return "unknown";
        }
        return properties.getProperty("version", "unknown");
    }

    @Override
    public String[] getVersion() {
        return new String[] {"Quantreel " + text() + " (Java " + Runtime.version() + ")"};
    }
}
