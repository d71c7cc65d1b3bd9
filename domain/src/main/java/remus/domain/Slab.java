package remus.domain;

import java.nio.ByteBuffer;

/**
 * One piece of off-heap staging memory, laid out as the payload of one frame so that sending it
 * needs no further copy: a table of page runs, then the pages; or a piece of device state.
 *
 * <pre>
 *   0                    TABLE_BYTES                          TABLE_BYTES + PAGES * PAGE_BYTES
 *   | run table (right-aligned) | page | page | ...                 |
 *   run = first page of the region (u32, big-endian) | count (u32; bit 31 set: all-zero pages, no bytes)
 * </pre>
 *
 * <p>Not thread-safe: owned by one thread at a time, handed on through {@link SlabPool} and the
 * link.
 */
public final class Slab {
    /** Bytes of a guest page. */
    public static final int PAGE_BYTES = 4096;

    /** Pages that one slab holds. */
    public static final int PAGES = 256;

    /** Bytes of a run in the table. */
    public static final int RUN_BYTES = 8;

    /** Set in a run's count: the pages are all zero and have no bytes in the payload. */
    public static final int ZERO_RUN = 1 << 31;

    /** Room for a run table in which every page is a run of its own. */
    public static final int TABLE_BYTES = PAGES * RUN_BYTES;

    /** Bytes of {@link #memory()}. */
    static final int MEMORY_BYTES = TABLE_BYTES + PAGES * PAGE_BYTES;

    /** What a slab holds. */
    public enum Content {
        /** Runs of pages of one region. */
        PAGES,
        /** A piece of the device state, or of an opaque checkpoint stream. */
        DEVICES
    }

    private final ByteBuffer memory;
    private final int[] firstPages = new int[PAGES];
    private final int[] counts = new int[PAGES];
    private Content content = Content.PAGES;
    private int region;
    private int runs;
    private int pages;
    private int deviceBytes;

    /**
     * @param memory off-heap, of {@link #MEMORY_BYTES}
     */
    Slab(ByteBuffer memory) {
        this.memory = memory;
    }

    /** Empties the slab for pages of {@code regionIndex}. */
    public void beginPages(int regionIndex) {
        content = Content.PAGES;
        region = regionIndex;
        runs = 0;
        pages = 0;
    }

    /** Empties the slab for device state. */
    public void beginDevices() {
        content = Content.DEVICES;
        deviceBytes = 0;
    }

    /** What was begun last. */
    public Content content() {
        return content;
    }

    /** Index of the region that the pages belong to. */
    public int region() {
        return region;
    }

    /** Pages staged here so far. */
    public int pages() {
        return pages;
    }

    /** Pages that still fit. */
    public int room() {
        return PAGES - pages;
    }

    /**
     * Notes that {@code count} pages from {@code firstPage} on follow; their bytes belong at {@link
     * #memory()} from the offset that is returned.
     *
     * @throws IllegalArgumentException if they do not fit
     */
    public int addRun(int firstPage, int count) {
        if (count < 1 || count > room()) {
            throw new IllegalArgumentException(
                    "run: " + count + " pages (expected: 1 to " + room() + ")");
        }
        int offset = TABLE_BYTES + pages * PAGE_BYTES;
        firstPages[runs] = firstPage;
        counts[runs] = count;
        runs++;
        pages += count;
        return offset;
    }

    /** Number of runs in the table. */
    public int runs() {
        return runs;
    }

    /** First page of run {@code run}. */
    public int firstPage(int run) {
        return firstPages[run];
    }

    /** Count of run {@code run}, with {@link #ZERO_RUN} set for a run without bytes. */
    public int count(int run) {
        return counts[run];
    }

    /**
     * The whole off-heap memory; positions and limits are not used, only absolute access. Its
     * native address may be taken once and kept, as the memory never moves.
     */
    public ByteBuffer memory() {
        return memory;
    }

    /**
     * A buffer for device state to be read into; {@link #deviceBytes(int)} then says how much came.
     */
    public ByteBuffer deviceRoom() {
        return memory.slice(TABLE_BYTES, PAGES * PAGE_BYTES);
    }

    /** Sets how many bytes of {@link #deviceRoom()} are device state. */
    public void deviceBytes(int bytes) {
        deviceBytes = bytes;
    }

    /**
     * Drops the bytes of all-zero pages, which the other side can make itself. Worth its reading of
     * every page only while seeding, when most pages never held anything. May split runs only while
     * the table has room.
     */
    public void elideZeroPages() {
        SlabZeroPages.elide(this, firstPages, counts);
    }

    void setRuns(int newRuns, int newPages) {
        runs = newRuns;
        pages = newPages;
    }

    /**
     * The finished frame payload: run table and pages, or device state. Shares this slab's memory.
     */
    public ByteBuffer payload() {
        if (content == Content.DEVICES) {
            return memory.slice(TABLE_BYTES, deviceBytes);
        }
        int start = TABLE_BYTES - runs * RUN_BYTES;
        for (int i = 0; i < runs; i++) {
            memory.putInt(start + i * RUN_BYTES, firstPages[i]);
            memory.putInt(start + i * RUN_BYTES + 4, counts[i]);
        }
        return memory.slice(start, runs * RUN_BYTES + pages * PAGE_BYTES);
    }
}
