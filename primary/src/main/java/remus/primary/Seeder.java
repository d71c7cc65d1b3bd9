package remus.primary;

import java.util.ArrayList;
import java.util.Iterator;
import java.util.List;
import remus.diskbuf.DiskBuffer;
import remus.domain.DomainException;
import remus.domain.Slab;
import remus.domain.SlabPool;
import remus.domain.Staging;

/**
 * Copies the members' disks and then their memory while they run, the memory round by round, until
 * what is left is small enough for a checkpoint or rounds stop helping (Xen's pre-copy: below 50
 * pages or 5 rounds).
 */
final class Seeder {
    private static final int MAX_ROUNDS = 5;
    private static final long FEW_PAGES = 1024;

    /** As many slabs as keep the wire busy: more would have left the cache before they are sent. */
    private static final int SLABS_AHEAD = 12;

    /** How often an idle copy of the disks is looked at. */
    private static final long DISK_POLL_NANOS = 1_000_000;

    private final List<Member> members;
    private final SlabPool pool;
    private final EpochSender sender;
    private final long patienceNanos;
    private volatile boolean cancelled;
    private volatile long sentBytes;
    private volatile long copiedBytes;
    private int round;
    private volatile boolean complete;

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

    /**
     * Hands on what was copied of the disks; once they are whole, does one round of the members'
     * memory. Returns the nanoseconds until it should be called again.
     */
    long round() {
        checkCancelled();
        long before = sentBytes;
        if (!sendDisks()) {
            return sentBytes == before ? DISK_POLL_NANOS : 0;
        }
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
        complete = pages <= FEW_PAGES || round >= MAX_ROUNDS;
        return 0;
    }

    /** Whether what is left is little enough for a checkpoint. */
    boolean isComplete() {
        return complete;
    }

    /** Returns whether all disks are whole at the backup but for what is captured from now on. */
    private boolean sendDisks() {
        boolean seeded = true;
        for (int i = 0; i < members.size(); i++) {
            for (DiskBuffer disks : members.get(i).diskBuffers()) {
                seeded &= disks.isSeeded(); // asked first: what came until then is handed over now
                send(disks.take(), i);
            }
        }
        return seeded;
    }

    private void send(List<Slab> slabs, int member) {
        Iterator<Slab> rest = slabs.iterator();
        try {
            while (rest.hasNext()) {
                sent(rest.next(), member);
            }
        } finally {
            rest.forEachRemaining(Slab::giveBack);
        }
    }

    @SuppressWarnings("NonAtomicVolatileUpdate") // one writer
    private void sent(Slab slab, int member) {
        sentBytes += sender.seed(slab, member);
    }

    private void checkCancelled() {
        if (cancelled) {
            throw new DomainException("cancelled", "seeding was cancelled", "protect again");
        }
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
            checkCancelled();
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
                sent(slab, member);
            }
            sendDisks(); // their writers wait for the memory that the captured writes take
        }

        /** What a failed round leaves unsent. */
        void drop() {
            current.forEach(Slab::giveBack);
            current.clear();
        }
    }
}
