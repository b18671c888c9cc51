package dev.quantreel.server.workflow;

import java.util.Arrays;
import java.util.Set;

/// Which wire types may be linked.
public final class PortTypes {

    private static final String ANY = "*";

    private PortTypes() {}

    /// Whether an output of type `given` may feed an input of type `accepted`: equal, `*`, or unions (`A,B`) that
    /// overlap.
    public static boolean compatible(String given, String accepted) {
        if (given.equals(accepted) || given.equals(ANY) || accepted.equals(ANY)) {
            return true;
        }
        Set<String> types = Set.copyOf(Arrays.asList(given.split(",", -1)));
        for (String type : accepted.split(",", -1)) {
            if (types.contains(type)) {
                return true;
            }
        }
        return false;
    }
}
