package remus.diskbuf.store;

import io.netty.buffer.ByteBuf;
import io.netty.buffer.Unpooled;
import java.nio.file.Path;
import java.util.List;
import java.util.Random;
import remus.domain.DomainException;
import remus.protocol.DiskPayload;

/**
 * A process that commits epochs until it is killed, and says each on its output. What an epoch
 * writes follows from its incarnation and number, so that everybody can tell what the disks hold.
 */
final class KilledStore {
    static final int DISK_BYTES = 256 << 10;

    private KilledStore() {}

    static List<DiskImageSpec> disks(Path directory) {
        return List.of(
                new DiskImageSpec("vda", directory.resolve("vda.raw"), DISK_BYTES),
                new DiskImageSpec("vdb", directory.resolve("vdb.raw"), DISK_BYTES));
    }

    static DiskStore open(Path directory) {
        StoreSettings settings =
                new StoreSettings(
                        512 << 10,
                        true,
                        StoreSettings.Allocation.SPARSE,
                        StoreSettings.Resync.KEEP_OLD_COPY);
        return DiskStore.open(directory.resolve("store"), disks(directory), settings);
    }

    /** The writes of epoch 0, the seed, fill both disks; those of others are a few. */
    static void writes(long incarnation, long epoch, Sink sink) {
        Random random = new Random(incarnation * 1_000_003 + epoch);
        int frames = epoch == 0 ? 2 * DISK_BYTES / 4096 : 1 + random.nextInt(6);
        for (int i = 0; i < frames; i++) {
            int length = epoch == 0 ? 4096 : 1 + random.nextInt(20_000);
            int offset = epoch == 0 ? i / 2 * 4096 : random.nextInt(DISK_BYTES - length);
            int kind = epoch == 0 ? DiskPayload.DATA : Math.max(0, random.nextInt(6) - 3);
            byte[] bytes = new byte[length];
            if (kind == DiskPayload.DATA) {
                random.nextBytes(bytes);
            }
            ByteBuf payload = Unpooled.buffer();
            payload.writeLong(offset).writeInt(length).writeInt(kind);
            sink.write(i % 2, offset, bytes, kind == 0 ? payload.writeBytes(bytes) : payload);
        }
    }

    interface Sink {
        void write(int disk, int offset, byte[] bytes, ByteBuf payload);
    }

    private static boolean appended(DiskStore store, long epoch, int disk, ByteBuf frame) {
        try {
            store.append(epoch, disk, 1, frame);
            return true;
        } catch (DomainException e) {
            if (!e.code().equals("journal-full")) {
                throw e;
            }
            return false;
        }
    }

    /** Arguments: the directory, and the incarnation to seed, 0 to go on as it was. */
    public static void main(String[] args) {
        long incarnation = Long.parseLong(args[1]);
        try (DiskStore store = open(Path.of(args[0]))) {
            System.out.println("0 0");
            if (incarnation != 0) {
                store.beginSeed(incarnation);
                writes(incarnation, 0, (disk, at, bytes, frame) -> store.seed(disk, 1, frame));
            }
            long same = incarnation != 0 ? incarnation : store.standing().incarnation();
            long epoch = incarnation != 0 ? 0 : store.standing().epoch();
            while (true) {
                long next = ++epoch;
                writes(
                        same,
                        next,
                        (disk, at, bytes, frame) -> {
                            while (!appended(store, next, disk, frame)) {
                                Thread.onSpinWait();
                            }
                        });
                store.commit(next);
                System.out.println(same + " " + next);
            }
        }
    }
}
