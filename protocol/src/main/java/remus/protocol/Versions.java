package remus.protocol;

import remus.protocol.wire.Hello;

/**
 * The protocol versions that one side speaks: the newest N and at most the one before it, N-1, so
 * that two hosts can be upgraded one after the other. Version 1 has none before it.
 *
 * <p>{@code Hello} and {@code Welcome} travel in frames of the sender's oldest version, all others
 * in the version that {@code Welcome} names: the highest that both sides speak.
 */
public record Versions(int oldest, int newest) {
    /** What this build speaks. */
    public static final Versions OURS = new Versions(1, 1);

    /** Refuses a range that is empty or wider than N-1 to N. */
    public Versions {
        if (oldest < 1 || newest < oldest || newest - oldest > 1 || newest > 255) {
            throw new IllegalArgumentException("versions: " + oldest + " to " + newest);
        }
    }

    /** Puts the offered range into a {@code Hello}. */
    public Hello.Builder offer(Hello.Builder hello) {
        return hello.setVersionMin(oldest).setVersionMax(newest);
    }

    /**
     * The version to speak with the sender of {@code hello}.
     *
     * @throws PeerException with code {@code wrong-version} if there is none; send its {@link
     *     PeerException#toFrame} and close
     */
    public int negotiate(Hello hello) throws PeerException {
        long min = Integer.toUnsignedLong(hello.getVersionMin());
        long max = Integer.toUnsignedLong(hello.getVersionMax());
        long version = Math.min(max, newest);
        if (min < 1 || min > max || version < Math.max(min, oldest)) {
            throw new PeerException(
                    "wrong-version",
                    "protocol versions offered: "
                            + min
                            + " to "
                            + max
                            + " (expected: a range with a version from "
                            + oldest
                            + " to "
                            + newest
                            + ")",
                    "upgrade the host with the older Remus, one version at a time");
        }
        return (int) version;
    }

    void checkFrameVersion(int version) {
        if (version < oldest || version > newest) {
            throw new ProtocolException(
                    "version: " + version + " (expected: " + oldest + " to " + newest + ")");
        }
    }
}
