package dev.quantreel.engines.gpu;

import dev.quantreel.engines.runtime.cuda.driver.CudaContext;
import dev.quantreel.engines.runtime.cuda.driver.CudaDevice;
import dev.quantreel.engines.runtime.cuda.driver.CudaDriver;
import dev.quantreel.engines.runtime.cuda.driver.CudaException;
import dev.quantreel.engines.runtime.cuda.driver.NativeLibraryException;
import java.io.PrintStream;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.List;
import java.util.Optional;
import java.util.stream.IntStream;

/// Loads NVIDIA's libraries one after the other and prints what they say. A program of its own, run by
/// [GpuDetection]: any of them may end or block the process.
final class GpuProbe {

    private final PrintStream out;
    private final Optional<Path> folder;

    private GpuProbe(PrintStream out, Optional<Path> folder) {
        this.out = out;
        this.folder = folder;
    }

    /// Prints [ProbeLine]s. Takes the folder to look in alone, or an empty text for where the system looks, and
    /// the names of the components to ask.
    public static void main(String[] arguments) {
        GpuProbe probe = new GpuProbe(
                new PrintStream(System.out, true, StandardCharsets.UTF_8),
                arguments[0].isEmpty() ? Optional.empty() : Optional.of(Path.of(arguments[0])));
        Arrays.stream(arguments, 1, arguments.length).map(Component::valueOf).forEach(probe::ask);
    }

    private void say(ProbeLine line) {
        // On a line of its own, whatever a library printed before.
        out.println("\n" + line.text());
        out.flush();
    }

    private void ask(Component component) {
        say(new ProbeLine.Begin(component));
        if (component == Component.RESOURCES) {
            BuilderResources.names(folder).forEach(name -> say(new ProbeLine.Resource(name)));
            return;
        }
        for (String library : component.libraries()) {
            if (ask(component, library)) {
                return;
            }
        }
    }

    /// @return whether the library could be loaded
    private boolean ask(Component component, String library) {
        String file = folder.map(place -> place.resolve(library).toString()).orElse(library);
        try {
            say(LibraryQuestion.ask(component, library, file));
            if (component == Component.DRIVER) {
                devices(CudaDriver.open(file));
            }
            return true;
        } catch (CudaException e) {
            say(new ProbeLine.Failed(component, library, String.valueOf(e.getMessage())));
            return true;
        } catch (NativeLibraryException e) {
            say(
                    e.absent()
                            ? new ProbeLine.Absent(component, library, e.reason())
                            : new ProbeLine.Failed(component, library, e.reason()));
            return !e.absent();
        }
    }

    private void devices(CudaDriver driver) {
        List<CudaDevice> devices = IntStream.range(0, driver.deviceCount())
                .mapToObj(driver::device)
                .toList();
        for (CudaDevice device : devices) {
            say(new ProbeLine.Device(
                    device.index(),
                    device.name(),
                    device.capability().major(),
                    device.capability().minor(),
                    device.totalMemoryBytes(),
                    device.uuid().orElse("")));
        }
        for (CudaDevice device : devices) {
            say(memory(device));
        }
    }

    private static ProbeLine memory(CudaDevice device) {
        try (CudaContext context = device.open()) {
            return new ProbeLine.Memory(device.index(), context.memory().freeBytes(), "");
        } catch (CudaException e) {
            return new ProbeLine.Memory(device.index(), -1, String.valueOf(e.getMessage()));
        }
    }
}
