package remus.primary;

import java.util.Arrays;
import java.util.function.ToLongFunction;
import java.util.stream.Stream;

/**
 * The timelines of the newest epochs. One writer; readers may see an epoch that is still under way.
 */
public final class TimelineRing {
    private static final int LENGTH = 1024;

    private final EpochTimeline[] ring = new EpochTimeline[LENGTH];
    private volatile long newest;

    TimelineRing() {
        for (int i = 0; i < LENGTH; i++) {
            ring[i] = new EpochTimeline();
        }
    }

    EpochTimeline begin(long epoch) {
        EpochTimeline timeline = ring[(int) (epoch % LENGTH)];
        timeline.clear(epoch);
        newest = epoch;
        return timeline;
    }

    /** Three points of a distribution. */
    public record Distribution(long p50, long p99, long max) {
        static final Distribution NONE = new Distribution(0, 0, 0);
    }

    /**
     * The distribution of {@code value} over the newest acknowledged epochs; zeros if there is
     * none.
     */
    public Distribution distribution(ToLongFunction<EpochTimeline> value) {
        long[] values = newestAcked().mapToLong(value).sorted().toArray();
        if (values.length == 0) {
            return Distribution.NONE;
        }
        return new Distribution(
                values[values.length / 2],
                values[(int) (values.length * 0.99)],
                values[values.length - 1]);
    }

    /** The newest acknowledged epochs, oldest first; the objects are live. */
    public Stream<EpochTimeline> newestAcked() {
        long to = newest;
        EpochTimeline[] copy = ring.clone();
        return Arrays.stream(copy)
                .filter(t -> t.acked != 0 && t.epoch <= to && t.epoch > to - LENGTH)
                .sorted((a, b) -> Long.compare(a.epoch, b.epoch));
    }
}
