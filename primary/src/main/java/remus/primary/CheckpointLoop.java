package remus.primary;

import java.util.List;
import java.util.function.Consumer;
import java.util.function.LongSupplier;
import remus.diskbuf.DiskBuffer;
import remus.domain.CheckpointDevice;
import remus.domain.Domain;
import remus.domain.Slab;
import remus.domain.SlabPool;

/**
 * One lap for a whole group: steps 2 to 6 of the walk, and the device state after them. Everything
 * between suspend and resume is here and nowhere else.
 */
final class CheckpointLoop {
    private final List<Member> members;
    private final Crew crew;
    private final LongSupplier clock;
    private final SlabPool pool;
    private final DirtyRate rate = new DirtyRate();
    private final EpochStaging[] staging;
    private final boolean[] suspended;
    private final boolean[] stoodStill;
    private final boolean[] consistent;
    private final long[] saved;
    private final long[] harvested;
    private final long[] dirtyPages;

    CheckpointLoop(
            List<Member> members,
            Crew crew,
            LongSupplier clock,
            SlabPool pool,
            EpochSender sender,
            long patienceNanos) {
        this.members = members;
        this.crew = crew;
        this.clock = clock;
        this.pool = pool;
        int count = members.size();
        staging = new EpochStaging[count];
        for (int i = 0; i < count; i++) {
            staging[i] = new EpochStaging(pool, sender, patienceNanos);
        }
        suspended = new boolean[count];
        stoodStill = new boolean[count];
        consistent = new boolean[count];
        saved = new long[count];
        harvested = new long[count];
        dirtyPages = new long[count];
    }

    /** How a lap ended. */
    enum Outcome {
        /** The epoch is a consistent state, ready to be sent. */
        COMPLETE,
        /** A member was not running, by its owner's will or an I/O error: nothing was harvested. */
        NOT_RUNNING,
        /** Somebody resumed a member before the copy ended: its pages travel with the next try. */
        VOID
    }

    /** A lap that failed; whether the dirty log still knows everything decides how to go on. */
    static final class LapException extends RuntimeException {
        private static final long serialVersionUID = 1L;
        private final boolean pagesLost;

        LapException(RuntimeException cause, boolean pagesLost) {
            super(cause.getMessage(), cause);
            this.pagesLost = pagesLost;
        }

        boolean pagesLost() {
            return pagesLost;
        }
    }

    /**
     * Whether the guests wrote more, as it seems, than free staging memory holds: the copy would
     * wait for the wire while they are suspended.
     */
    boolean expectsMoreThanFits() {
        return rate.expectedPages(clock.getAsLong()) > (long) pool.available() * Slab.PAGES;
    }

    /**
     * Copies what the guests wrote into {@code epoch} while they run, and sends it ahead; what they
     * write meanwhile is left to the lap. Returns when half of the staging memory is free.
     */
    void precopy(EpochInFlight epoch) {
        long pages = 0;
        for (int i = 0; i < members.size(); i++) {
            pages += members.get(i).domain().precopy(staging[i].into(epoch, i));
            staging[i].sendAhead();
        }
        rate.harvested(pages, clock.getAsLong());
    }

    /**
     * Runs one lap into {@code epoch}. Whatever happens, every member that this lap suspended runs
     * again when it returns or throws.
     */
    Outcome lap(EpochInFlight epoch) {
        EpochTimeline timeline = epoch.timeline;
        boolean harvesting = false;
        boolean complete = false;
        timeline.begin = clock.getAsLong();
        try {
            eachDevice(device -> device.presuspend(epoch.epoch));
            crew.each(i -> suspended[i] = members.get(i).domain().suspend());
            timeline.suspended = clock.getAsLong();
            if (all(suspended)) {
                eachDevice(device -> device.postsuspend(epoch.epoch));
                takeDiskWrites(epoch);
                crew.each(this::saveDevices);
                harvesting = true;
                crew.each(i -> harvestAndCopy(epoch, i));
                timeline.copied = clock.getAsLong();
                eachDevice(device -> device.preresume(epoch.epoch));
                complete = true;
            } else {
                for (int i = 0; i < stoodStill.length; i++) {
                    stoodStill[i] = !suspended[i];
                }
            }
        } catch (RuntimeException e) {
            throw new LapException(e, harvesting);
        } finally {
            resume();
            eachDevice(CheckpointDevice::resumed);
            timeline.resumed = clock.getAsLong();
        }
        timeline.saved = max(saved);
        timeline.harvested = max(harvested);
        timeline.dirtyPages = 0;
        for (long pages : dirtyPages) {
            timeline.dirtyPages += pages;
        }
        if (!complete) {
            return Outcome.NOT_RUNNING;
        }
        rate.harvested(timeline.dirtyPages, timeline.harvested);
        return all(consistent) ? Outcome.COMPLETE : Outcome.VOID;
    }

    /** Whether a member was what kept the last lap that was {@link Outcome#NOT_RUNNING}. */
    boolean stoodStill(int member) {
        return stoodStill[member];
    }

    /** Adds the saved device states, which are read while the guests run. */
    void stageDevices(EpochInFlight epoch) {
        for (int i = 0; i < members.size(); i++) {
            members.get(i).domain().stageDevices(staging[i].into(epoch, i));
        }
    }

    /** The guests' writes are drained: what is captured by now is the epoch's. */
    private void takeDiskWrites(EpochInFlight epoch) {
        for (int i = 0; i < members.size(); i++) {
            for (DiskBuffer disks : members.get(i).diskBuffers()) {
                epoch.slabs(i).addAll(disks.take());
            }
        }
    }

    private void saveDevices(int member) {
        members.get(member).domain().saveDevices();
        saved[member] = clock.getAsLong();
    }

    private void harvestAndCopy(EpochInFlight epoch, int member) {
        Domain domain = members.get(member).domain();
        dirtyPages[member] = domain.harvest();
        harvested[member] = clock.getAsLong();
        domain.copy(staging[member].into(epoch, member));
    }

    private void resume() {
        crew.each(
                i -> {
                    consistent[i] = suspended[i];
                    if (suspended[i]) {
                        suspended[i] = false;
                        consistent[i] = members.get(i).domain().resume();
                    }
                });
    }

    private void eachDevice(Consumer<CheckpointDevice> step) {
        for (Member member : members) {
            member.devices().forEach(step);
        }
    }

    private static boolean all(boolean[] flags) {
        for (boolean flag : flags) {
            if (!flag) {
                return false;
            }
        }
        return true;
    }

    private static long max(long[] values) {
        long max = values[0];
        for (long value : values) {
            max = Math.max(max, value);
        }
        return max;
    }
}
