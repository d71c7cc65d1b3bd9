package remus.protocol;

/**
 * The peer sent something that the protocol does not allow; says what was seen and what was
 * expected.
 */
public final class ProtocolException extends RuntimeException {
    private static final long serialVersionUID = 1L;

    /** {@code message} has the form {@code payload length: 9 (expected: <= 8)}. */
    public ProtocolException(String message) {
        super(message);
    }
}
