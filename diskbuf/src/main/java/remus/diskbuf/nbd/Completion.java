package remus.diskbuf.nbd;

/** The end of one request: called exactly once, from any thread, at once or whenever it is due. */
public interface Completion {
    /** It is done, and its reply may leave. */
    void done();

    /** It could not be done. */
    void fail(NbdError why);
}
