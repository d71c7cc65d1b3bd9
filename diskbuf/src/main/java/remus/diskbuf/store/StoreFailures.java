package remus.diskbuf.store;

import java.io.IOException;
import java.nio.file.Path;
import remus.domain.DomainException;

/** Puts what files say into words for people. */
final class StoreFailures {
    static final String NO_SPACE = "no-space";

    private StoreFailures() {}

    /** Whether this puts the images' content in doubt. */
    static boolean isUntrustworthy(Exception e) {
        return e instanceof SyncException || e instanceof DamageException;
    }

    /** Whether the same may succeed when there is room. */
    static boolean isNoSpace(Exception e) {
        return e instanceof NoSpaceException;
    }

    /**
     * {@code no-space}, {@code disk-untrustworthy} or {@code disk-failed}; a {@link
     * DomainException} as it is.
     */
    static DomainException of(Path store, Exception e) {
        if (e instanceof DomainException known) {
            return known;
        }
        if (isNoSpace(e)) {
            return new DomainException(
                    NO_SPACE,
                    "the disk store " + store + ": no space: " + e.getMessage(),
                    "make room on the filesystem that the message names",
                    e);
        }
        if (isUntrustworthy(e)) {
            return new DomainException(
                    "disk-untrustworthy",
                    "the disk store " + store + " may have lost what it wrote: " + e.getMessage(),
                    "look at the host's kernel log, replace the disk if it is failing, then protect"
                            + " the group anew",
                    e);
        }
        return new DomainException(
                "disk-failed",
                "the disk store " + store + ": " + e,
                "see that the agent may read and write there",
                e);
    }

    static DomainException locked(Path store, IOException e) {
        return new DomainException(
                "store-locked",
                "the disk store " + store + " is in use: " + e.getMessage(),
                "stop the other agent",
                e);
    }
}
