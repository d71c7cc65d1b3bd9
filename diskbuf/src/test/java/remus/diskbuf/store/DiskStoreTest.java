package remus.diskbuf.store;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.netty.buffer.ByteBuf;
import io.netty.buffer.Unpooled;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.channels.FileChannel;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.security.MessageDigest;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Random;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import remus.diskbuf.store.Standing.State;
import remus.diskbuf.store.StoreSettings.Allocation;
import remus.diskbuf.store.StoreSettings.Resync;
import remus.domain.DomainException;
import remus.protocol.DiskPayload;

/** The store on real files. */
class DiskStoreTest {
    private static final int DISK_BYTES = 3 << 20;
    private static final StoreSettings SETTINGS =
            new StoreSettings(8 << 20, true, Allocation.SPARSE, Resync.KEEP_OLD_COPY);

    @TempDir Path directory;

    private DiskImageSpec disk(String name, long bytes) {
        return new DiskImageSpec(name, directory.resolve(name + ".raw"), bytes);
    }

    private DiskStore open(StoreSettings settings) {
        return DiskStore.open(
                directory.resolve("store"), List.of(disk("vda", DISK_BYTES)), settings);
    }

    private static ByteBuf frame(long offset, int length, int kind, int fill) {
        int bytes = DiskPayload.EXTENT_BYTES + (kind == DiskPayload.DATA ? length : 0);
        ByteBuf payload = Unpooled.wrappedBuffer(ByteBuffer.allocateDirect(bytes)).clear();
        payload.writeLong(offset).writeInt(length).writeInt(kind);
        for (int i = 0; kind == DiskPayload.DATA && i < length; i++) {
            payload.writeByte(fill);
        }
        return payload;
    }

    private byte[] image() throws IOException {
        return Files.readAllBytes(directory.resolve("vda.raw"));
    }

    @Test
    void aCommittedEpochIsThereAfterAReopenAndADroppedOneIsNot() throws IOException {
        try (DiskStore store = open(SETTINGS)) {
            assertThat(store.standing().state()).isEqualTo(State.NEW);
            store.beginSeed(7);
            assertThat(store.standing()).isEqualTo(new Standing(State.INCONSISTENT, 7, 0));
            store.seed(0, 1, frame(0, 8192, DiskPayload.DATA, 1));
            store.append(1, 0, 1, frame(4096, 4096, DiskPayload.DATA, 2));
            store.commit(1);
            store.append(2, 0, 1, frame(0, 100, DiskPayload.DATA, 9));
            store.drop();
            store.append(3, 0, 1, frame(100, 50, DiskPayload.DATA, 3));
            store.commit(3);
            store.append(4, 0, 1, frame(0, 100, DiskPayload.DATA, 9));
        }
        byte[] expected = new byte[DISK_BYTES];
        Arrays.fill(expected, 0, 4096, (byte) 1);
        Arrays.fill(expected, 4096, 8192, (byte) 2);
        Arrays.fill(expected, 100, 150, (byte) 3);
        try (DiskStore store = open(SETTINGS)) {
            assertThat(store.standing()).isEqualTo(new Standing(State.CONSISTENT, 7, 3));
            assertThat(image()).isEqualTo(expected);
            assertThat(store.lagBytes()).isZero();
        }
    }

    @Test
    void trimsAndZeroesReadBackAsZeroesAndGiveSpaceBackOnlyIfSparse() throws IOException {
        for (Allocation allocation : Allocation.values()) {
            Files.deleteIfExists(directory.resolve("vda.raw"));
            Files.deleteIfExists(directory.resolve("store/store.json"));
            StoreSettings settings =
                    new StoreSettings(8 << 20, true, allocation, Resync.KEEP_OLD_COPY);
            try (DiskStore store = open(settings)) {
                store.beginSeed(1);
                for (int at = 0; at < DISK_BYTES; at += 1 << 20) {
                    store.seed(0, 1, frame(at, 1 << 20, DiskPayload.DATA, 5));
                }
                store.append(1, 0, 1, frame(10, 1 << 20, DiskPayload.ZERO, 0));
                store.append(1, 0, 1, frame(1 << 20, (1 << 20) + 77, DiskPayload.TRIM, 0));
                store.commit(1);
                store.prepareActivation();
            }
            byte[] expected = new byte[DISK_BYTES];
            Arrays.fill(expected, (byte) 5);
            Arrays.fill(expected, 10, (2 << 20) + 77, (byte) 0);
            assertThat(image()).as("%s", allocation).isEqualTo(expected);
            assertThat(allocatedBytes() < DISK_BYTES)
                    .as("%s gives space back", allocation)
                    .isEqualTo(allocation == Allocation.SPARSE);
        }
    }

