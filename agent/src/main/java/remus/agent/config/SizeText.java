package remus.agent.config;

import java.util.regex.Matcher;
import java.util.regex.Pattern;

/** Sizes as people write them: a whole number and its binary unit, such as {@code 256MiB}. */
public final class SizeText {
    /** The form, for messages. */
    public static final String FORM =
            "a whole number with its unit KiB, MiB or GiB, such as 256MiB";

    private static final Pattern PATTERN = Pattern.compile("(\\d{1,7}) ?(KiB|MiB|GiB)");
    private static final Pattern NEAR = Pattern.compile("(?i)(\\d{1,7}) ?([KMG])i?B?");

    private SizeText() {}

    /**
     * Reads a size in bytes.
     *
     * @throws IllegalArgumentException with a message for people: what was given, and the
     *     correction
     */
    public static long parse(String text) {
        Matcher matcher = PATTERN.matcher(text);
        if (!matcher.matches()) {
            Matcher near = NEAR.matcher(text);
            String guess = "";
            if (near.matches()) {
                guess =
                        "; write "
                                + near.group(1)
                                + near.group(2).toUpperCase(java.util.Locale.ROOT)
                                + "iB";
            }
            throw new IllegalArgumentException("\"" + text + "\" is not " + FORM + guess);
        }
        return Math.multiplyExact(Long.parseLong(matcher.group(1)), bytes(matcher.group(2)));
    }

    /** The largest unit that keeps it whole. */
    public static String format(long bytes) {
        for (String unit : new String[] {"GiB", "MiB"}) {
            long size = bytes(unit);
            if (bytes >= size && bytes % size == 0) {
                return bytes / size + unit;
            }
        }
        return (bytes >> 10) + "KiB";
    }

    private static long bytes(String unit) {
        return switch (unit) {
            case "KiB" -> 1L << 10;
            case "MiB" -> 1L << 20;
            default -> 1L << 30;
        };
    }
}
