package remus.diskbuf.nbd;

/** Why a request failed, as the protocol can say it. */
public enum NbdError {
    /** The export is read-only. */
    EPERM(1),
    /** The storage failed. */
    EIO(5),
    /** There is no memory for it now. */
    ENOMEM(12),
    /** The request makes no sense, or reaches beyond the end. */
    EINVAL(22),
    /** The storage is full, or a write reaches beyond the end. */
    ENOSPC(28),
    /** Cannot be done, or not as fast as was asked. */
    ENOTSUP(95),
    /** The server is about to end. */
    ESHUTDOWN(108);

    private final int code;

    NbdError(int code) {
        this.code = code;
    }

    int code() {
        return code;
    }
}
