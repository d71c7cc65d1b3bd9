package remus.domain.qemu;

import io.netty.buffer.ByteBuf;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.channels.FileChannel;
import java.nio.file.Path;
import remus.domain.Slab;
import remus.domain.linux.MappedMemory;

/**
 * Pages of one memory block, and which of them hold anything but zeros: seeding sends mostly zero
 * pages, and those need not be touched.
 */
final class PageBlock implements AutoCloseable {
    private static final int PIECE_PAGES = MappedMemory.MAX_PIECE / Slab.PAGE_BYTES;
    private static final ByteBuffer ZEROS = ByteBuffer.allocateDirect(Slab.PAGE_BYTES);

    private final MappedMemory memory;
    private final long[] written;

    private PageBlock(MappedMemory memory) {
        this.memory = memory;
        written = new long[(int) ((pages() + Long.SIZE - 1) / Long.SIZE)];
    }

    static PageBlock ofFile(Path file, long bytes, boolean reserve) {
        return new PageBlock(MappedMemory.newFile(file, bytes, reserve));
    }

    static PageBlock anonymous(long bytes) {
        return new PageBlock(MappedMemory.anonymous(bytes));
    }

    long pages() {
        return memory.bytes() / Slab.PAGE_BYTES;
    }

    void write(long firstPage, int count, ByteBuf source, int index) {
        for (int done = 0; done < count; done += PIECE_PAGES) {
            int bytes = Math.min(count - done, PIECE_PAGES) * Slab.PAGE_BYTES;
            source.getBytes(
                    index + done * Slab.PAGE_BYTES,
                    memory.at((firstPage + done) * Slab.PAGE_BYTES, bytes));
        }
        for (long page = firstPage; page < firstPage + count; page++) {
            written[(int) (page >> 6)] |= 1L << page;
        }
    }

    void zero(long firstPage, int count) {
        long end = firstPage + count;
        for (long page = firstPage; page < end; page++) {
            long word = written[(int) (page >> 6)];
            if (word == 0) {
                page |= Long.SIZE - 1;
            } else if ((word & 1L << page) != 0) {
                memory.at(page * Slab.PAGE_BYTES, Slab.PAGE_BYTES).put(ZEROS.duplicate());
                written[(int) (page >> 6)] = word & ~(1L << page);
            }
        }
    }

    /**
     * Writes what is not zero to {@code address} of a process's memory, or all of it.
     *
     * @param target that process's {@code /proc/PID/mem}
     */
    void copyTo(FileChannel target, long address, boolean all) throws IOException {
        long page = 0;
        while (page < pages()) {
            long end = page;
            while (end < pages() && end - page < PIECE_PAGES && (all || isWritten(end))) {
                end++;
            }
            if (end == page) {
                page++;
                continue;
            }
            long offset = page * Slab.PAGE_BYTES;
            ByteBuffer bytes = memory.at(offset, (int) (end - page) * Slab.PAGE_BYTES);
            while (bytes.hasRemaining()) {
                int done = target.write(bytes, address + offset);
                if (done <= 0) {
                    throw new IOException("nothing could be written at " + (address + offset));
                }
                offset += done;
            }
            page = end;
        }
    }

    private boolean isWritten(long page) {
        return (written[(int) (page >> 6)] & 1L << page) != 0;
    }

    @Override
    public void close() {
        memory.close();
    }
}
