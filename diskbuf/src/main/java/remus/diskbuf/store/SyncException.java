package remus.diskbuf.store;

import java.io.IOException;

/**
 * fdatasync failed. What was written since the last one may be lost although later ones succeed:
 * the kernel reports it once and forgets.
 */
final class SyncException extends IOException {
    private static final long serialVersionUID = 1L;

    SyncException(String message) {
        super(message);
    }

    SyncException(String message, IOException cause) {
        super(message, cause);
    }
}
