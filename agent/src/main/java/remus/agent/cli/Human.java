package remus.agent.cli;

import java.util.Locale;

/** Figures as people read them: three digits and a unit. */
final class Human {
    private static final String[] BYTES = {"B", "KiB", "MiB", "GiB", "TiB"};

    private Human() {}

    static String bytes(long bytes) {
        double value = bytes;
        int unit = 0;
        while (value >= 1000 && unit < BYTES.length - 1) {
            value /= 1024;
            unit++;
        }
        return (unit == 0 ? Long.toString(bytes) : digits(value)) + " " + BYTES[unit];
    }

    /** {@code 31ms}, {@code 4.2s}, {@code 12m 5s}; never more than two parts. */
    static String duration(long nanos) {
        if (nanos < 1_000_000) {
            return nanos / 1000 + "us";
        }
        if (nanos < 1_000_000_000) {
            return digits(nanos / 1e6) + "ms";
        }
        long seconds = nanos / 1_000_000_000;
        if (seconds < 60) {
            return digits(nanos / 1e9) + "s";
        }
        if (seconds < 3600) {
            return seconds / 60 + "m " + seconds % 60 + "s";
        }
        if (seconds < 86_400) {
            return seconds / 3600 + "h " + seconds % 3600 / 60 + "m";
        }
        return seconds / 86_400 + "d " + seconds % 86_400 / 3600 + "h";
    }

    /** A duration in milliseconds, without its unit. */
    static String millis(long nanos) {
        return digits(nanos / 1e6);
    }

    private static String digits(double value) {
        String text = String.format(Locale.ROOT, value < 10 ? "%.1f" : "%.0f", value);
        return text.endsWith(".0") ? text.substring(0, text.length() - 2) : text;
    }
}
