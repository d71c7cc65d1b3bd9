package remus.testkit;

/** The agent dies here: not an exception of the program, so nothing of it may catch this. */
final class SimCrash extends Error {
    private static final long serialVersionUID = 1L;

    SimCrash() {
        super("killed", null, false, false);
    }
}
