package remus.diskbuf.nbd;

import org.jspecify.annotations.Nullable;

/** What a request asks for, and which flags it may carry. */
enum NbdCommand {
    READ(0, Nbd.FUA | Nbd.DF, false, NbdError.EINVAL),
    WRITE(1, Nbd.FUA, true, NbdError.ENOSPC),
    DISC(2, 0xffff, false, NbdError.EINVAL),
    FLUSH(3, Nbd.FUA, false, NbdError.EINVAL),
    TRIM(4, Nbd.FUA, true, NbdError.EINVAL),
    CACHE(5, Nbd.FUA, false, NbdError.EINVAL),
    WRITE_ZEROES(6, Nbd.FUA | Nbd.NO_HOLE | Nbd.FAST_ZERO, true, NbdError.ENOSPC),
    BLOCK_STATUS(7, Nbd.FUA | Nbd.REQ_ONE, false, NbdError.EINVAL);

    private static final NbdCommand[] ALL = values();

    private final int code;
    private final int flags;
    private final boolean mutating;
    private final NbdError beyondEnd;

    NbdCommand(int code, int flags, boolean mutating, NbdError beyondEnd) {
        this.code = code;
        this.flags = flags;
        this.mutating = mutating;
        this.beyondEnd = beyondEnd;
    }

    static @Nullable NbdCommand of(int code) {
        for (NbdCommand command : ALL) {
            if (command.code == code) {
                return command;
            }
        }
        return null;
    }

    /** What is wrong with a request of this kind before anything is done; null if nothing is. */
    @Nullable NbdError check(NbdRequest request, NbdSession session) {
        if (this == FLUSH || this == DISC) { // its offset and length mean nothing
            return (request.flags & ~flags) == 0 ? null : NbdError.EINVAL;
        }
        boolean wrong =
                (request.flags & ~flags) != 0
                        || (request.has(Nbd.DF) && !session.structured())
                        || (this == BLOCK_STATUS && !session.allocation())
                        || (this == BLOCK_STATUS && request.length == 0);
        if (wrong) {
            return NbdError.EINVAL;
        }
        if (mutating && session.export().isReadOnly()) {
            return NbdError.EPERM;
        }
        if ((this == READ || this == WRITE) && request.length > Nbd.MAX_PAYLOAD_BYTES) {
            return NbdError.EINVAL;
        }
        long size = session.export().sizeBytes();
        boolean inside =
                request.offset >= 0
                        && request.offset <= size
                        && request.length <= size - request.offset;
        return inside ? null : beyondEnd;
    }
}
