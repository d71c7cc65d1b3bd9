package remus.diskbuf.store;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.netty.buffer.ByteBuf;
import io.netty.buffer.Unpooled;
import java.nio.ByteBuffer;
import java.nio.file.Path;
import java.util.List;
import java.util.Random;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.FutureTask;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;
import java.util.concurrent.locks.LockSupport;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import remus.diskbuf.store.StoreSettings.Allocation;
import remus.diskbuf.store.StoreSettings.Resync;
import remus.domain.DomainException;
import remus.protocol.DiskPayload;

/** What the backup's conductor does when the journal is full; the applier works by the test. */
class StoredDisksTest {
    private static final int FRAME_BYTES = 1 << 20;
    private static final Path IMAGE = Path.of("/i/vda");
    private static final List<DiskImageSpec> DISKS =
            List.of(new DiskImageSpec("vda", IMAGE, 4 << 20));
    private static final StoreSettings SETTINGS =
            new StoreSettings(16 << 20, true, Allocation.SPARSE, Resync.KEEP_OLD_COPY);
    private static final long SIZE =
            DiskPayload.EXTENT_BYTES + FRAME_BYTES + (long) DiskStore.RECORD_BYTES;

    private final SimMedium medium = new SimMedium();
    private final Applier[] applier = new Applier[1];
    private final DiskStore store =
            DiskStore.open(
                    medium,
                    DiskModel.DIRECTORY,
                    DISKS,
                    SETTINGS,
                    made -> {
                        applier[0] = made;
                        return new InlineDrive(made, new Random(1), 0);
                    });
    private long epoch = 1;

    @AfterEach
    void close() {
        store.close();
    }

    /** Epochs until no more fits; nothing of them is in the image. */
    private StoredDisks full(long patienceNanos) {
        StoredDisks disks = new StoredDisks(DISKS, store, SETTINGS.journalBytes(), patienceNanos);
        disks.beginSeed(1);
        disks.commit(1);
        while (store.roomBytes() >= SIZE) {
            commitOneMore(disks);
        }
        assertThat(store.lagBytes()).isGreaterThan(8L << 20);
        return disks;
    }

    private void commitOneMore(StoredDisks disks) {
        epoch++;
        disks.append(epoch, 0, 1, frame((int) epoch));
        disks.commit(epoch);
    }

    private static ByteBuf frame(int fill) {
        ByteBuf payload = Unpooled.wrappedBuffer(ByteBuffer.allocate((int) SIZE)).clear();
        payload.writeLong(0).writeInt(FRAME_BYTES).writeInt(DiskPayload.DATA);
        for (int i = 0; i < FRAME_BYTES; i++) {
            payload.writeByte(fill);
        }
        return payload;
    }

    /** Commits one epoch more in a thread of its own; returns once that waits for room. */
    private FutureTask<Void> waiting(StoredDisks disks) {
        FutureTask<Void> task = new FutureTask<>(() -> commitOneMore(disks), null);
        Thread conductor = new Thread(task, "conductor");
        conductor.setDaemon(true);
        conductor.start();
        while (LockSupport.getBlocker(conductor) != disks) {
            assertThat(task).isNotDone();
            Thread.onSpinWait();
        }
        return task;
    }

    @Test
    void aFullJournalKeepsTheEpochBackUntilThereIsRoom() throws Exception {
        FutureTask<Void> task = waiting(full(TimeUnit.MINUTES.toNanos(1)));
        while (store.lagBytes() > 0) {
            assertThat(applier[0].step()).isTrue();
        }
        // all is in the image, but it is not synced, and so no segment is free
        assertThat(store.roomBytes()).isLessThan(SIZE);
        assertThatThrownBy(() -> task.get(100, TimeUnit.MILLISECONDS))
                .isInstanceOf(TimeoutException.class);
        while (applier[0].step()) {
            // one piece of work each
        }
        task.get(20, TimeUnit.SECONDS);
        store.prepareActivation();
        assertThat(medium.content(IMAGE)[FRAME_BYTES - 1]).isEqualTo((byte) epoch);
        assertThat(store.standing().epoch()).isEqualTo(epoch);
    }

    @Test
    void aJournalThatStaysFullIsNotWaitedForLongerThanPatience() {
        long patience = TimeUnit.MILLISECONDS.toNanos(50);
        StoredDisks disks = full(patience);
        // what surely has room is less than what may have: some more may fit
        long begun = System.nanoTime();
        assertThatThrownBy(
                        () -> {
                            for (int i = 0; i < 10; i++) {
                                commitOneMore(disks);
                            }
                        })
                .isInstanceOfSatisfying(
                        DomainException.class, e -> assertThat(e.code()).isEqualTo("journal-full"));
        assertThat(System.nanoTime() - begun).isGreaterThan(patience);
    }

    @Test
    void nobodyWaitsForAnApplierThatGaveUp() throws Exception {
        StoredDisks disks = full(TimeUnit.MINUTES.toNanos(1));
        int[] failed = {0};
        medium.fault(
                (kind, path, number) -> {
                    if (path.equals(IMAGE)) {
                        failed[0]++;
                        throw new NoSpaceException("full");
                    }
                });
        FutureTask<Void> task = waiting(disks);
        while (applier[0].step()) {
            // what touches no image
        }
        assertThat(failed[0]).isEqualTo(1);
        assertThatThrownBy(() -> task.get(20, TimeUnit.SECONDS))
                .isInstanceOf(ExecutionException.class)
                .cause()
                .isInstanceOfSatisfying(
                        DomainException.class, e -> assertThat(e.code()).isEqualTo("no-space"));
    }
}
