package remus.domain.linux;

import com.sun.jna.LastErrorException;
import com.sun.jna.Pointer;
import java.nio.ByteBuffer;
import java.nio.file.Path;
import org.jspecify.annotations.Nullable;
import remus.domain.DomainException;

/**
 * Off-heap memory of any size, zero at first, given back by {@link #close}. Larger than a {@link
 * ByteBuffer} can be, so it is seen through one view per GiB; each view reaches {@link #MAX_PIECE}
 * into the next, so that no piece is ever split.
 *
 * <p>Not thread-safe: the owner sees to it that nothing is in a view when it closes.
 */
public final class MappedMemory implements AutoCloseable {
    /** The largest piece that {@link #at} gives. */
    public static final int MAX_PIECE = 1 << 20;

    private static final long VIEW_BYTES = 1L << 30;

    private final long bytes;
    private final Pointer address;
    private ByteBuffer[] views;

    private MappedMemory(long bytes, Pointer address) {
        this.bytes = bytes;
        this.address = address;
        views = new ByteBuffer[(int) ((bytes + VIEW_BYTES - 1) / VIEW_BYTES)];
        for (int i = 0; i < views.length; i++) {
            long start = i * VIEW_BYTES;
            views[i] =
                    address.getByteBuffer(start, Math.min(VIEW_BYTES + MAX_PIECE, bytes - start));
        }
    }

    /** Private memory of this process. */
    public static MappedMemory anonymous(long bytes) {
        return map(bytes, MemoryMapLibrary.MAP_PRIVATE_ANONYMOUS, -1, null);
    }

    /**
     * A new file, readable by its owner only, mapped shared.
     *
     * @param reserve whether its memory is taken from the filesystem at once; without it, a write
     *     fails with {@link InternalError} when the filesystem is full
     * @throws DomainException {@code out-of-memory}; then there is no file
     */
    public static MappedMemory newFile(Path file, long bytes, boolean reserve) {
        int fd = -1;
        try {
            int flags =
                    MemoryMapLibrary.O_RDWR
                            | MemoryMapLibrary.O_CREAT
                            | MemoryMapLibrary.O_EXCL
                            | MemoryMapLibrary.O_NOFOLLOW
                            | MemoryMapLibrary.O_CLOEXEC;
            fd = MemoryMapLibrary.open(file.toString(), flags, 0600);
            MemoryMapLibrary.ftruncate(fd, bytes);
            if (reserve) {
                MemoryMapLibrary.fallocate(fd, 0, 0, bytes);
            }
            // what is reserved is mapped at once too: a fault for each page would slow the seed
            int populate = reserve ? MemoryMapLibrary.MAP_POPULATE : 0;
            return map(bytes, MemoryMapLibrary.MAP_SHARED | populate, fd, file);
        } catch (LastErrorException e) {
            if (fd >= 0) {
                file.toFile().delete();
            }
            throw failed(bytes, file, e);
        } finally {
            if (fd >= 0) {
                MemoryMapLibrary.close(fd);
            }
        }
    }

    private static MappedMemory map(long bytes, int flags, int fd, @Nullable Path file) {
        try {
            return new MappedMemory(
                    bytes,
                    MemoryMapLibrary.mmap(
                            null, bytes, MemoryMapLibrary.PROT_READ_WRITE, flags, fd, 0));
        } catch (LastErrorException e) {
            throw failed(bytes, file, e);
        }
    }

    private static DomainException failed(
            long bytes, @Nullable Path file, LastErrorException cause) {
        return new DomainException(
                "out-of-memory",
                (bytes >> 20)
                        + " MiB of memory"
                        + (file == null ? "" : " at " + file)
                        + " cannot be had: "
                        + cause.getMessage(),
                "free memory on this host, enlarge the tmpfs, or keep the memory elsewhere",
                cause);
    }

    /** Its length. */
    public long bytes() {
        return bytes;
    }

    /**
     * A view positioned at {@code offset} and limited to {@code length}. The next call may move it.
     *
     * @throws IndexOutOfBoundsException if that is not inside this memory
     * @throws IllegalStateException if it is closed
     */
    public ByteBuffer at(long offset, int length) {
        if (offset < 0 || length < 0 || length > MAX_PIECE || offset > bytes - length) {
            throw new IndexOutOfBoundsException(
                    offset + " + " + length + " (expected: within " + bytes + ")");
        }
        if (views.length == 0) {
            throw new IllegalStateException("memory is closed");
        }
        ByteBuffer view = views[(int) Math.min(offset / VIEW_BYTES, views.length - 1)];
        int start = (int) (offset % VIEW_BYTES);
        return view.limit(start + length).position(start);
    }

    @Override
    public void close() {
        if (views.length > 0) {
            views = new ByteBuffer[0];
            MemoryMapLibrary.munmap(address, bytes);
        }
    }
}
