package remus.testkit;

import java.util.PriorityQueue;

/** Simulated time: events happen in the order of their instants, those of one instant as posted. */
final class SimClock {
    private record Event(long at, long order, Runnable what) implements Comparable<Event> {
        @Override
        public int compareTo(Event other) {
            int byTime = Long.compare(at, other.at);
            return byTime != 0 ? byTime : Long.compare(order, other.order);
        }
    }

    private final PriorityQueue<Event> events = new PriorityQueue<>();
    private long now = 1_000_000_000;
    private long posted;
    private boolean halted;

    long now() {
        return now;
    }

    void after(long nanos, Runnable what) {
        events.add(new Event(now + Math.max(0, nanos), posted++, what));
    }

    /** Nothing happens any more. */
    void halt() {
        halted = true;
    }

    void run(long nanos) {
        long end = now + nanos;
        while (!halted && !events.isEmpty() && events.peek().at <= end) {
            Event next = events.remove();
            now = next.at;
            next.what.run();
        }
        if (!halted) {
            now = end;
        }
    }
}
