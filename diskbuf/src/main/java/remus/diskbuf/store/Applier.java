package remus.diskbuf.store;

import java.io.IOException;
import java.util.function.Consumer;
import org.jspecify.annotations.Nullable;

/**
 * Carries committed epochs from the journal into the images, and frees segments: only after all of
 * one is in the images and these are synced. Passive: whoever drives it calls {@link #step}, one
 * thread at a time. What is to be done is told by the store's thread.
 */
final class Applier {
    /** Something that must not be done on the store's thread. */
    interface Job {
        void run() throws IOException;
    }

    private final DiskImages images;
    private final EpochJournal journal;
    private final RecordReader reader = new RecordReader();
    private final Consumer<Exception> onFailure;

    private JournalWalk walk;
    private @Nullable Job flush;
    private @Nullable SeedLog overlay;
    private SeedLog.@Nullable Merge merge;
    private @Nullable Job afterMerge;
    private Mark target = Mark.start(0);
    private Mark applied = Mark.start(0);
    private boolean failed;

    Applier(DiskImages images, EpochJournal journal, Consumer<Exception> onFailure) {
        this.images = images;
        this.journal = journal;
        this.onFailure = onFailure;
        walk = new JournalWalk(journal.files(), journal.id(), reader);
    }

    /** The journal was reset. */
    synchronized void restart() {
        walk = new JournalWalk(journal.files(), journal.id(), reader);
        target = journal.committed();
        applied = target;
    }

    /** Epochs up to {@code mark} are committed. */
    synchronized void advance(Mark mark) {
        target = mark;
    }

    /** First of all this log belongs into the images; {@code after} runs when they are synced. */
    synchronized void merge(SeedLog log, Job after) {
        overlay = log;
        merge = log.new Merge(reader);
        afterMerge = after;
    }

    /** Runs {@code job} soon; a job that has not begun yet is forgotten. */
    synchronized void flush(Job job) {
        flush = job;
    }

    /** Where the images are. */
    synchronized Mark applied() {
        return applied;
    }

    /** Bytes of an overlay that are not yet in the images. */
    synchronized long unmergedBytes() {
        return overlay == null || merge == null ? 0 : overlay.bytes() - merge.bytes();
    }

    /** The overlay that goes into the images now. */
    synchronized @Nullable SeedLog merging() {
        return overlay;
    }

    /** Whether segments will become free without anything else being done. */
    synchronized boolean isMakingRoom() {
        return !failed
                && (merge != null
                        || !applied.equals(target)
                        || applied.segment() != journal.checkpoint().segment()
                        || journal.hasSegmentToReady());
    }

    /** What it gave up at is tried again: each piece of work may be done twice. */
    synchronized void goOn() {
        failed = false;
    }

    /** Whether it has given up. */
    synchronized boolean hasFailed() {
        return failed;
    }

    /**
     * Does one piece of work.
     *
     * @return whether there was any
     */
    boolean step() {
        if (hasFailed()) {
            return false;
        }
        try {
            return flushed() || merged() || appliedEpoch() || freed() || journal.makeSegmentReady();
        } catch (IOException | RuntimeException e) {
            synchronized (this) {
                failed = true;
            }
            onFailure.accept(e);
            return false;
        }
    }

    private boolean flushed() throws IOException {
        @Nullable Job job;
        synchronized (this) {
            job = flush;
            flush = null;
        }
        if (job == null) {
            return false;
        }
        job.run();
        return true;
    }

    private boolean merged() throws IOException {
        SeedLog.@Nullable Merge open;
        @Nullable Job after;
        synchronized (this) {
            open = merge;
            after = afterMerge;
        }
        if (open == null || after == null) {
            return false;
        }
        if (!open.step(images)) {
            images.sync();
            after.run();
            synchronized (this) {
                overlay = null;
                merge = null;
                afterMerge = null;
            }
        }
        return true;
    }

    private boolean appliedEpoch() throws IOException {
        Mark from;
        Mark to;
        JournalWalk way;
        synchronized (this) {
            from = applied;
            to = target;
            way = walk;
        }
        if (from.equals(to)) {
            return false;
        }
        // write-ahead: what reaches an image must not get lost in the journal
        if (journal.durableEpoch() < to.epoch()) {
            journal.sync();
        }
        @Nullable Mark next = way.epoch(from, images::apply);
        if (next == null) {
            throw new DamageException("the journal is damaged after epoch " + from.epoch());
        }
        synchronized (this) {
            applied = next;
        }
        return true;
    }

    private boolean freed() throws IOException {
        Mark reached = applied();
        if (reached.segment() == journal.checkpoint().segment()) {
            return false;
        }
        images.sync();
        journal.checkpoint(reached);
        return true;
    }
}
