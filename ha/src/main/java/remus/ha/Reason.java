package remus.ha;

import remus.domain.DomainException;

/**
 * Why a group is in the state that it is in.
 *
 * @param code stable, for scripts and metrics: {@code backup-link-closed}
 * @param sentence the whole explanation for people, one plain sentence
 * @param correction what an operator can do about it; empty if the sentence says it, or nothing
 *     need be done
 */
public record Reason(String code, String sentence, String correction) {
    /** A reason that says all in its sentence. */
    public Reason(String code, String sentence) {
        this(code, sentence, "");
    }

    /** What could not be done, and what mends it. */
    public static Reason of(DomainException failure) {
        return new Reason(
                failure.code(), String.valueOf(failure.getMessage()), failure.correction());
    }

    /** This reason after words of what it led to. */
    public Reason after(String words) {
        return new Reason(code, words + sentence, correction);
    }

    /** All of it for people. */
    public String text() {
        return correction.isEmpty() ? sentence : sentence + "; " + correction;
    }
}
