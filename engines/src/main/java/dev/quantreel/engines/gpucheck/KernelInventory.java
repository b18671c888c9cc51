package dev.quantreel.engines.gpucheck;

import dev.quantreel.engines.runtime.cuda.kernel.KernelLibrary;
import java.io.IOException;
import java.io.InputStream;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Set;
import java.util.TreeSet;
import java.util.stream.Stream;
import java.util.zip.ZipEntry;
import java.util.zip.ZipFile;

/// The kernels that this build holds: sources by unit, and the chips that each has machine code for.
final class KernelInventory {

    private static final String FOLDER = "dev/quantreel/engines/runtime/cuda/kernel/";
    private static final int MAGIC = 0xBA55ED50;
    private static final int ENTRY_BYTES = 32;
    private static final int MACHINE_CODE = 2;

    private KernelInventory() {}

    /// Units, sorted.
    static List<String> units() throws IOException {
        Path home = StoredJar.home(FOLDER + "KernelLibrary.class");
        if (Files.isDirectory(home)) {
            try (Stream<Path> files = Files.list(home.resolve(FOLDER))) {
                return units(files.map(path -> String.valueOf(path.getFileName())));
            }
        }
        try (ZipFile jar = new ZipFile(home.toFile())) {
            return units(jar.stream()
                    .map(ZipEntry::getName)
                    .filter(name -> name.startsWith(FOLDER))
                    .map(name -> name.substring(FOLDER.length())));
        }
    }

    private static List<String> units(Stream<String> names) {
        return names.filter(name -> name.endsWith(".cu"))
                .map(name -> name.substring(0, name.length() - ".cu".length()))
                .sorted()
                .toList();
    }

    /// Chips, as in sm_90, that a unit has machine code for; none where nvcc was not there when this was built.
    static Set<Integer> chips(String unit) throws IOException {
        try (InputStream in = KernelLibrary.class.getResourceAsStream(unit + ".fatbin")) {
            return in == null ? Set.of() : chips(in.readAllBytes());
        }
    }

    /// The entries of a fatbin: a header of 16 bytes (magic, version, its size, size of all entries), then
    /// entries of kind (u16; 1 is PTX, 2 machine code), version, size of the header (u32) and of the content
    /// (u64), and, 28 bytes in, the chip.
    static Set<Integer> chips(byte[] fatbin) {
        ByteBuffer buffer = ByteBuffer.wrap(fatbin).order(ByteOrder.LITTLE_ENDIAN);
        if (fatbin.length < 16 || buffer.getInt(0) != MAGIC) {
            throw new IllegalArgumentException("no fatbin: it does not begin with its magic number");
        }
        Set<Integer> chips = new TreeSet<>();
        int at = buffer.getShort(6);
        int end = Math.toIntExact(Math.min(fatbin.length, at + buffer.getLong(8)));
        while (at + ENTRY_BYTES <= end) {
            if (buffer.getShort(at) == MACHINE_CODE) {
                chips.add(buffer.getInt(at + 28));
            }
            at = Math.toIntExact(at + buffer.getInt(at + 4) + buffer.getLong(at + 8));
        }
        return chips;
    }

    /// One line for people.
    static String describe() throws IOException {
        List<String> units = units();
        Set<Integer> common = new TreeSet<>();
        boolean first = true;
        for (String unit : units) {
            Set<Integer> chips = chips(unit);
            if (first) {
                common.addAll(chips);
            }
            common.retainAll(chips);
            first = false;
        }
        return units.size() + " units " + units
                + (common.isEmpty()
                        ? " as source, which NVRTC compiles on the device's machine (`./quantreel install cuda-compiler`,"
                                + " and the next build compiles them)"
                        : " with machine code for chips " + common);
    }
}
