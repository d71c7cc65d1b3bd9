package remus.protocol;

import remus.protocol.wire.Refused;

/**
 * The peer cannot be reached or something cannot be done with it. Made for people: what is wrong,
 * and what mends it. The same three texts travel in a {@link FrameType#REFUSED} frame.
 */
public final class PeerException extends Exception {
    private static final long serialVersionUID = 1L;

    private final String code;
    private final String correction;

    /**
     * @param code stable, for scripts: lower case with dashes, such as {@code backup-unreachable}
     * @param problem what was wrong, actual and expected
     * @param correction what the operator can do about it
     */
    public PeerException(String code, String problem, String correction) {
        super(problem);
        this.code = code;
        this.correction = correction;
    }

    /** As above, with what caused it. */
    public PeerException(String code, String problem, String correction, Throwable cause) {
        super(problem, cause);
        this.code = code;
        this.correction = correction;
    }

    /** What a peer said when it refused. */
    public static PeerException of(Refused refused) {
        return new PeerException(refused.getCode(), refused.getProblem(), refused.getCorrection());
    }

    /** The stable code. */
    public String code() {
        return code;
    }

    /** What the operator can do about it. */
    public String correction() {
        return correction;
    }

    /** The frame that tells the peer; the connection closes after it. */
    public Frame toFrame() {
        return Frame.of(
                FrameType.REFUSED,
                Refused.newBuilder()
                        .setCode(code)
                        .setProblem(String.valueOf(getMessage()))
                        .setCorrection(correction)
                        .build());
    }
}
