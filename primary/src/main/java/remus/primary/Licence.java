package remus.primary;

import org.jspecify.annotations.Nullable;
import remus.domain.DomainException;
import remus.ha.GroupRecord.Standing;
import remus.ha.Reason;

/**
 * The part of {@link PrimaryCore} that deals with the witness: what is wanted of it, and when it is
 * asked. Pure, as the core is. Without a witness everything is granted.
 *
 * <p>An epoch's output leaves on its acknowledgement only once the witness has recorded that the
 * group is PROTECTED: before that the backup could not take over what it acknowledged. And a
 * primary whose backup is gone goes on alone only once the witness has recorded that.
 */
final class Licence {
    private static final long NEVER = Long.MAX_VALUE;

    /** Output is held no longer than this for want of an answer, if the backup can promise. */
    private static final long ENTRY_PATIENCE_NANOS = 5_000_000_000L;

    /** What may be wanted of the witness. */
    enum Wish {
        /** To go on alone; no copy at the backup may ever run. */
        ALONE,
        /** To be protected: the copy at the backup is complete. */
        PROTECTED,
        /** That nobody runs the group: its owner switched it off. */
        OFF
    }

    private final boolean witnessed;
    private final long patienceNanos;
    private final PrimaryEffects effects;
    private @Nullable Holder holder;
    private @Nullable Wish asked;
    private boolean alone;
    private boolean entered;
    private long askAt = NEVER;
    private long enteringSince;

    /**
     * @param witnessed whether there is a witness
     * @param patienceNanos how long the backup may be away before the witness is asked
     */
    Licence(boolean witnessed, long patienceNanos, PrimaryEffects effects) {
        this.witnessed = witnessed;
        this.patienceNanos = patienceNanos;
        this.effects = effects;
    }

    /** The group that it is for. */
    interface Holder {
        Standing standing();

        boolean isOver();

        /** Whether its members are here and alive. */
        boolean mayGoAlone();

        /** Output leaves by acknowledgements from here on. */
        void licensed(long now);

        /** No copy of this incarnation will ever run: the members may speak as they like. */
        void setFree(Reason why, long now);

        /** The backup has the group. */
        void superseded(long now);

        void remark(Reason why, long now);
    }

    void heldBy(Holder group) {
        holder = group;
    }

    private Holder holder() {
        Holder group = holder;
        if (group == null) {
            throw new IllegalStateException("nobody's licence");
        }
        return group;
    }

    boolean isWitnessed() {
        return witnessed;
    }

    /** Whether the group may be offered to a backup: nothing of an earlier protection may run. */
    boolean mayOffer() {
        return !witnessed || alone;
    }

    /** The members are open, under an incarnation of their own. */
    void opened() {
        if (!mayOffer()) {
            ask(Wish.ALONE);
        }
    }

    /** Whether the backup may come to hold a complete copy. */
    boolean mayBeEntered(long now) {
        boolean may = !witnessed || effects.isWitnessLive();
        if (!may) {
            holder().remark(PrimaryReasons.WITNESS_AWAITED, now);
        }
        return may;
    }

    /** The backup holds a complete copy: the witness shall know. Returns whether it does. */
    boolean enter(long now) {
        if (!witnessed || entered) {
            return true;
        }
        if (asked != Wish.PROTECTED) {
            enteringSince = now;
            holder().remark(PrimaryReasons.ENTERING, now);
            ask(Wish.PROTECTED);
        }
        return false;
    }

    /** The copy at the backup is of no account any more, on the backup's word. */
    void ended() {
        entered = false;
        asked = null;
        askAt = NEVER;
    }

    /** The backup is away. */
    void missed(long now) {
        if (witnessed && askAt == NEVER && asked != Wish.ALONE && asked != Wish.OFF) {
            askAt = now + patienceNanos;
        }
    }

    /** It was waited for long enough: silence was its sign. */
    void missedLongEnough(long now) {
        if (askAt != NEVER) {
            askAt = now;
        }
    }

    /**
     * The backup is there, with a copy that may be followed again. Returns whether nothing is
     * wanted any more; if not, something is under way after which nothing can be as before.
     */
    boolean met() {
        if (asked == Wish.ALONE || asked == Wish.OFF) {
            if (!effects.askNoMore()) {
                return false;
            }
            asked = null;
        }
        askAt = NEVER;
        return true;
    }

    private void ask(Wish wish) {
        asked = wish;
        askAt = NEVER;
        if (wish == Wish.PROTECTED) {
            alone = false; // from here on it may have been granted although its answer is lost
        }
        effects.ask(wish);
    }

    /** The witness holds what it was asked for. */
    void granted(Wish wish, long now) {
        if (wish != asked) {
            return; // it was wanted once
        }
        asked = null;
        alone = wish == Wish.ALONE;
        entered = wish == Wish.PROTECTED;
        if (holder().isOver()) {
            return;
        }
        if (entered) {
            effects.license();
            holder().licensed(now);
        } else if (holder().standing() != Standing.SEEDING) {
            try {
                holder().setFree(PrimaryReasons.ALONE, now);
            } catch (DomainException e) { // its record cannot be written: asked again
                holder().remark(Reason.of(e).after("output is held: "), now);
                askAt = now + patienceNanos;
            }
        }
    }

    /** The witness holds something that makes it impossible: the backup has the group. */
    void denied(Wish wish, long now) {
        if (wish != asked) {
            return;
        }
        asked = null;
        if (!holder().isOver()) {
            holder().superseded(now);
        }
    }

    /** The witness's answer is not known yet. */
    void unanswered(Reason why, long now) {
        if (!holder().isOver()) {
            boolean held = holder().standing() != Standing.SEEDING;
            holder().remark(held ? why.after("output is held: ") : why, now);
            if (asked == Wish.PROTECTED && now - enteringSince >= ENTRY_PATIENCE_NANOS) {
                enteringSince = now;
                effects.askConcession("the witness does not answer"); // then output flows
            }
        }
    }

    /** Time has passed: the witness is asked if the backup stayed away. */
    void tick(long now) {
        if (askAt != NEVER && now - askAt >= 0 && holder().mayGoAlone()) {
            ask(holder().standing() == Standing.OFF ? Wish.OFF : Wish.ALONE);
        }
    }

    /** Nanoseconds until {@link #tick} has something to do. */
    long dueInNanos(long now) {
        return askAt == NEVER || !holder().mayGoAlone() ? NEVER : Math.max(0, askAt - now);
    }
}
