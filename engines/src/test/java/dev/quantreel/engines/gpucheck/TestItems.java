package dev.quantreel.engines.gpucheck;

import java.time.Duration;
import java.util.List;

/// Items that end in every way; registered in the test's class path, so that children find them.
final class TestItems {

    static final String PREFIX = "test-";

    private TestItems() {}

    private abstract static class Item implements GpuCheckItem {

        final Claim first = new Claim("first", "The first thing holds");
        final Claim second = new Claim("second", "The second thing holds");

        @Override
        public int order() {
            return 1000;
        }

        @Override
        public Duration limit() {
            return Duration.ofSeconds(60);
        }

        @Override
        public List<Claim> claims() {
            return List.of(first, second);
        }

        @Override
        public void prepare(CheckContext context) {
            context.log().note("prepared " + id());
        }
    }

    /// All is well.
    public static final class Fine extends Item {
        @Override
        public String id() {
            return PREFIX + "fine";
        }

        @Override
        public void measure(CheckContext context) {
            context.log().note(GpuCheck.DEVICE + "Test GPU (sm_00)");
            context.log().ok(first, "a | b", "1.5 ms", "2 ms");
            context.log().judge(second, "", true, new CheckLog.Measurement("3 x", "1.6 x"), "at least 1.6 x");
        }
    }

    /// One claim does not hold.
    public static final class Refuted extends Item {
        @Override
        public String id() {
            return PREFIX + "refuted";
        }

        @Override
        public void measure(CheckContext context) {
            context.log().judge(first, "", false, new CheckLog.Measurement("1.1 x", ""), "at least 1.6 x");
            context.log().skipped(second, "", "no torch");
        }
    }

    /// An exception after the first row.
    public static final class Broken extends Item {
        @Override
        public String id() {
            return PREFIX + "broken";
        }

        @Override
        public void measure(CheckContext context) {
            context.log().ok(first, "", "1 ms", "");
            throw new IllegalStateException("the kernel said no");
        }
    }

    /// The process ends as over native code.
    public static final class Crashed extends Item {
        @Override
        public String id() {
            return PREFIX + "crashed";
        }

        @Override
        public void measure(CheckContext context) {
            context.log().ok(first, "", "1 ms", "");
            Runtime.getRuntime().halt(134);
        }
    }

    /// Goes on for ever.
    public static final class Slow extends Item {
        @Override
        public String id() {
            return PREFIX + "slow";
        }

        @Override
        public Duration limit() {
            return Duration.ofSeconds(6);
        }

        @Override
        public void measure(CheckContext context) throws InterruptedException {
            context.log().ok(first, "", "1 ms", "");
            Thread.sleep(Duration.ofMinutes(10));
        }
    }

    /// Lacks a file before any device is asked.
    public static final class Unprepared extends Item {
        @Override
        public String id() {
            return PREFIX + "unprepared";
        }

        @Override
        public void prepare(CheckContext context) {
            throw new IllegalStateException("kernels.fatbin is missing");
        }

        @Override
        public void measure(CheckContext context) {
            context.log().ok(first, "", "never", "");
        }
    }
}
