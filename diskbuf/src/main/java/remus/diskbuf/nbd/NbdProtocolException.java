package remus.diskbuf.nbd;

/** A client sent what is no NBD; its connection is closed. */
final class NbdProtocolException extends RuntimeException {
    private static final long serialVersionUID = 1L;

    NbdProtocolException(String message) {
        super(message);
    }
}
