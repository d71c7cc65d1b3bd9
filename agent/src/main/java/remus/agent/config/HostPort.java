package remus.agent.config;

import java.util.regex.Matcher;
import java.util.regex.Pattern;

/**
 * Where to listen or whom to call; not resolved, so that a name that changes its address is
 * followed.
 *
 * @param host a name or address, IPv6 without brackets
 */
public record HostPort(String host, int port) {
    /** The form, for messages. */
    public static final String FORM = "host:port, such as 10.0.0.2:7070 or [fd00::2]:7070";

    private static final Pattern PATTERN =
            Pattern.compile("(?:\\[([0-9A-Fa-f:.%a-z]{2,64})]|([A-Za-z0-9._-]{1,253})):(\\d{1,5})");

    /**
     * Reads one.
     *
     * @throws IllegalArgumentException with a message for people: what was given, and the
     *     correction
     */
    public static HostPort parse(String text) {
        Matcher matcher = PATTERN.matcher(text);
        if (!matcher.matches()) {
            String guess = text.matches("[A-Za-z0-9._-]+") ? "; write " + text + ":7070" : "";
            throw new IllegalArgumentException("\"" + text + "\" is not " + FORM + guess);
        }
        int port = Integer.parseInt(matcher.group(3));
        if (port < 1 || port > 65_535) {
            throw new IllegalArgumentException(
                    "\"" + text + "\" has port " + port + ", allowed are 1 to 65535");
        }
        return new HostPort(matcher.group(1) != null ? matcher.group(1) : matcher.group(2), port);
    }

    @Override
    public String toString() {
        return (host.contains(":") ? "[" + host + "]" : host) + ":" + port;
    }
}
