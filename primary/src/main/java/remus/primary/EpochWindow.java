package remus.primary;

import java.util.ArrayDeque;
import java.util.List;
import remus.domain.Slab;
import remus.domain.SlabPool;

/** The epochs sent and not yet acknowledged, oldest first; bounded. */
final class EpochWindow {
    private final int limit;
    private final SlabPool pool;
    private final ArrayDeque<EpochInFlight> inFlight = new ArrayDeque<>();

    EpochWindow(int limit, SlabPool pool) {
        this.limit = limit;
        this.pool = pool;
    }

    /**
     * Whether one more epoch may begin: half of the staging memory must be free, or all of it ours.
     */
    boolean hasRoom() {
        return inFlight.isEmpty()
                || (inFlight.size() < limit && pool.available() * 2 >= pool.capacity());
    }

    void add(EpochInFlight epoch) {
        inFlight.add(epoch);
    }

    boolean isEmpty() {
        return inFlight.isEmpty();
    }

    Iterable<EpochInFlight> unacknowledged() {
        return inFlight;
    }

    /** Whether every epoch after {@code committed} can be sent again, gap-free. */
    boolean canResumeAfter(long committed, long newestEpoch) {
        long next = committed + 1;
        for (EpochInFlight epoch : inFlight) {
            if (epoch.epoch > committed) {
                if (epoch.epoch != next || !epoch.isReplayable()) {
                    return false;
                }
                next++;
            }
        }
        return next == newestEpoch + 1;
    }

    /** Everything up to {@code epoch} is committed: its memory is free again. */
    void acknowledged(long epoch, long ackedNanos, long releasedNanos) {
        while (!inFlight.isEmpty() && inFlight.peek().epoch <= epoch) {
            EpochInFlight done = inFlight.remove();
            done.timeline.released = releasedNanos;
            done.timeline.acked = ackedNanos;
            free(done);
        }
    }

    /** Gives up everything in flight. */
    void clear() {
        inFlight.forEach(this::free);
        inFlight.clear();
    }

    void free(EpochInFlight epoch) {
        for (int member = 0; member < epoch.members(); member++) {
            List<Slab> slabs = epoch.slabs(member);
            slabs.forEach(Slab::giveBack);
            slabs.clear();
        }
    }
}
