package remus.domain.qemu;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.netty.buffer.ByteBuf;
import io.netty.buffer.Unpooled;
import java.io.IOException;
import java.io.RandomAccessFile;
import java.nio.ByteBuffer;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.List;
import java.util.Random;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import remus.domain.DomainException;
import remus.domain.MemoryRegion;
import remus.domain.Slab;

final class StandbyMemoryTest {
    private static final int PAGES = 1000;
    private static final int ZERO = Slab.ZERO_RUN;

    @TempDir Path directory;
    private Path file;
    private StandbyMemory memory;

    @BeforeEach
    void make() {
        file = directory.resolve("ram");
        memory =
                new StandbyMemory(
                        file,
                        List.of(
                                new MemoryRegion("pc.ram", PAGES * 4096L),
                                new MemoryRegion("pc.bios", 2 * 4096)),
                        false);
    }

    @AfterEach
    void close() {
        memory.close();
    }

    @Test
    void writesRunsIntoTheFileThatQemuMaps() throws IOException {
        write(0, new int[] {3, 2, 999, 1}, 1, 2, 3);
        assertThat(page(3)).containsOnly(1);
        assertThat(page(4)).containsOnly(2);
        assertThat(page(999)).containsOnly(3);
        assertThat(page(2)).containsOnly(0);
        assertThat(page(5)).containsOnly(0);
    }

    @Test
    void zeroRunsReallyZero() throws IOException {
        write(0, new int[] {0, 3, 70, 1}, 7, 8, 9, 6);
        write(0, new int[] {1, ZERO | 80});
        assertThat(page(0)).containsOnly(7);
        assertThat(page(1)).containsOnly(0);
        assertThat(page(2)).containsOnly(0);
        assertThat(page(70)).containsOnly(0);
        write(0, new int[] {1, 1, 0, ZERO | 1}, 5);
        assertThat(page(0)).containsOnly(0);
        assertThat(page(1)).containsOnly(5);
    }

    @Test
    void agreesWithAPlainModel() throws IOException {
        long seed = Long.getLong("rng.seed", System.nanoTime());
        System.out.println("-Drng.seed=" + seed);
        Random random = new Random(seed);
        byte[] model = new byte[PAGES];
        for (int i = 0; i < 500; i++) {
            int first = random.nextInt(PAGES);
            int count = 1 + random.nextInt(Math.min(300, PAGES - first));
            boolean zero = random.nextBoolean();
            int[] values = new int[zero ? 0 : count];
            for (int p = 0; p < count; p++) {
                model[first + p] = (byte) (zero ? 0 : 1 + random.nextInt(127));
                if (!zero) {
                    values[p] = model[first + p];
                }
            }
            write(0, new int[] {first, zero ? ZERO | count : count}, values);
        }
        for (int p = 0; p < PAGES; p++) {
            byte[] expected = new byte[Slab.PAGE_BYTES];
            Arrays.fill(expected, model[p]);
            assertThat(page(p)).as("page " + p).isEqualTo(expected);
        }
    }

    @ParameterizedTest
    @CsvSource({
        "0, 1000, 1",
        "0, 999, 2",
        "0, -1, 1",
        "0, 5, 0",
        "0, 5, -2147483648",
        "1, 2, 1",
        "0, 0, 2",
        "2, 0, 1",
        "-1, 0, 1",
        "0, 900, -2147483547"
    })
    void aBadRunWritesNothing(int region, int first, int count) throws IOException {
        assertThatThrownBy(() -> write(region, new int[] {0, 1, first, count}, 1, 2))
                .isInstanceOf(IllegalArgumentException.class)
                .hasMessageContaining("expected");
        assertThat(page(0)).containsOnly(0);
    }

    @Test
    void aWrongRunCountWritesNothing() {
        ByteBuf payload = payload(new int[] {0, 1}, 1);
        for (int runs : new int[] {-1, 0, 2, Integer.MAX_VALUE}) {
            assertThatThrownBy(() -> memory.writePages(0, runs, payload))
                    .isInstanceOf(IllegalArgumentException.class);
        }
    }

    @Test
    void removesItsFile() {
        assertThat(file).exists();
        memory.close();
        assertThat(file).doesNotExist();
        assertThatThrownBy(() -> write(0, new int[] {0, 1}, 1))
                .isInstanceOf(IllegalArgumentException.class);
    }

    @Test
    void holdsMoreThanTwoGibibytes() throws IOException {
        Path large = directory.resolve("large");
        int pages = (5 << 20) / 4; // 5 GiB, sparse
        try (StandbyMemory sparse =
                new StandbyMemory(
                        large, List.of(new MemoryRegion("pc.ram", pages * 4096L)), false)) {
            int boundary = (1 << 30) / 4096;
            for (int first : new int[] {boundary - 1, 3 * boundary - 1, pages - 2}) {
                sparse.writePages(0, 1, payload(new int[] {first, 2}, 1, 2));
                assertThat(page(large, first)).containsOnly(1);
                assertThat(page(large, first + 1)).containsOnly(2);
            }
            assertThat(Files.size(large)).isEqualTo(pages * 4096L);
        }
    }

    @Test
    void saysHowMuchMemoryThereIsNot() {
        Path shm = Path.of("/dev/shm/remus-test-" + ProcessHandle.current().pid());
        assertThatThrownBy(
                        () ->
                                new StandbyMemory(
                                        shm, List.of(new MemoryRegion("pc.ram", 1L << 42)), true))
                .isInstanceOfSatisfying(
                        DomainException.class, e -> assertThat(e.code()).isEqualTo("out-of-memory"))
                .hasMessageContaining("4194304 MiB");
        assertThat(shm).doesNotExist();
    }

    private void write(int region, int[] table, int... pageValues) {
        ByteBuf payload = payload(table, pageValues);
        memory.writePages(region, table.length / 2, payload);
    }

    private static ByteBuf payload(int[] table, int... pageValues) {
        int skipped = 8; // a payload need not start at 0
        ByteBuffer bytes =
                ByteBuffer.allocateDirect(
                        skipped + table.length * 4 + pageValues.length * Slab.PAGE_BYTES);
        bytes.position(skipped);
        for (int word : table) {
            bytes.putInt(word);
        }
        byte[] page = new byte[Slab.PAGE_BYTES];
        for (int value : pageValues) {
            Arrays.fill(page, (byte) value);
            bytes.put(page);
        }
        return Unpooled.wrappedBuffer(bytes.flip()).skipBytes(skipped);
    }

    private byte[] page(int page) throws IOException {
        return page(file, page);
    }

    private static byte[] page(Path from, long page) throws IOException {
        byte[] bytes = new byte[Slab.PAGE_BYTES];
        try (RandomAccessFile open = new RandomAccessFile(from.toFile(), "r")) {
            open.seek(page * Slab.PAGE_BYTES);
            open.readFully(bytes);
        }
        return bytes;
    }
}
