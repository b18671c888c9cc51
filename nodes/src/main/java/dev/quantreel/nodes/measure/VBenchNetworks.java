package dev.quantreel.nodes.measure;

import dev.quantreel.engines.vbench.VBenchDimension;
import dev.quantreel.nodes.spi.NodeFolders;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.SequencedMap;
import java.util.TreeMap;

/// The networks of VBench's learned dimensions that the user has.
///
/// @param files by name
/// @param fingerprint equal for files of the same names, sizes and times
public record VBenchNetworks(Map<String, Path> files, String fingerprint) {

    /// The model folder they lie in.
    public static final String FOLDER = "vbench";

    /// None: no dimension is measured.
    public static final VBenchNetworks NONE = new VBenchNetworks(Map.of(), "");

    public VBenchNetworks {
        files = Map.copyOf(files);
    }

    /// Those in the model folder `vbench`.
    ///
    /// @param port the input to blame where a file cannot be found any more
    /// @throws IOException when one cannot be read
    public static VBenchNetworks in(NodeFolders folders, String port) throws IOException {
        Map<String, Path> files = new TreeMap<>();
        for (String name : folders.files(FOLDER)) {
            files.put(name.substring(name.lastIndexOf('/') + 1), folders.resolve(port, FOLDER, name));
        }
        StringBuilder found = new StringBuilder();
        for (Map.Entry<String, Path> network : files.entrySet()) {
            found.append(network.getKey())
                    .append(Files.size(network.getValue()))
                    .append(Files.getLastModifiedTime(network.getValue()))
                    .append(';');
        }
        return new VBenchNetworks(files, found.toString());
    }

    /// Dimensions that have all their networks.
    public List<VBenchDimension> measurable() {
        SequencedMap<VBenchDimension, List<String>> absent = absent();
        return Arrays.stream(VBenchDimension.values())
                .filter(dimension -> !absent.containsKey(dimension))
                .toList();
    }

    /// The other dimensions, with the files that they lack.
    public SequencedMap<VBenchDimension, List<String>> absent() {
        SequencedMap<VBenchDimension, List<String>> absent = new LinkedHashMap<>();
        for (VBenchDimension dimension : VBenchDimension.values()) {
            List<String> missing = dimension.files().stream()
                    .filter(name -> !files.containsKey(name))
                    .toList();
            if (!missing.isEmpty()) {
                absent.put(dimension, missing);
            }
        }
        return absent;
    }
}
