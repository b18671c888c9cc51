package dev.quantreel.nodes.report;

import java.math.BigDecimal;
import java.util.ArrayList;
import java.util.List;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/// The values of one axis of a sweep, as typed: `3, 4, 6`, `2..8`, `0.05..0.3 step 0.05`, `"STP: low, then high"`.
/// Ranges are counted, not written out, so that a range of a million values costs nothing before it is refused.
///
/// @param pieces single values and ranges in the order typed
record SweepValues(List<Piece> pieces) {

    private static final String NUMBER = "[-+]?\\d+(?:\\.\\d+)?(?:[eE][-+]?\\d+)?";
    private static final Pattern RANGE =
            Pattern.compile("(" + NUMBER + ")\\s*\\.\\.\\s*(" + NUMBER + ")(?:\\s+step\\s+(" + NUMBER + "))?");
    private static final Pattern PIECE = Pattern.compile("\\s*(?:\"([^\"]*)\"|([^,\"]*))\\s*(?:,|$)");

    SweepValues {
        pieces = List.copyOf(pieces);
    }

    /// A single value, or evenly spaced numbers.
    sealed interface Piece {

        long count();

        String value(long index);
    }

    private record Single(String text) implements Piece {
        @Override
        public long count() {
            return 1;
        }

        @Override
        public String value(long index) {
            return text;
        }
    }

    private record Range(BigDecimal from, BigDecimal step, long count) implements Piece {
        @Override
        public String value(long index) {
            BigDecimal value = from.add(step.multiply(BigDecimal.valueOf(index)));
            return value.signum() == 0 ? "0" : value.stripTrailingZeros().toPlainString();
        }
    }

    /// @throws IllegalArgumentException when the text has another form; the message says what is accepted
    static SweepValues of(String text) {
        List<Piece> pieces = new ArrayList<>();
        Matcher matcher = PIECE.matcher(text);
        int at = 0;
        while (at < text.length()) {
            if (!matcher.find(at) || matcher.start() != at) {
                throw new IllegalArgumentException("'" + text + "' has a stray quotation mark; accepted are values"
                        + " separated by commas, those with a comma in \"quotation marks\"");
            }
            String quoted = matcher.group(1);
            pieces.add(
                    quoted != null ? new Single(quoted) : piece(matcher.group(2).strip(), text));
            at = matcher.end();
        }
        if (pieces.isEmpty()) {
            throw new IllegalArgumentException(
                    "there is no value; accepted is for example 3, 4, 6 or 0.05..0.3 step" + " 0.05");
        }
        return new SweepValues(pieces);
    }

    private static Piece piece(String text, String whole) {
        if (text.isEmpty()) {
            throw new IllegalArgumentException("'" + whole + "' has an empty value; an empty text is written \"\"");
        }
        Matcher range = RANGE.matcher(text);
        if (!range.matches()) {
            return new Single(text);
        }
        BigDecimal from = new BigDecimal(range.group(1));
        BigDecimal to = new BigDecimal(range.group(2));
        String given = range.group(3);
        BigDecimal step = given == null ? BigDecimal.ONE : new BigDecimal(given);
        if (step.signum() <= 0 || to.compareTo(from) < 0) {
            throw new IllegalArgumentException(
                    "'" + text + "' is no rising range; accepted is for example 0.05..0.3 step" + " 0.05");
        }
        BigDecimal steps = to.subtract(from).divideToIntegralValue(step);
        if (steps.compareTo(BigDecimal.valueOf(Long.MAX_VALUE / 2)) > 0) {
            throw new IllegalArgumentException("'" + text + "' has more values than can be counted");
        }
        return new Range(from, step, steps.longValueExact() + 1);
    }

    /// How many there are; at most `Long.MAX_VALUE`.
    long count() {
        long count = 0;
        for (Piece piece : pieces) {
            count = Math.addExact(count, piece.count());
        }
        return count;
    }

    /// @param index 0 to [#count] - 1
    String value(long index) {
        long left = index;
        for (Piece piece : pieces) {
            if (left < piece.count()) {
                return piece.value(left);
            }
            left -= piece.count();
        }
        throw new IndexOutOfBoundsException(index);
    }
}
