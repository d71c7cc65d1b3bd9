package remus.diskbuf.store;

import java.io.Closeable;
import java.io.IOException;
import java.nio.ByteBuffer;

/**
 * An open file. Reads and writes may come from several threads; those at one place must be ordered
 * by the callers. Every method that needs space throws {@link NoSpaceException} if there is none.
 */
interface StoreFile extends Closeable {
    long size() throws IOException;

    /** Cuts the file, or grows it by a hole. */
    void resize(long bytes) throws IOException;

    /**
     * Takes space for the first {@code bytes} so that writing there needs none; content stays. Does
     * nothing where the filesystem cannot.
     */
    void allocate(long bytes) throws IOException;

    /** Writes all that remains in the sources, one after the other, and uses them up. */
    void write(long offset, ByteBuffer... sources) throws IOException;

    /** Makes the range read as zeroes, and gives its space back unless it is to be kept. */
    void zero(long offset, long lengthBytes, boolean keepSpace) throws IOException;

    /** Fills the target unless the file ends before. Returns the bytes read. */
    int read(long offset, ByteBuffer target) throws IOException;

    /** The next offset from there on that is no hole; the size if there is none. */
    long nextData(long offset) throws IOException;

    /**
     * Makes content and size survive power loss: fdatasync(2).
     *
     * @throws SyncException if it may not
     */
    void sync() throws IOException;
}
