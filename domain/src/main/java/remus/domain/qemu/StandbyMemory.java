package remus.domain.qemu;

import io.netty.buffer.ByteBuf;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import remus.domain.MemoryRegion;
import remus.domain.Slab;

/**
 * The guest memory of a standby. The main RAM is a file that QEMU maps too, so that an epoch is
 * applied by one copy and nothing is left to do at a takeover; the few other blocks (firmware,
 * video memory) are kept here until the device state is loaded and says where they are.
 */
final class StandbyMemory implements AutoCloseable {
    private final Path file;
    private final List<PageBlock> blocks = new ArrayList<>();

    /**
     * Makes the memory, all zero.
     *
     * @param file must not exist; removed by {@link #close}
     * @throws remus.domain.DomainException {@code out-of-memory}; then nothing is left
     */
    StandbyMemory(Path file, List<MemoryRegion> regions, boolean reserve) {
        this.file = file;
        try {
            for (MemoryRegion region : regions) {
                blocks.add(
                        blocks.isEmpty()
                                ? PageBlock.ofFile(file, region.bytes(), reserve)
                                : PageBlock.anonymous(region.bytes()));
            }
        } catch (RuntimeException e) {
            close();
            throw e;
        }
    }

    PageBlock block(int region) {
        return blocks.get(region);
    }

    /**
     * Applies the payload of one PAGES frame, wholly or not at all.
     *
     * @throws IllegalArgumentException if anything in it lies outside the region or the payload
     */
    void writePages(int region, int runs, ByteBuf payload) {
        PageBlock block = checked(region, runs, payload);
        int table = payload.readerIndex();
        int source = table + runs * Slab.RUN_BYTES;
        for (int run = 0; run < runs; run++, table += Slab.RUN_BYTES) {
            long first = payload.getUnsignedInt(table);
            int count = payload.getInt(table + 4);
            if ((count & Slab.ZERO_RUN) != 0) {
                block.zero(first, count & ~Slab.ZERO_RUN);
            } else {
                block.write(first, count, payload, source);
                source += count * Slab.PAGE_BYTES;
            }
        }
    }

    private PageBlock checked(int region, int runs, ByteBuf payload) {
        check(region >= 0 && region < blocks.size(), "region", region, blocks.size() - 1);
        PageBlock block = blocks.get(region);
        int readable = payload.readableBytes();
        check(runs >= 0 && runs <= readable / Slab.RUN_BYTES, "runs", runs, readable / 8);
        int table = payload.readerIndex();
        long rawPages = 0;
        for (int run = 0; run < runs; run++, table += Slab.RUN_BYTES) {
            long first = payload.getUnsignedInt(table);
            int count = payload.getInt(table + 4) & ~Slab.ZERO_RUN;
            check(count > 0, "pages of a run", count, block.pages());
            check(first + count <= block.pages(), "end of a run", first + count, block.pages());
            rawPages += payload.getInt(table + 4) < 0 ? 0 : count;
        }
        long expected = (long) runs * Slab.RUN_BYTES + rawPages * Slab.PAGE_BYTES;
        check(expected == readable, "payload bytes by its table", expected, readable);
        return block;
    }

    private static void check(boolean holds, String what, long actual, long limit) {
        if (!holds) {
            throw new IllegalArgumentException(
                    what + ": " + actual + " (expected: <= " + limit + ")");
        }
    }

    /**
     * Removes the file's name: its memory now lives as long as the process that runs on it, and not
     * a moment longer.
     */
    void unlink() {
        try {
            Files.deleteIfExists(file);
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    @Override
    public void close() {
        if (!blocks.isEmpty()) {
            unlink();
        }
        blocks.forEach(PageBlock::close);
        blocks.clear();
    }
}
