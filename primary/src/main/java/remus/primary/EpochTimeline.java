package remus.primary;

/**
 * When what happened in one epoch, in the host's nanoseconds; 0 where it has not happened. Kept in
 * a ring and reused, so that measuring costs no allocation.
 *
 * <p>Written by the group's conductor, {@code sent} by the link's thread.
 */
public final class EpochTimeline {
    long epoch;
    long begin;
    long suspended;
    long saved;
    long harvested;
    long copied;
    long resumed;
    volatile long sent;
    long acked;
    long released;
    long dirtyPages;
    long bytes;

    void clear(long newEpoch) {
        epoch = newEpoch;
        begin = 0;
        suspended = 0;
        saved = 0;
        harvested = 0;
        copied = 0;
        resumed = 0;
        sent = 0;
        acked = 0;
        released = 0;
        dirtyPages = 0;
        bytes = 0;
    }

    /** The epoch, counted from 1 in each protection. */
    public long epoch() {
        return epoch;
    }

    /** When the suspend was asked for. */
    public long beginNanos() {
        return begin;
    }

    /** Suspending took. */
    public long suspendNanos() {
        return suspended - begin;
    }

    /** Saving the device state took. */
    public long saveNanos() {
        return saved - suspended;
    }

    /** Reading and re-arming the dirty log took. */
    public long harvestNanos() {
        return harvested - saved;
    }

    /** Copying the dirty pages took. */
    public long copyNanos() {
        return copied - harvested;
    }

    /** Resuming took. */
    public long resumeNanos() {
        return resumed - copied;
    }

    /** What the guest saw: from asking for the suspend to the end of the resume. */
    public long pauseNanos() {
        return resumed - begin;
    }

    /** From suspend to the last byte handed to the kernel; 0 if that has not happened. */
    public long sentNanos() {
        return sent == 0 ? 0 : sent - begin;
    }

    /** From suspend to the acknowledgement; 0 if there is none yet. */
    public long ackNanos() {
        return acked == 0 ? 0 : acked - begin;
    }

    /** From suspend to the release of the epoch's output; 0 if it is still held. */
    public long releaseNanos() {
        return released == 0 ? 0 : released - begin;
    }

    /** Pages that the epoch dirtied. */
    public long dirtyPages() {
        return dirtyPages;
    }

    /** Payload bytes sent for the epoch. */
    public long bytes() {
        return bytes;
    }
}
