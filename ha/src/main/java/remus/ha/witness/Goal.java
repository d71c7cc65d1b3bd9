package remus.ha.witness;

import org.jspecify.annotations.Nullable;
import remus.ha.witness.WitnessRecord.Mode;

/**
 * What a host wants the witness to hold. Each goal is told from its record alone, so that a claim
 * whose answer was lost, or whose agent died, is decided by what is there.
 */
public sealed interface Goal {

    /** Whether this record is what was wanted. */
    boolean isReached(WitnessRecord there);

    /** The record to put in the place of this one; null if the goal cannot be reached from it. */
    @Nullable WitnessRecord from(WitnessRecord there);

    /** The record to make where there is none; null if only somebody else may make it. */
    default @Nullable WitnessRecord fromNothing() {
        return null;
    }

    /**
     * The owner goes on alone: no copy of an earlier protection may ever run. It may do so from any
     * record of its own. The record is written even if it says ALONE already: a change that an
     * earlier claim handed over, and that has not arrived yet, will then find a newer record.
     *
     * @param fresh the group is protected for the first time: there is no record yet
     * @param nonce new for each claim, and not 0
     */
    record GoAlone(String group, String owner, boolean fresh, long nonce) implements Goal {
        @Override
        public boolean isReached(WitnessRecord there) {
            return there.mode() == Mode.ALONE
                    && there.owner().equals(owner)
                    && there.nonce() == nonce;
        }

        @Override
        public @Nullable WitnessRecord from(WitnessRecord there) {
            return there.owner().equals(owner) && there.mode() != Mode.OFF
                    ? there.next(Mode.ALONE, owner, there.incarnation()).with(nonce)
                    : null;
        }

        @Override
        public @Nullable WitnessRecord fromNothing() {
            return fresh ? WitnessRecord.first(group, owner, nonce) : null;
        }
    }

    /** The owner's copy at the backup is complete: from here on it may be claimed. */
    record BeProtected(String owner, long incarnation) implements Goal {
        @Override
        public boolean isReached(WitnessRecord there) {
            return there.mode() == Mode.PROTECTED
                    && there.owner().equals(owner)
                    && there.incarnation() == incarnation;
        }

        @Override
        public @Nullable WitnessRecord from(WitnessRecord there) {
            return there.mode() == Mode.ALONE && there.owner().equals(owner)
                    ? there.next(Mode.PROTECTED, owner, incarnation)
                    : null;
        }
    }

    /**
     * The backup takes over: only from the record under which its epochs were acknowledged. An
     * incarnation is protected once, so a record that names it is that one, never a later one.
     */
    record TakeOver(String backup, long incarnation) implements Goal {
        @Override
        public boolean isReached(WitnessRecord there) {
            return there.mode() == Mode.ALONE
                    && there.owner().equals(backup)
                    && there.incarnation() == incarnation
                    && there.nonce() == 0; // else it went alone as the owner that it was
        }

        @Override
        public @Nullable WitnessRecord from(WitnessRecord there) {
            return there.mode() == Mode.PROTECTED
                            && there.incarnation() == incarnation
                            && !there.owner().equals(backup)
                    ? there.next(Mode.ALONE, backup, incarnation)
                    : null;
        }
    }

    /**
     * The backup, whose copy is gone, gives up a claim that it handed over: the record stays the
     * owner's, but is a newer one, which a change that is still under way does not find. Lost if
     * that change was there before.
     *
     * @param nonce new for each claim
     */
    record Renounce(long incarnation, long nonce) implements Goal {
        @Override
        public boolean isReached(WitnessRecord there) {
            return there.incarnation() == incarnation
                    && there.mode() == Mode.PROTECTED
                    && there.nonce() == nonce;
        }

        @Override
        public @Nullable WitnessRecord from(WitnessRecord there) {
            return there.mode() == Mode.PROTECTED && there.incarnation() == incarnation
                    ? there.next(Mode.PROTECTED, there.owner(), incarnation).with(nonce)
                    : null;
        }
    }

    /** The guest's owner switched it off: nobody resurrects it. */
    record SwitchOff(String owner) implements Goal {
        @Override
        public boolean isReached(WitnessRecord there) {
            return there.mode() == Mode.OFF && there.owner().equals(owner);
        }

        @Override
        public @Nullable WitnessRecord from(WitnessRecord there) {
            return there.owner().equals(owner) && there.mode() != Mode.OFF
                    ? there.next(Mode.OFF, owner, there.incarnation())
                    : null;
        }
    }
}
