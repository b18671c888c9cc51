package dev.quantreel.engines.gpucheck;

import java.io.IOException;
import java.io.InputStream;
import java.io.OutputStream;
import java.io.UncheckedIOException;
import java.net.URI;
import java.net.URISyntaxException;
import java.net.URL;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Collections;
import java.util.List;
import java.util.function.Predicate;
import java.util.stream.Stream;
import java.util.zip.CRC32;
import java.util.zip.ZipEntry;
import java.util.zip.ZipFile;
import java.util.zip.ZipOutputStream;

/// What a class was loaded from, packed anew without compression and without what is not needed: an archive around it
/// compresses the whole better.
final class StoredJar {

    private StoredJar() {}

    /// The jar or folder that holds a class.
    ///
    /// @param resource its name with slashes and `.class`
    /// @throws IOException when it is not on the class path
    static Path home(String resource) throws IOException {
        URL url = StoredJar.class.getClassLoader().getResource(resource);
        if (url == null) {
            throw new IOException(resource + " is not on the class path");
        }
        String place = url.toString();
        try {
            return place.startsWith("jar:")
                    ? Path.of(new URI(place.substring("jar:".length(), place.indexOf("!/"))))
                    : Path.of(new URI(place.substring(0, place.length() - resource.length())));
        } catch (URISyntaxException e) {
            throw new IOException("the place of " + resource + " is not readable: " + place, e);
        }
    }

    /// @param home a jar or a folder of classes
    /// @param wanted by the name of the entry
    static void write(Path home, Path target, Predicate<String> wanted) throws IOException {
        try (OutputStream file = Files.newOutputStream(target);
                ZipOutputStream out = new ZipOutputStream(file)) {
            out.setMethod(ZipOutputStream.STORED);
            if (Files.isDirectory(home)) {
                try (Stream<Path> walk = Files.walk(home)) {
                    for (Path path : walk.filter(Files::isRegularFile).sorted().toList()) {
                        String name = home.relativize(path).toString().replace('\\', '/');
                        if (wanted.test(name)) {
                            put(out, name, Files.readAllBytes(path));
                        }
                    }
                }
                return;
            }
            try (ZipFile jar = new ZipFile(home.toFile())) {
                List<ZipEntry> entries = new ArrayList<>(Collections.list(jar.entries()));
                for (ZipEntry entry : entries) {
                    if (!entry.isDirectory() && wanted.test(entry.getName())) {
                        put(out, entry.getName(), read(jar, entry));
                    }
                }
            }
        } catch (UncheckedIOException e) {
            throw e.getCause();
        }
    }

    private static byte[] read(ZipFile jar, ZipEntry entry) throws IOException {
        try (InputStream in = jar.getInputStream(entry)) {
            return in.readAllBytes();
        }
    }

    private static void put(ZipOutputStream out, String name, byte[] bytes) throws IOException {
        CRC32 crc = new CRC32();
        crc.update(bytes);
        ZipEntry entry = new ZipEntry(name);
        entry.setTime(0);
        entry.setSize(bytes.length);
        entry.setCrc(crc.getValue());
        out.putNextEntry(entry);
        out.write(bytes);
        out.closeEntry();
    }
}
