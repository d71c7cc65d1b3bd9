package remus.primary;

import org.jspecify.annotations.Nullable;
import remus.domain.DomainException;
import remus.ha.GroupRecord.Standing;

/** What becomes of a group that an operator wants let go. */
enum Parting {
    /** There is nothing to let go of. */
    OVER_BEFORE("it was not protected any more"),
    /** The copies here are stale: they are destroyed. */
    CLEAN_UP("the stale copy on this host is destroyed; the group runs at the backup"),
    /** Nobody else may ever run it. */
    AT_ONCE("unprotected; the guest is as it was found"),
    /** The backup, or the witness, is asked first. */
    ASK("unprotecting");

    final String sentence;

    Parting(String sentence) {
        this.sentence = sentence;
    }

    /**
     * Decides.
     *
     * @param force the operator vouches that no copy runs at the backup
     * @param loss how a member died here; null while none did
     * @param askable whether somebody can be asked: a connected backup, or a witness
     * @throws DomainException if it may not be done without the backup's promise
     */
    static Parting of(
            GroupState state,
            Standing standing,
            boolean force,
            boolean connected,
            boolean askable,
            @Nullable String loss) {
        if (state.isFinal()) {
            return OVER_BEFORE;
        }
        if (state == GroupState.SUPERSEDED) {
            return CLEAN_UP;
        }
        boolean askedInVain = state == GroupState.LEAVING || !connected;
        if (standing == Standing.SEEDING || (force && askedInVain)) {
            return AT_ONCE;
        }
        if (loss != null && !force) {
            throw new DomainException(
                    "only-copy",
                    "the group died on this host (" + loss + "), and the backup has the only copy",
                    "run `remus failover` there, or give the copy up with --force");
        }
        if (!askable) {
            throw new DomainException(
                    "backup-unreachable",
                    "the backup cannot be asked to give its copy up, and if it has taken over, two"
                            + " copies would run",
                    "make sure that the backup does not run this group, then use --force");
        }
        return ASK;
    }
}
