package remus.diskbuf.mirror;

import static org.assertj.core.api.Assertions.assertThat;

import io.netty.buffer.ByteBuf;
import io.netty.buffer.Unpooled;
import java.io.RandomAccessFile;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Collections;
import java.util.List;
import java.util.Random;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.Semaphore;
import java.util.concurrent.TimeUnit;
import java.util.stream.Collectors;
import java.util.stream.IntStream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import remus.diskbuf.ChunkDigests;
import remus.diskbuf.nbd.Completion;
import remus.diskbuf.nbd.FileExport;
import remus.diskbuf.nbd.NbdError;
import remus.domain.SlabPool;

/** A served image and its copy end alike, however many requests are under way at one time. */
final class ServedDiskTest {
    private static final int BYTES = 24 << 20;
    private static final int SPOT_BYTES = 12 << 10;
    private static final int WRITES_AT_A_SPOT = 3;
    private static final int IN_FLIGHT = 16;

    @TempDir Path directory;
    private final SlabPool pool = new SlabPool(64L << 20);
    private final Semaphore room = new Semaphore(IN_FLIGHT);
    private volatile NbdError failed;

    /**
     * Overlapping writes, some at each spot and none later, while the disk is read for the first
     * time: what was read before a write must not come behind it, and of two that overlap the same
     * one is last at both ends.
     */
    @Test
    void imageAndCopyEndAlikeWhileTheDiskIsReadAndWritten() throws Exception {
        long seed = Long.getLong("remus.seed", System.nanoTime());
        System.out.println("seed " + seed + " (repeat with -Dremus.seed=" + seed + ")");
        Random random = new Random(seed);
        Path image = directory.resolve("disk.raw");
        try (RandomAccessFile file = new RandomAccessFile(image.toFile(), "rw")) {
            file.setLength(BYTES);
            byte[] noise = new byte[BYTES / 3];
            random.nextBytes(noise);
            file.seek(BYTES / 3);
            file.write(noise);
        }
        ServedDisk disk = new ServedDisk(FileExport.open("d", image, false));
        BootTimeBuffer buffer =
                new BootTimeBuffer(
                        new SilentQemu(), List.of(new BootTimeBuffer.Served(0, "d", disk)), pool);
        byte[] copy = new byte[BYTES];
        buffer.seed(List.of(ChunkDigests.ofZeroes(BYTES)));
        room.acquire();
        disk.trim(2 << 20, 20 << 20, false, completion(room::release)); // too long to be compared
        List<Integer> spots =
                IntStream.range(0, BYTES / SPOT_BYTES - 2).boxed().collect(Collectors.toList());
        Collections.shuffle(spots, random);
        for (int spot : spots) {
            for (int i = 0; i < WRITES_AT_A_SPOT; i++) {
                request(disk, spot, random);
            }
            if (spot % 20 == 0) {
                DiskBufferContract.apply(buffer.take(), copy);
            }
        }
        boolean answered = false;
        while (!answered || !buffer.isSeeded()) { // what is withheld waits for the slabs
            answered = answered || room.tryAcquire(IN_FLIGHT, 10, TimeUnit.MILLISECONDS);
            DiskBufferContract.apply(buffer.take(), copy);
        }
        DiskBufferContract.apply(buffer.take(), copy);
        CountDownLatch flushed = new CountDownLatch(1);
        disk.flush(completion(flushed::countDown));
        assertThat(flushed.await(30, TimeUnit.SECONDS)).isTrue();
        assertThat(failed).isNull();
        assertThat(Files.readAllBytes(image)).isEqualTo(copy);
        buffer.close();
        disk.close();
        assertThat(pool.available()).isEqualTo(pool.capacity());
    }

    private void request(ServedDisk disk, int spot, Random random) throws InterruptedException {
        room.acquire();
        int at = spot * SPOT_BYTES + random.nextInt(SPOT_BYTES);
        int length = 1 + random.nextInt(SPOT_BYTES);
        Completion done = completion(room::release);
        switch (random.nextInt(8)) {
            case 0 -> disk.zero(at, length, true, false, false, done);
            case 1 -> disk.trim(at, length, false, done);
            default -> {
                byte[] bytes = new byte[length];
                random.nextBytes(bytes);
                ByteBuf payload = Unpooled.directBuffer(length).writeBytes(bytes);
                disk.write(at, payload, false, done);
            }
        }
    }

    private Completion completion(Runnable done) {
        return new Completion() {
            @Override
            public void done() {
                done.run();
            }

            @Override
            public void fail(NbdError why) {
                failed = why;
                done.run();
            }
        };
    }
}
