package remus.primary;

import java.util.Map;
import java.util.Set;
import java.util.TreeMap;
import java.util.stream.Collectors;
import org.jspecify.annotations.Nullable;
import remus.ha.Reason;

/**
 * What is known of each member's guest: what its events said, and what its laps met. Changed by the
 * conductor; any thread may ask for {@link #of}.
 */
final class MemberStates {
    /** A guest's state; who is not known otherwise runs. */
    enum State {
        /** It runs, but for the moments in which a lap suspends it. */
        RUNNING,
        /** It stands still, and not by our doing. */
        PAUSED,
        /** Its owner switched it off. */
        OFF,
        /** Its process is gone although nobody switched it off. */
        GONE,
        /** The backup runs it; the copy here is stopped for good. */
        STOPPED
    }

    private record Known(State state, String detail) {}

    private volatile Map<String, Known> known = Map.of();

    /** What a member is now. */
    State of(String name) {
        Known member = known.get(name);
        return member == null ? State.RUNNING : member.state();
    }

    /** It stands still; what is known to be worse stays known. */
    void paused(String name, String detail) {
        if (of(name) == State.RUNNING) {
            put(name, State.PAUSED, detail);
        }
    }

    void off(String name, String detail) {
        put(name, State.OFF, detail);
    }

    void gone(String name, String detail) {
        put(name, State.GONE, detail);
    }

    /** It runs again. */
    void resumed(String name) {
        remove(Set.of(name));
    }

    /** All were seen running, as whole epochs are of running guests only. */
    void allRun() {
        remove(with(State.PAUSED));
    }

    /** The group begins anew, with members opened anew. */
    void forget() {
        known = Map.of();
    }

    /** The members in this state. */
    Set<String> with(State state) {
        return known.entrySet().stream()
                .filter(entry -> entry.getValue().state() == state)
                .map(Map.Entry::getKey)
                .collect(Collectors.toUnmodifiableSet());
    }

    /** Which members stand still and why, for people; null if none does. */
    @Nullable String standingStill() {
        String all =
                known.entrySet().stream()
                        .filter(entry -> entry.getValue().state() == State.PAUSED)
                        .map(entry -> entry.getKey() + " (" + entry.getValue().detail() + ")")
                        .collect(Collectors.joining(", "));
        return all.isEmpty() ? null : all;
    }

    /** This reason, or, if members stand still, that one. */
    Reason orPaused(Reason normal) {
        String paused = standingStill();
        return paused == null ? normal : PrimaryReasons.paused(paused);
    }

    private void put(String name, State state, String detail) {
        Map<String, Known> next = new TreeMap<>(known);
        next.put(name, new Known(state, detail));
        known = next;
    }

    private void remove(Set<String> names) {
        Map<String, Known> next = new TreeMap<>(known);
        next.entrySet()
                .removeIf(
                        entry ->
                                names.contains(entry.getKey())
                                        && entry.getValue().state() == State.PAUSED);
        known = next;
    }
}
