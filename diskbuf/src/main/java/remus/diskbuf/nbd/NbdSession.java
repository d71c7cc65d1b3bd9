package remus.diskbuf.nbd;

/**
 * What a client and we agreed on.
 *
 * @param structured whether reads are answered in chunks
 * @param allocation whether it may ask where data is ({@code base:allocation})
 */
record NbdSession(Export export, boolean structured, boolean allocation) {

    /** What the export can do, as the client is told. */
    static int transmissionFlags(Export export, boolean structured) {
        int flags =
                Nbd.HAS_FLAGS
                        | Nbd.SEND_FLUSH
                        | Nbd.SEND_FUA
                        | Nbd.SEND_CACHE
                        | (structured ? Nbd.SEND_DF : 0)
                        | (export.isMultiConn() ? Nbd.CAN_MULTI_CONN : 0);
        return export.isReadOnly()
                ? flags | Nbd.READ_ONLY
                : flags | Nbd.SEND_TRIM | Nbd.SEND_WRITE_ZEROES | Nbd.SEND_FAST_ZERO;
    }
}
