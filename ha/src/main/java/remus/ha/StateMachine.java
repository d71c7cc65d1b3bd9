package remus.ha;

import java.util.EnumSet;
import java.util.Map;

/**
 * A state that changes in one place only, along a table of legal transitions.
 *
 * <p>Not thread-safe for {@link #transition}: its owner is a single-threaded conductor. The current
 * state and reason may be read from any thread.
 */
public final class StateMachine<S extends Enum<S>> {
    private final String name;
    private final Map<S, EnumSet<S>> legal;
    private final Listener<S> listener;
    private volatile Entry<S> entry;

    /**
     * @param name whose state this is, for messages
     * @param legal the states that may follow each state
     * @param listener told of every transition, in the conductor's thread
     */
    public StateMachine(
            String name,
            Map<S, EnumSet<S>> legal,
            S initial,
            Reason reason,
            long now,
            Listener<S> listener) {
        this.name = name;
        this.legal = legal;
        this.listener = listener;
        this.entry = new Entry<>(initial, reason, now);
    }

    /** What the machine is in, why and since when; {@code sinceNanos} in the conductor's clock. */
    public record Entry<S>(S state, Reason reason, long sinceNanos) {}

    /** Hears of every transition. */
    public interface Listener<S> {
        /** The machine has entered {@code to}. */
        void entered(S from, S to, long now, Reason reason);
    }

    /** The present state. */
    public S state() {
        return entry.state();
    }

    /** State, reason and time as one consistent value. */
    public Entry<S> entry() {
        return entry;
    }

    /**
     * Enters a state; entering the present one again only changes the reason.
     *
     * @throws IllegalStateException if the table does not allow it
     */
    public void transition(S to, long now, Reason reason) {
        Entry<S> old = entry;
        if (old.state() == to) {
            if (!old.reason().equals(reason)) {
                entry = new Entry<>(to, reason, now);
                listener.entered(to, to, now, reason);
            }
            return;
        }
        EnumSet<S> next = legal.get(old.state());
        if (next == null || !next.contains(to)) {
            throw new IllegalStateException(
                    "illegal transition: in "
                            + name
                            + ", "
                            + old.state()
                            + " -> "
                            + to
                            + " ("
                            + reason
                            + ")");
        }
        entry = new Entry<>(to, reason, now);
        listener.entered(old.state(), to, now, reason);
    }
}
