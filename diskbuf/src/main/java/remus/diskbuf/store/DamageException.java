package remus.diskbuf.store;

import java.io.IOException;

/** Something that was durable does not read back as it was written. */
final class DamageException extends IOException {
    private static final long serialVersionUID = 1L;

    DamageException(String message) {
        super(message);
    }
}
