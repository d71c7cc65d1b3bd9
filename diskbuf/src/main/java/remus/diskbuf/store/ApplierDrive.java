package remus.diskbuf.store;

/** Who calls {@link Applier#step}: a thread, or a test. */
interface ApplierDrive {
    /** There is something to do. */
    void wake();

    /** Waits until nothing is left to do, or the applier has given up. */
    void awaitIdle() throws InterruptedException;

    /** Waits for the step under way; none follows. */
    void stop() throws InterruptedException;
}
