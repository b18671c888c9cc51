package dev.quantreel.engines.internal.kernel;

import java.util.function.Supplier;

/// Decides once per process whether kernels may use the Vector API, and says in the log why not.
///
/// `-Dquantreel.kernels=scalar` turns it off.
public final class VectorSupport {

    /// The property that selects the kernels: `vector` (default) or `scalar`.
    public static final String PROPERTY = "quantreel.kernels";

    private static final System.Logger LOG = System.getLogger(VectorSupport.class.getName());
    private static final String MODULE = "jdk.incubator.vector";
    private static final boolean AVAILABLE = decide(System.getProperty(PROPERTY, "vector"), moduleIsPresent());

    private VectorSupport() {}

    /// Whether [#choose] picks the vector twin.
    public static boolean available() {
        return AVAILABLE;
    }

    /// The vector twin where the Vector API is present, else the scalar one. Suppliers, because merely loading the
    /// vector class would fail without the module.
    public static <K> K choose(Supplier<K> scalar, Supplier<K> vector) {
        return AVAILABLE ? vector.get() : scalar.get();
    }

    static boolean decide(String wanted, boolean modulePresent) {
        if (wanted.equals("scalar")) {
            LOG.log(System.Logger.Level.INFO, "scalar kernels: asked for by -D{0}=scalar", PROPERTY);
            return false;
        }
        if (!wanted.equals("vector")) {
            LOG.log(System.Logger.Level.WARNING, "-D{0}={1} is unknown; vector or scalar is", PROPERTY, wanted);
        }
        if (!modulePresent) {
            LOG.log(
                    System.Logger.Level.WARNING,
                    "scalar kernels: module {0} is not loaded; start Java with --add-modules={0} for several times the speed",
                    MODULE);
        }
        return modulePresent;
    }

    private static boolean moduleIsPresent() {
        return ModuleLayer.boot().findModule(MODULE).isPresent();
    }
}