    /** Bytes that are no hole. */
    private long allocatedBytes() throws IOException {
        Process stat =
                new ProcessBuilder("stat", "-c", "%b", directory.resolve("vda.raw").toString())
                        .start();
        return 512
                * Long.parseLong(
                        new String(stat.getInputStream().readAllBytes(), StandardCharsets.UTF_8)
                                .strip());
    }

    @Test
    void aFrameThatDoesNotFitTouchesNothing() throws IOException {
        try (DiskStore store = open(SETTINGS)) {
            store.beginSeed(1);
            store.commit(1);
            long used = store.journalBytes();
            assertThatThrownBy(() -> store.append(2, 0, 1, frame(DISK_BYTES - 1, 2, 0, 1)))
                    .isInstanceOf(IllegalArgumentException.class)
                    .hasMessageContaining("" + DISK_BYTES);
            assertThatThrownBy(() -> store.append(2, 0, 1, frame(-1, 2, 0, 1)))
                    .isInstanceOf(IllegalArgumentException.class);
            assertThatThrownBy(() -> store.append(2, 0, 1, frame(0, 2, 3, 1)))
                    .hasMessageContaining("kind");
            assertThatThrownBy(() -> store.append(2, 0, 2, frame(0, 2, 0, 1)))
                    .isInstanceOf(IllegalArgumentException.class);
            assertThatThrownBy(() -> store.append(2, 1, 1, frame(0, 2, 0, 1)))
                    .hasMessageContaining("disk: 1 (expected: 0 to 0)");
            assertThatThrownBy(() -> store.append(1, 0, 1, frame(0, 2, 0, 1)))
                    .hasMessageContaining("epoch: 1 (expected: above 1)");
            assertThat(store.journalBytes()).isEqualTo(used);
        }
        assertThat(image()).isEqualTo(new byte[DISK_BYTES]);
    }

    @Test
    void anImageOfAnotherSizeIsRefusedWithBothSizes() throws IOException {
        Files.write(directory.resolve("vda.raw"), new byte[1000]);
        assertThatThrownBy(() -> open(SETTINGS))
                .isInstanceOfSatisfying(
                        DomainException.class, e -> assertThat(e.code()).isEqualTo("disk-size"))
                .hasMessageContaining("1000")
                .hasMessageContaining("" + DISK_BYTES);
        assertThat(Files.size(directory.resolve("vda.raw"))).isEqualTo(1000);
    }

    @Test
    void otherDisksALostImageAndASecondOpenerAreRefused() throws IOException {
        try (DiskStore store = open(SETTINGS)) {
            assertThat(code(() -> open(SETTINGS))).isEqualTo("store-locked");
            store.beginSeed(1);
            store.commit(1);
        }
        assertThat(
                        code(
                                () ->
                                        DiskStore.open(
                                                directory.resolve("store"),
                                                List.of(disk("vdb", DISK_BYTES)),
                                                SETTINGS)))
                .isEqualTo("disk-set");
        Files.delete(directory.resolve("vda.raw"));
        assertThat(code(() -> open(SETTINGS))).isEqualTo("disk-missing");
        Files.write(directory.resolve("store/store.json"), new byte[] {'{'});
        assertThat(code(() -> open(SETTINGS))).isEqualTo("damaged-store");
    }

    private static String code(Runnable call) {
        try {
            call.run();
            return "nothing";
        } catch (DomainException e) {
            return e.code();
        }
    }

    @Test
    void aHandedOverImageIsNotTouchedByAReopenAndIsKeptByAResync() throws IOException {
        try (DiskStore store = open(SETTINGS)) {
            store.beginSeed(1);
            store.seed(0, 1, frame(0, 4096, DiskPayload.DATA, 1));
            store.commit(1);
            store.append(2, 0, 1, frame(0, 4096, DiskPayload.DATA, 2));
            store.commit(2);
            store.prepareActivation();
            assertThatThrownBy(() -> store.append(3, 0, 1, frame(0, 1, DiskPayload.DATA, 1)))
                    .isInstanceOf(IllegalStateException.class);
        }
        assertThat(image()[0]).isEqualTo((byte) 2);
        try (FileChannel hypervisor =
                FileChannel.open(directory.resolve("vda.raw"), StandardOpenOption.WRITE)) {
            hypervisor.write(ByteBuffer.wrap(new byte[] {42}), 0);
        }
        try (DiskStore store = open(SETTINGS)) {
            assertThat(store.standing()).isEqualTo(new Standing(State.HANDED_OVER, 1, 2));
            assertThat(image()[0]).isEqualTo((byte) 42);
            store.beginSeed(5);
            store.seed(0, 1, frame(0, 4096, DiskPayload.DATA, 7));
            assertThat(image()[0]).isEqualTo((byte) 42);
            assertThat(store.standing().state()).isEqualTo(State.HANDED_OVER);
            store.commit(1);
            assertThat(store.standing()).isEqualTo(new Standing(State.CONSISTENT, 5, 1));
            store.prepareActivation();
            assertThat(image()[0]).isEqualTo((byte) 7);
        }
    }

