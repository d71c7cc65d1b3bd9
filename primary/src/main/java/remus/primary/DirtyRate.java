package remus.primary;

/**
 * Guesses how many pages the guests have written by now, from how fast they wrote before. Pure.
 *
 * <p>It guesses too much for guests that write the same pages again and again. What that costs is
 * one look at their memory while they run.
 */
final class DirtyRate {
    private long harvestedAt;
    private boolean known;
    private double pagesPerNano;

    /** So many pages were found written since the harvest before. */
    void harvested(long pages, long now) {
        if (known && now > harvestedAt) {
            pagesPerNano = (double) pages / (now - harvestedAt);
        }
        known = true;
        harvestedAt = now;
    }

    /** Pages that a harvest would find now; 0 before the second one. */
    long expectedPages(long now) {
        return known ? (long) (pagesPerNano * (now - harvestedAt)) : 0;
    }
}
