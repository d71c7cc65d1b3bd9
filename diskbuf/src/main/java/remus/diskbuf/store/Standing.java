package remus.diskbuf.store;

/**
 * What a store's images are, durably.
 *
 * @param state see there
 * @param incarnation of the protection that the state is of; 0 for {@link State#NEW}
 * @param epoch of the last commit, for {@link State#CONSISTENT} and {@link State#HANDED_OVER}.
 *     Epochs that wrote nothing need not be told: after a crash this is the last one that wrote
 */
public record Standing(State state, long incarnation, long epoch) {
    /** What the content of the images is worth. */
    public enum State {
        /** Nothing was ever copied here. */
        NEW,
        /** A copy is under way in place, or was damaged: worth nothing until the next commit. */
        INCONSISTENT,
        /** With what the journal holds: exactly the disks at the end of the epoch. */
        CONSISTENT,
        /** A hypervisor may have written since: a guest's disks, of no epoch. */
        HANDED_OVER
    }

    /** Whether a resync that dies half-way must not have touched the images. */
    boolean worthKeeping() {
        return state == State.CONSISTENT || state == State.HANDED_OVER;
    }
}
