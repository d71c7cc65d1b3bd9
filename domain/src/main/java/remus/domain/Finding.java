package remus.domain;

/**
 * One examined condition of a preflight.
 *
 * @param code stable, for scripts: {@code kernel-too-old}
 * @param passed whether the condition holds
 * @param problem what was found, one sentence; for a passed condition what was verified
 * @param correction what mends it; empty if passed
 */
public record Finding(String code, boolean passed, String problem, String correction) {

    /** A condition that holds. */
    public static Finding pass(String code, String verified) {
        return new Finding(code, true, verified, "");
    }

    /** A condition that does not. */
    public static Finding fail(String code, String problem, String correction) {
        return new Finding(code, false, problem, correction);
    }
}
