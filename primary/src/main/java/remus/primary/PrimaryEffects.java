package remus.primary;

import java.util.Set;
import remus.ha.GroupRecord.Standing;

/** What {@link PrimaryCore} has done; carried out in the order called. */
interface PrimaryEffects {
    /** Persist how far the group got; done before anything that relies on it. */
    void record(Standing standing);

    /** Forget the group's record. */
    void forget();

    /** Offer the group to the backup. */
    void offer();

    /** Arm the dirty logs; copy the memory round by round. */
    void seed();

    /** Hold the members' output and run laps. */
    void checkpoint();

    /** Release what is committed, send the rest again, go on with laps. */
    void resumeSession();

    /** Ask the backup to promise never to activate its copy. */
    void askConcession(String reason);

    /** Tell the backup that members are gone: by their owners' will, or not. */
    void tellMembersGone(boolean switchedOff, String detail);

    /** Release, detach, leave the domains as found; then begin again as a new incarnation. */
    void startOver();

    /** Release, detach, leave the domains as found. */
    void letGo();

    /** Stop and silence the members: the backup runs them. */
    void retire();

    /** End the hypervisor processes of all members, which are retired. */
    void destroyRetired();

    /** End the hypervisor processes of these members; the others run on. */
    void destroySwitchedOff(Set<String> members);

    /** Close the connection; it is dialled again. */
    void hangUp(String reason);

    /**
     * Ask the witness, until it is certain what it holds; takes the place of any earlier asking.
     */
    void ask(Licence.Wish wish);

    /**
     * Ask no more, if nothing was handed over to the witness. Returns whether nothing was; if not,
     * the end must be awaited.
     */
    boolean askNoMore();

    /** From here on output leaves by its acknowledgement; what is acknowledged already leaves. */
    void license();

    /** Whether a session with the witness is live. */
    boolean isWitnessLive();
}
