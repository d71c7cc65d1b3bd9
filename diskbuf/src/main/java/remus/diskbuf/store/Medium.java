package remus.diskbuf.store;

import java.io.Closeable;
import java.io.IOException;
import java.nio.file.Path;

/**
 * The names of files. Everything the store does to a disk goes through here and {@link StoreFile}.
 */
interface Medium {
    void makeDirectories(Path directory) throws IOException;

    /**
     * Takes a lock that nobody else gets until it is closed or this process dies.
     *
     * @throws IOException also if somebody has it
     */
    Closeable lock(Path file) throws IOException;

    boolean exists(Path file) throws IOException;

    /** Opens for reading and writing; makes an empty file if there is none. */
    StoreFile open(Path file) throws IOException;

    /** Renames, and replaces what was there, atomically. Durable after {@link #syncDirectory}. */
    void replace(Path from, Path to) throws IOException;

    /** Removes the file if there is one. */
    void delete(Path file) throws IOException;

    /** Makes what was made, renamed or deleted there survive power loss. */
    void syncDirectory(Path directory) throws IOException;
}
