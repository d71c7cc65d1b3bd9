package remus.primary;

import java.util.List;
import java.util.Objects;
import org.jspecify.annotations.Nullable;
import remus.domain.DomainException;
import remus.domain.Slab;
import remus.domain.SlabPool;
import remus.domain.Staging;

/**
 * Stages one member's part of one epoch; spills to the wire when the pool is used up, or it is told
 * to.
 */
final class EpochStaging implements Staging {
    private final SlabPool pool;
    private final EpochSender sender;
    private final long patienceNanos;
    private @Nullable EpochInFlight epoch;
    private int member;

    /**
     * @param patienceNanos how long the pool may stay empty, with the guest suspended, before the
     *     epoch is given up
     */
    EpochStaging(SlabPool pool, EpochSender sender, long patienceNanos) {
        this.pool = pool;
        this.sender = sender;
        this.patienceNanos = patienceNanos;
    }

    EpochStaging into(EpochInFlight newEpoch, int newMember) {
        epoch = newEpoch;
        member = newMember;
        return this;
    }

    @Override
    public Slab nextPages(int region) {
        Slab slab = next();
        slab.beginPages(region);
        return slab;
    }

    @Override
    public Slab nextDevices() {
        Slab slab = next();
        slab.beginDevices();
        return slab;
    }

    @Override
    public List<Slab> slabs() {
        return current().slabs(member);
    }

    /**
     * Sends what is staged, and waits until half of the pool is free. The other half may be of
     * epochs in flight, which nobody acknowledges meanwhile.
     */
    void sendAhead() {
        sender.spill(current(), member);
        SlabWait.poll(pool, pool.capacity() / 2 + 1, patienceNanos).giveBack();
    }

    private EpochInFlight current() {
        return Objects.requireNonNull(epoch, "staging belongs to no epoch yet");
    }

    private Slab next() {
        Slab slab = pool.poll();
        if (slab == null) {
            sender.spill(current(), member);
            slab = SlabWait.poll(pool, pool.capacity(), patienceNanos);
        }
        slabs().add(slab);
        return slab;
    }

    /** Waits for the wire to give a slab back. */
    static final class SlabWait {
        private SlabWait() {}

        /** See {@link SlabPool#poll(int, long)}. */
        static Slab poll(SlabPool pool, int most, long patienceNanos) {
            try {
                Slab slab = pool.poll(most, patienceNanos);
                if (slab != null) {
                    return slab;
                }
            } catch (InterruptedException e) {
                Thread.currentThread().interrupt();
            }
            throw new DomainException(
                    "staging-exhausted",
                    "all "
                            + Math.min(most, pool.capacity())
                            + " MiB of staging memory are in flight and the backup took none of"
                            + " it for "
                            + patienceNanos / 1_000_000
                            + " ms",
                    "raise `staging` in the agent's configuration, or give replication a faster"
                            + " link");
        }
    }
}
