package remus.ha.witness;

import java.util.function.LongSupplier;
import remus.ha.Mailbox;
import remus.ha.Reason;
import remus.ha.witness.Witness.Answer;

/**
 * One host's wish to change a group's record, carried through to an answer that is certain. Reads,
 * decides by the content, changes exactly what it has read, and after any doubt reads again: so an
 * answer that was lost is found in the record, and a change made twice is made once.
 *
 * <pre>
 *   WAITING --> READING --> SETTING --> WON
 *      ^           |  |        |
 *      |           |  +--------|----->  LOST       the record went another way
 *      +-- doubt --+-----------+
 *   WAITING, READING --> WITHDRAWN                 until the first change is handed over
 * </pre>
 *
 * <p>Conductor's thread only; the witness's answers come through its mailbox.
 */
public final class Claim {
    private static final long RETRY_NANOS = 250_000_000;
    private static final long NEVER = Long.MAX_VALUE;

    private final Witness witness;
    private final String group;
    private final Goal goal;
    private final long seenTerm;
    private final Mailbox mailbox;
    private final LongSupplier clock;
    private final Listener listener;
    private State state = State.WAITING;
    private boolean handedOver;
    private long nextTry;

    /** How far a claim is. */
    public enum State {
        /** For a live session, or for the next try. */
        WAITING,
        /** What is there now. */
        READING,
        /** A change is handed over; it may be made although its answer is lost. */
        SETTING,
        /** The record is what was wanted. */
        WON,
        /** The record can never become what was wanted. */
        LOST,
        /** Given up: before anything was handed over, or {@link #abandon abandoned}. */
        WITHDRAWN
    }

    /** Hears how it goes, in the conductor's thread. */
    public interface Listener {
        /** The witness holds what was wanted. */
        void won(WitnessRecord record);

        /** The witness holds something else, for good. */
        void lost(WitnessRecord record);

        /** It is not known yet; it is tried again by itself. Told at each try. */
        void stuck(Reason why);
    }

    /**
     * A claim that begins with the next {@link #step}.
     *
     * @param group the group's UUID, as text
     * @param seenTerm the highest term that this host has seen of the group; 0 if none. A witness
     *     that knows only lower ones, or no record, has forgotten: nothing is decided by it
     */
    public Claim(
            Witness witness,
            String group,
            Goal goal,
            long seenTerm,
            Mailbox mailbox,
            LongSupplier clock,
            Listener listener) {
        this.witness = witness;
        this.group = group;
        this.goal = goal;
        this.seenTerm = seenTerm;
        this.mailbox = mailbox;
        this.clock = clock;
        this.listener = listener;
        this.nextTry = clock.getAsLong();
    }

    /** How far it is. */
    public State state() {
        return state;
    }

    /** Whether nothing more happens. */
    public boolean isOver() {
        return state == State.WON || state == State.LOST || state == State.WITHDRAWN;
    }

    /**
     * Gives it up, if nothing has been handed over. Returns whether it is given up; if not, its end
     * must be awaited.
     */
    public boolean withdraw() {
        if (handedOver) {
            return state == State.LOST;
        }
        if (state != State.LOST && state != State.WON) {
            state = State.WITHDRAWN;
        }
        return state != State.WON;
    }

    /**
     * Listens no more, whatever becomes of it: another claim, which knows what may still arrive,
     * takes its place; or the group has ended.
     */
    public void abandon() {
        state = State.WITHDRAWN;
    }

    /** Goes on if it is time to. Returns nanoseconds until it is. */
    public long step(long now) {
        if (state != State.WAITING) {
            return NEVER;
        }
        if (now - nextTry < 0) {
            return nextTry - now;
        }
        if (!witness.isLive()) {
            again(
                    new Reason(
                            "witness-away",
                            "the witness cannot be reached",
                            "start it, or mend the network to it"),
                    now);
            return RETRY_NANOS;
        }
        state = State.READING;
        witness.read(group, answer -> mailbox.post(() -> read(answer)));
        return NEVER;
    }

    private void read(Answer answer) {
        if (state != State.READING) {
            return;
        }
        if (answer instanceof Answer.There there) {
            decide(there.record());
        } else if (answer instanceof Answer.Unknown unknown) {
            again(unknown.why(), clock.getAsLong());
        } else {
            WitnessRecord first = goal.fromNothing();
            if (first == null || seenTerm > 0) {
                again(forgot("no record"), clock.getAsLong());
            } else {
                handOver();
                witness.create(first, this::post);
            }
        }
    }

    private void decide(WitnessRecord there) {
        if (there.term() < seenTerm) {
            again(forgot("term " + there.term()), clock.getAsLong());
        } else if (goal.isReached(there)) {
            state = State.WON;
            listener.won(there);
        } else {
            WitnessRecord wanted = goal.from(there);
            if (wanted == null) {
                state = State.LOST;
                listener.lost(there);
            } else {
                handOver();
                witness.compareAndSet(there, wanted, this::post);
            }
        }
    }

    private void handOver() {
        state = State.SETTING;
        handedOver = true;
    }

    private void post(Answer answer) {
        mailbox.post(() -> answered(answer));
    }

    private void answered(Answer answer) {
        if (state != State.SETTING) {
            return;
        }
        if (answer instanceof Answer.There there) {
            decide(there.record());
        } else if (answer instanceof Answer.Unknown unknown) {
            again(unknown.why(), clock.getAsLong());
        } else {
            again(forgot("no record"), clock.getAsLong());
        }
    }

    private void again(Reason why, long now) {
        state = State.WAITING;
        nextTry = now + RETRY_NANOS;
        listener.stuck(why);
    }

    private Reason forgot(String has) {
        return new Reason(
                "witness-forgot",
                "the witness has "
                        + has
                        + " of this group (expected: a term of at least "
                        + seenTerm
                        + "): it was wiped or restored, or it is another one",
                "find out which copy runs, restore the witness's data or name the right one, or"
                        + " `remus unprotect --force`");
    }

    /** Its state, for messages. */
    @Override
    public String toString() {
        return goal + " is " + state;
    }
}
