package remus.domain;

/** Something about a domain cannot be done. Made for people: what is wrong, and what mends it. */
public final class DomainException extends RuntimeException {
    private static final long serialVersionUID = 1L;

    private final String code;
    private final String correction;

    /**
     * @param code stable, for scripts: lower case with dashes, such as {@code unknown-domain}
     * @param problem what was wrong, actual and expected
     * @param correction what the operator can do about it
     */
    public DomainException(String code, String problem, String correction) {
        super(problem);
        this.code = code;
        this.correction = correction;
    }

    /** As above, with what caused it. */
    public DomainException(String code, String problem, String correction, Throwable cause) {
        super(problem, cause);
        this.code = code;
        this.correction = correction;
    }

    /** The stable code. */
    public String code() {
        return code;
    }

    /** What the operator can do about it. */
    public String correction() {
        return correction;
    }
}
