package remus.primary;

import java.util.ArrayList;
import java.util.List;
import remus.domain.DomainException;
import remus.domain.Slab;
import remus.domain.SlabPool;
import remus.domain.Staging;

/**
 * Copies the members' memory while they run, round by round, until what is left is small enough for
 * a checkpoint or rounds stop helping (Xen's pre-copy: below 50 pages or 5 rounds).
 */
final class Seeder {
    private static final int MAX_ROUNDS = 5;
    private static final long FEW_PAGES = 1024;

    /** As many slabs as keep the wire busy: more would have left the cache before they are sent. */
    private static final int SLABS_AHEAD = 12;

    private final List<Member> members;
    private final SlabPool pool;
    private final EpochSender sender;
    private final long patienceNanos;
    private volatile boolean cancelled;
    private volatile long sentBytes;
    private volatile long copiedBytes;
    private int round;

    Seeder(List<Member> members, SlabPool pool, EpochSender sender, long patienceNanos) {
        this.members = members;
        this.pool = pool;
        this.sender = sender;
        this.patienceNanos = patienceNanos;
    }

    /** Ends the round under way with an exception; may be called from any thread. */
    void cancel() {
        cancelled = true;
    }

    /** Does one round of all members. Returns whether seeding is complete. */
    boolean round() {
        long pages = 0;
        for (int i = 0; i < members.size(); i++) {
            RoundStaging staging = new RoundStaging(i);
            try {
                pages += members.get(i).domain().precopy(staging);
                staging.flush();
            } finally {
                staging.drop();
            }
        }
        round++;
        return pages <= FEW_PAGES || round >= MAX_ROUNDS;
    }

    /** Bytes of guest memory copied so far, all rounds together. */
    long copiedBytes() {
        return copiedBytes;
    }

    /** Payload bytes sent so far; less than copied, as zero pages have none. */
    long sentBytes() {
        return sentBytes;
    }

    /** Sends each slab as soon as it is complete. */
    private final class RoundStaging implements Staging {
        private final int member;
        private final List<Slab> current = new ArrayList<>(1);

        RoundStaging(int member) {
            this.member = member;
        }

        @Override
        public Slab nextPages(int region) {
            flush();
            if (cancelled) {
                throw new DomainException("cancelled", "seeding was cancelled", "protect again");
            }
            Slab slab = EpochStaging.SlabWait.poll(pool, SLABS_AHEAD, patienceNanos);
            slab.beginPages(region);
            current.add(slab);
            return slab;
        }

        @Override
        public Slab nextDevices() {
            throw new IllegalStateException("a pre-copy round has no device state");
        }

        @Override
        public List<Slab> slabs() {
            return current;
        }

        @SuppressWarnings("NonAtomicVolatileUpdate") // one writer
        void flush() {
            List<Slab> complete = List.copyOf(current);
            current.clear();
            for (Slab slab : complete) {
                copiedBytes += (long) slab.pages() * Slab.PAGE_BYTES;
                sentBytes += sender.seed(slab, member);
            }
        }

        /** What a failed round leaves unsent. */
        void drop() {
            current.forEach(pool::give);
            current.clear();
        }
    }
}
