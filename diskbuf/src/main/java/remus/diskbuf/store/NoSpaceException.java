package remus.diskbuf.store;

import java.io.IOException;

/** The filesystem is full, or the quota used up. */
final class NoSpaceException extends IOException {
    private static final long serialVersionUID = 1L;

    NoSpaceException(String message) {
        super(message);
    }

    NoSpaceException(String message, IOException cause) {
        super(message, cause);
    }
}
