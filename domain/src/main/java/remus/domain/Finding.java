package remus.domain;

import java.util.List;
import java.util.stream.Collectors;
import java.util.stream.Stream;

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

    /**
     * Demands that all conditions hold.
     *
     * @throws DomainException with the code of the first that does not, and what was found and what
     *     mends it of all that do not
     */
    public static void require(List<Finding> findings) {
        List<Finding> failed = findings.stream().filter(finding -> !finding.passed()).toList();
        if (!failed.isEmpty()) {
            throw new DomainException(
                    failed.get(0).code(),
                    joined(failed.stream().map(Finding::problem)),
                    joined(failed.stream().map(Finding::correction)));
        }
    }

    private static String joined(Stream<String> texts) {
        return texts.distinct().collect(Collectors.joining("; "));
    }

    /** A condition that does not. */
    public static Finding fail(String code, String problem, String correction) {
        return new Finding(code, false, problem, correction);
    }
}
