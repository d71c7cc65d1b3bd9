package remus.agent.config;

import java.time.Duration;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/** Durations as people write them: a whole number and its unit, such as {@code 50ms}. */
public final class DurationText {
    /** The form, for messages. */
    public static final String FORM =
            "a whole number with its unit us, ms, s, m or h, such as 50ms";

    private static final Pattern PATTERN = Pattern.compile("(\\d{1,9}) ?(us|ms|s|m|h)");

    private DurationText() {}

    /**
     * Reads a duration.
     *
     * @throws IllegalArgumentException with a message for people: what was given, and the
     *     correction
     */
    public static Duration parse(String text) {
        Matcher matcher = PATTERN.matcher(text);
        if (!matcher.matches()) {
            String guess =
                    text.matches("\\d{1,9}") ? "; write " + text + "ms or " + text + "s" : "";
            throw new IllegalArgumentException("\"" + text + "\" is not " + FORM + guess);
        }
        return Duration.ofNanos(
                Math.multiplyExact(Long.parseLong(matcher.group(1)), nanos(matcher.group(2))));
    }

    /** The largest unit that keeps it whole. */
    public static String format(Duration duration) {
        long nanos = duration.toNanos();
        for (String unit : new String[] {"h", "m", "s", "ms"}) {
            long size = nanos(unit);
            if (nanos >= size && nanos % size == 0) {
                return nanos / size + unit;
            }
        }
        return nanos / 1000 + "us";
    }

    private static long nanos(String unit) {
        return switch (unit) {
            case "us" -> 1_000L;
            case "ms" -> 1_000_000L;
            case "s" -> 1_000_000_000L;
            case "m" -> 60_000_000_000L;
            default -> 3_600_000_000_000L;
        };
    }
}
