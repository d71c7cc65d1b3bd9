package remus.diskbuf.store;

import java.io.IOException;
import org.jspecify.annotations.Nullable;
import remus.domain.DomainException;

/** What keeps a store from going on: the first failure, which every later call meets. */
final class StoreHealth {
    private final StoreParts parts;
    private @Nullable DomainException failure;

    StoreHealth(StoreParts parts) {
        this.parts = parts;
    }

    /** Throws what has failed before, if anything. */
    synchronized void check() {
        DomainException known = failure;
        if (known != null) {
            throw new DomainException(
                    known.code(), String.valueOf(known.getMessage()), known.correction(), known);
        }
    }

    /**
     * Notes that nothing goes on, and durably, if it must be so, that the images are worthless.
     *
     * @param copying whether a copy is under way: the images are marked already, or not touched
     * @return what to throw
     */
    synchronized DomainException failed(Exception e, boolean copying) {
        DomainException told = StoreFailures.of(parts.directory(), e);
        if (failure != null) {
            return told;
        }
        failure = told;
        if (!copying && StoreFailures.isUntrustworthy(e)) {
            try {
                parts.meta().update(StoreMeta::untrustworthy);
            } catch (IOException unmarked) {
                told.addSuppressed(unmarked);
            }
        }
        return told;
    }

    /** Forgets a failure that room would mend. Returns whether there was one. */
    synchronized boolean forgetNoSpace() {
        DomainException known = failure;
        boolean mendable = known != null && known.code().equals(StoreFailures.NO_SPACE);
        failure = mendable ? null : known;
        return mendable;
    }
}
