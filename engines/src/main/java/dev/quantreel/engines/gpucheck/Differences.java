package dev.quantreel.engines.gpucheck;

import dev.quantreel.engines.gpucheck.CheckLog.Measurement;

/// How many values of a device are not those of the twin.
///
/// @param different number of them
/// @param all number of values
record Differences(long different, long all) {

    static Differences of(int[] actual, int[] expected) {
        long different = Math.abs(actual.length - expected.length);
        for (int i = 0; i < Math.min(actual.length, expected.length); i++) {
            different += actual[i] == expected[i] ? 0 : 1;
        }
        return new Differences(different, expected.length);
    }

    /// Bit for bit.
    static Differences of(float[] actual, float[] expected) {
        long different = Math.abs(actual.length - expected.length);
        for (int i = 0; i < Math.min(actual.length, expected.length); i++) {
            different += Float.floatToIntBits(actual[i]) == Float.floatToIntBits(expected[i]) ? 0 : 1;
        }
        return new Differences(different, expected.length);
    }

    static Differences of(byte[] actual, byte[] expected) {
        long different = Math.abs(actual.length - expected.length);
        for (int i = 0; i < Math.min(actual.length, expected.length); i++) {
            different += actual[i] == expected[i] ? 0 : 1;
        }
        return new Differences(different, expected.length);
    }

    Differences and(Differences other) {
        return new Differences(different + other.different, all + other.all);
    }

    boolean none() {
        return different == 0 && all > 0;
    }

    Measurement measurement() {
        return new Measurement(different + " of " + all + " values differ", "");
    }
}
