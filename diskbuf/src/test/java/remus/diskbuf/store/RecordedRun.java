package remus.diskbuf.store;

import java.util.ArrayList;
import java.util.HashSet;
import java.util.List;
import java.util.Random;
import java.util.Set;
import remus.domain.DomainException;

/** A run of a store on a simulated medium, and what it promised when. */
final class RecordedRun {
    static final StoreSettings SYNC = settings(true, StoreSettings.Resync.KEEP_OLD_COPY);

    /**
     * A state that the disks were committed in.
     *
     * @param version counts states whose content may differ from the one before
     * @param begunAt operations that had been done when commit was called
     */
    record Committed(long incarnation, long epoch, int version, List<byte[]> disks, int begunAt) {}

    /** From so many operations on, at least so many states are promised. */
    record Promise(int operations, int states) {}

    final SimMedium medium = new SimMedium();
    final List<Committed> states = new ArrayList<>();
    final List<Promise> promises = new ArrayList<>();
    final DiskModel model;
    private final Random random;
    private final StoreSettings settings;
    private DiskStore store;
    private InlineDrive drive;
    private long incarnation;
    private long epoch;
    private int handOverBegunAt = Integer.MAX_VALUE;
    private int handedOverAt = Integer.MAX_VALUE;

    RecordedRun(Random random, StoreSettings settings) {
        this.random = random;
        this.settings = settings;
        model = new DiskModel(random);
    }

    static StoreSettings settings(boolean syncBeforeAck, StoreSettings.Resync resync) {
        return new StoreSettings(
                StoreSettings.MIN_JOURNAL_BYTES,
                syncBeforeAck,
                StoreSettings.Allocation.SPARSE,
                resync);
    }

    static DiskStore open(SimMedium medium, StoreSettings settings, Random random, int maxSteps) {
        return DiskStore.open(
                medium,
                DiskModel.DIRECTORY,
                DiskModel.DISKS,
                settings,
                applier -> new InlineDrive(applier, random, maxSteps));
    }

    DiskStore open(int maxSteps) {
        store =
                DiskStore.open(
                        medium,
                        DiskModel.DIRECTORY,
                        DiskModel.DISKS,
                        settings,
                        applier -> drive = new InlineDrive(applier, random, maxSteps));
        return store;
    }

    DiskStore store() {
        return store;
    }

    void seedAll(long newIncarnation) {
        beginSeed(newIncarnation);
        for (int disk = 0; disk < DiskModel.DISKS.size(); disk++) {
            for (int at = 0; at < DiskModel.DISKS.get(disk).bytes(); at += 8000) {
                seed(model.data(disk, at, 8000));
            }
        }
    }

    void beginSeed(long newIncarnation) {
        incarnation = newIncarnation;
        epoch = 0;
        store.beginSeed(newIncarnation);
    }

    void seed(DiskModel.Write write) {
        store.seed(write.disk(), write.extents(), write.payload());
    }

    /** Appends {@code writes} of them and commits; sometimes after a try that is dropped. */
    void epoch(int writes) {
        epoch++;
        if (random.nextInt(4) == 0) {
            List<byte[]> before = model.snapshot();
            append();
            store.drop();
            model.restore(before);
        }
        for (int i = 0; i < writes; i++) {
            append();
        }
        int version = states.isEmpty() ? 0 : states.get(states.size() - 1).version();
        states.add(
                new Committed(
                        incarnation,
                        epoch,
                        writes == 0 && epoch > 1 ? version : version + 1,
                        model.snapshot(),
                        medium.opCount()));
        store.commit(epoch);
        promises.add(new Promise(medium.opCount(), states.size()));
    }

    private void append() {
        DiskModel.Write write = model.write();
        try {
            store.append(epoch, write.disk(), write.extents(), write.payload());
        } catch (DomainException e) {
            if (!e.code().equals("journal-full")) {
                throw e;
            }
            drive.awaitIdle();
            store.append(epoch, write.disk(), write.extents(), write.payload());
        }
    }

    /** Commits until the images hold everything, and something that is not synced. */
    void epochsUntilImagesAreUnsynced() {
        do {
            epoch(1);
            drive.awaitIdle();
        } while (!hasUnsyncedImages());
    }

    private boolean hasUnsyncedImages() {
        Set<Integer> unsynced = new HashSet<>();
        for (SimMedium.Op op : medium.ops()) {
            if (op.changesContent()) {
                unsynced.add(op.file());
            } else if (op.kind() == SimMedium.Kind.SYNC) {
                unsynced.remove(op.file());
            }
        }
        return DiskModel.DISKS.stream()
                .anyMatch(disk -> unsynced.contains(medium.names().get(disk.path())));
    }

    void handOver() {
        handOverBegunAt = medium.opCount();
        store.prepareActivation();
        handedOverAt = medium.opCount();
    }

    /** States that must not be lost once so many operations are on the disk. */
    int promised(int operations) {
        int promised = 0;
        for (Promise promise : promises) {
            if (promise.operations() <= operations) {
                promised = promise.states();
            }
        }
        return promised;
    }

    boolean mayBeHandedOver(int operations) {
        return operations > handOverBegunAt;
    }

    boolean mustBeHandedOver(int operations) {
        return operations >= handedOverAt;
    }
}