    @Test
    void aCopyThatWasNeverCompleteCannotBeActivated() {
        try (DiskStore store = open(SETTINGS)) {
            store.beginSeed(1);
            assertThat(code(store::prepareActivation)).isEqualTo("disk-inconsistent");
        }
    }

    @Test
    void digestsAreThoseOfTheContentHolesIncluded() throws Exception {
        int chunk = 64 << 10;
        int odd = DISK_BYTES - 1000;
        List<DiskImageSpec> disks = List.of(disk("vdc", odd));
        try (DiskStore store = DiskStore.open(directory.resolve("store"), disks, SETTINGS)) {
            store.beginSeed(1);
            store.seed(0, 1, frame(5L * chunk + 100, 200, DiskPayload.DATA, 1));
            store.seed(0, 1, frame(20L * chunk, 3 * chunk, DiskPayload.DATA, 2));
            store.commit(1);
            store.append(2, 0, 1, frame(30L * chunk - 5, 10, DiskPayload.DATA, 3));
            store.commit(2);
            List<byte[]> told = new ArrayList<>();
            store.digests(
                    0,
                    chunk,
                    (index, digest) -> {
                        assertThat(index).isEqualTo(told.size());
                        told.add(digest.clone());
                    });
            byte[] content = Files.readAllBytes(directory.resolve("vdc.raw"));
            assertThat(content[30 * chunk]).isEqualTo((byte) 3);
            assertThat(told).hasSize((odd + chunk - 1) / chunk);
            for (int i = 0; i < told.size(); i++) {
                byte[] part =
                        Arrays.copyOfRange(content, i * chunk, Math.min(odd, (i + 1) * chunk));
                byte[] sha = MessageDigest.getInstance("SHA-256").digest(part);
                assertThat(told.get(i)).as("chunk %d", i).isEqualTo(Arrays.copyOf(sha, 16));
            }
        }
    }

    @Test
    void theJournalStaysWithinItsSizeWhenTheApplierIsSlow() {
        SimMedium medium = new SimMedium();
        Random random = new Random(1);
        InlineDrive[] drive = new InlineDrive[1];
        StoreSettings settings =
                new StoreSettings(16 << 20, true, Allocation.SPARSE, Resync.KEEP_OLD_COPY);
        List<DiskImageSpec> disks = List.of(new DiskImageSpec("vda", Path.of("/i/vda"), 4 << 20));
        try (DiskStore store =
                DiskStore.open(
                        medium,
                        DiskModel.DIRECTORY,
                        disks,
                        settings,
                        applier -> drive[0] = new InlineDrive(applier, random, 0))) {
            store.beginSeed(1);
            store.commit(1);
            ByteBuf frame = frame(0, 1 << 20, DiskPayload.DATA, 1);
            long epoch = 2;
            long size = (long) frame.readableBytes() + DiskStore.RECORD_BYTES;
            for (; store.roomBytes() >= size; epoch++) {
                store.append(epoch, 0, 1, frame);
                store.commit(epoch);
            }
            assertThat(epoch).isGreaterThan(8);
            long next = epoch;
            assertThat(
                            code(
                                    () -> {
                                        for (long e = next; e < next + 20; e++) {
                                            store.append(e, 0, 1, frame);
                                            store.commit(e);
                                        }
                                    }))
                    .isEqualTo("journal-full");
            assertThat(store.journalBytes()).isLessThanOrEqualTo(settings.journalBytes());
            assertThat(store.lagBytes()).isGreaterThan(8L << 20);
            drive[0].awaitIdle();
            assertThat(store.lagBytes()).isZero();
            assertThat(store.roomBytes()).isGreaterThan(4 * size);
            assertThat(
                            code(
                                    () -> {
                                        for (int i = 0; i < 20; i++) {
                                            store.append(100, 0, 1, frame);
                                        }
                                    }))
                    .isEqualTo("epoch-too-large");
            store.drop();
            store.append(100, 0, 1, frame);
            store.commit(100);
            assertThat(store.standing()).isEqualTo(new Standing(State.CONSISTENT, 1, 100));
        }
        assertThat(medium.content(Path.of("/i/vda"))).hasSize(4 << 20);
    }

    @Test
    void anEpochThatWroteNothingCostsNothing() {
        RecordedRun run = new RecordedRun(new Random(3), RecordedRun.SYNC);
        try (DiskStore store = run.open(0)) {
            store.beginSeed(1);
            store.commit(1);
            int before = run.medium.opCount();
            store.commit(2);
            store.commit(3);
            assertThat(run.medium.opCount()).isEqualTo(before);
            assertThat(store.standing()).isEqualTo(new Standing(State.CONSISTENT, 1, 3));
        }
    }
}
