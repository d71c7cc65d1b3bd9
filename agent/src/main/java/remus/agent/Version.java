package remus.agent;

/** What this build calls itself. */
public final class Version {
    /** The release, as in the poms. */
    public static final String CURRENT = "0.1.0";

    private Version() {}
}
