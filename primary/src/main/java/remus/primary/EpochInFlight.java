package remus.primary;

import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.concurrent.atomic.AtomicLong;
import remus.domain.Slab;

/**
 * An epoch from its suspend to its acknowledgement. Its slabs are kept until then, so that a
 * connection that comes back can be given them again.
 */
final class EpochInFlight {
    final long epoch;
    final EpochTimeline timeline;
    final AtomicInteger framesSpilled = new AtomicInteger();
    final AtomicLong bytesSpilled = new AtomicLong();
    private final List<List<Slab>> slabsOfMember;

    EpochInFlight(long epoch, EpochTimeline timeline, int members) {
        this.epoch = epoch;
        this.timeline = timeline;
        slabsOfMember = new ArrayList<>(members);
        for (int i = 0; i < members; i++) {
            slabsOfMember.add(new ArrayList<>());
        }
    }

    List<Slab> slabs(int member) {
        return slabsOfMember.get(member);
    }

    int members() {
        return slabsOfMember.size();
    }

    /**
     * An epoch of which some slabs are already gone to the wire for want of room cannot be sent
     * again.
     */
    boolean isReplayable() {
        return framesSpilled.get() == 0;
    }

    /**
     * Takes the pages of an epoch that was no consistent state: they travel with this one, first.
     */
    void carryOver(EpochInFlight voided) {
        for (int member = 0; member < members(); member++) {
            List<Slab> pages = voided.slabs(member);
            slabs(member).addAll(0, pages);
            pages.clear();
        }
        framesSpilled.addAndGet(voided.framesSpilled.get());
        bytesSpilled.addAndGet(voided.bytesSpilled.get());
    }
}
