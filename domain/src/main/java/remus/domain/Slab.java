package remus.domain;

import java.nio.ByteBuffer;

/**
 * One piece of off-heap staging memory, laid out as the payload of one frame so that sending it
 * needs no further copy: a table of page runs, then the pages; or a table of extents of a disk,
 * then their data; or a piece of device state.
 *
 * <pre>
 *   0                    TABLE_BYTES                          TABLE_BYTES + PAGES * PAGE_BYTES
 *   | run table (right-aligned) | page | page | ...                 |
 *   run = first page of the region (u32, big-endian) | count (u32; bit 31 set: all-zero pages, no bytes)
 *
 *   0                       TABLE_BYTES                 TABLE_BYTES + DATA_BYTES at most
 *   | extent table (right-aligned) | data | data | ...  |
 *   extent = first byte on the disk (u64) | length (u32) | kind (u32: 0 data, 1 zeroes, 2 trimmed)
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

    /** Bytes of pages, or of a disk's data, that one slab holds. */
    public static final int DATA_BYTES = PAGES * PAGE_BYTES;

    /** Bytes of {@link #memory()}. */
    static final int MEMORY_BYTES = TABLE_BYTES + DATA_BYTES;

    /** Bytes of an extent in the table. */
    public static final int EXTENT_BYTES = 16;

    /** Extents that one slab holds. */
    public static final int EXTENTS = TABLE_BYTES / EXTENT_BYTES;

    private static final long MAX_EXTENT_BYTES = 0xFFFF_FFFFL;

    /** What happened to an extent of a disk. */
    public enum Extent {
        /** Its bytes were written; they are in the slab. */
        DATA(0),
        /** Zeroes were written. */
        ZERO(1),
        /** It is of no use any more, and reads as zeroes. */
        TRIM(2);

        private final int kind;

        Extent(int kind) {
            this.kind = kind;
        }
    }

    /** What a slab holds. */
    public enum Content {
        /** Runs of pages of one region. */
        PAGES,
        /** A piece of the device state, or of an opaque checkpoint stream. */
        DEVICES,
        /** What was written to one disk, in the order of writing. */
        DISK
    }

    private final SlabPool home;
    private final ByteBuffer memory;
    private final int[] firstPages = new int[PAGES];
    private final int[] counts = new int[PAGES];
    private final long[] offsets = new long[EXTENTS];
    private Content content = Content.PAGES;
    private int region;
    private int runs;
    private int pages;
    private int bytes;

    /**
     * @param memory off-heap, of {@link #MEMORY_BYTES}
     */
    Slab(SlabPool home, ByteBuffer memory) {
        this.home = home;
        this.memory = memory;
    }

    /** Gives the slab back to the pool that it is of. Any thread may call it. */
    public void giveBack() {
        home.give(this);
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
        bytes = 0;
    }

    /** Empties the slab for writes to the disk with index {@code diskIndex}. */
    public void beginDisk(int diskIndex) {
        content = Content.DISK;
        region = diskIndex;
        runs = 0;
        bytes = 0;
    }

    /** What was begun last. */
    public Content content() {
        return content;
    }

    /** Index of the region that the pages belong to, or of the disk. */
    public int region() {
        return region;
    }

    /** Bytes of a disk's data that still fit; 0 also when the table of extents is full. */
    public int dataRoom() {
        return runs == EXTENTS ? 0 : DATA_BYTES - bytes;
    }

    /**
     * Notes that something happened to {@code length} bytes of the disk from {@code offset} on. For
     * {@link Extent#DATA} the bytes belong at {@link #memory()} from the offset that is returned.
     * What goes on where the last extent ended, and is of its kind, is joined to it.
     *
     * @param length in bytes, up to 2^32 - 1; of data, at most {@link #dataRoom}
     * @throws IllegalArgumentException if it does not fit
     */
    public int addExtent(long offset, long length, Extent kind) {
        long most = kind == Extent.DATA ? dataRoom() : MAX_EXTENT_BYTES;
        if (runs == EXTENTS || length < 1 || length > most) {
            throw new IllegalArgumentException(
                    "extent: " + length + " bytes (expected: 1 to " + most + ")");
        }
        int at = TABLE_BYTES + bytes;
        bytes += kind == Extent.DATA ? (int) length : 0;
        int last = runs - 1;
        if (last >= 0 && counts[last] == kind.kind) {
            long before = firstPages[last] & MAX_EXTENT_BYTES;
            if (offsets[last] + before == offset && before + length <= MAX_EXTENT_BYTES) {
                firstPages[last] = (int) (before + length);
                return at;
            }
        }
        offsets[runs] = offset;
        firstPages[runs] = (int) length;
        counts[runs] = kind.kind;
        runs++;
        return at;
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

    /** Number of runs, or extents, in the table. */
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
        return memory.slice(TABLE_BYTES, DATA_BYTES);
    }

    /** Sets how many bytes of {@link #deviceRoom()} are device state. */
    public void deviceBytes(int deviceBytes) {
        bytes = deviceBytes;
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
     * The finished frame payload: a table and what belongs to it, or device state. Shares this
     * slab's memory.
     */
    public ByteBuffer payload() {
        return switch (content) {
            case DEVICES -> memory.slice(TABLE_BYTES, bytes);
            case PAGES -> pagesPayload();
            case DISK -> diskPayload();
        };
    }

    private ByteBuffer pagesPayload() {
        int start = TABLE_BYTES - runs * RUN_BYTES;
        for (int i = 0; i < runs; i++) {
            memory.putInt(start + i * RUN_BYTES, firstPages[i]);
            memory.putInt(start + i * RUN_BYTES + 4, counts[i]);
        }
        return memory.slice(start, runs * RUN_BYTES + pages * PAGE_BYTES);
    }

    private ByteBuffer diskPayload() {
        int start = TABLE_BYTES - runs * EXTENT_BYTES;
        for (int i = 0; i < runs; i++) {
            int at = start + i * EXTENT_BYTES;
            memory.putLong(at, offsets[i]);
            memory.putInt(at + 8, firstPages[i]);
            memory.putInt(at + 12, counts[i]);
        }
        return memory.slice(start, runs * EXTENT_BYTES + bytes);
    }
}
