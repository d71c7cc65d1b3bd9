package remus.diskbuf.store;

import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.file.Path;
import java.util.function.UnaryOperator;
import org.jspecify.annotations.Nullable;
import remus.domain.DomainException;

/**
 * Keeps the {@link StoreMeta} in {@code store.json}. Replaced by write, fsync, rename, fsync of the
 * directory: after power loss it is the old one or the new one.
 */
final class MetaFile {
    private static final int MAX_BYTES = 1 << 20;

    private final Medium medium;
    private final Path directory;
    private final Path file;
    private StoreMeta meta;

    private MetaFile(Medium medium, Path directory, StoreMeta meta) {
        this.medium = medium;
        this.directory = directory;
        this.file = file(directory);
        this.meta = meta;
    }

    private static Path file(Path directory) {
        return directory.resolve("store.json");
    }

    /**
     * Reads it.
     *
     * @return null if there is none
     * @throws DomainException {@code damaged-store}
     */
    static @Nullable MetaFile load(Medium medium, Path directory) throws IOException {
        Path file = file(directory);
        if (!medium.exists(file)) {
            return null;
        }
        try (StoreFile open = medium.open(file)) {
            if (open.size() > MAX_BYTES) {
                throw new IOException(open.size() + " bytes (expected: <= " + MAX_BYTES + ")");
            }
            byte[] bytes = new byte[(int) open.size()];
            open.read(0, ByteBuffer.wrap(bytes));
            return new MetaFile(medium, directory, StoreMeta.decode(bytes));
        } catch (IOException e) {
            throw new DomainException(
                    "damaged-store",
                    "the disk store's " + file + " cannot be read: " + e.getMessage(),
                    "remove the directory " + directory + ": then all disks are copied anew",
                    e);
        }
    }

    /** Writes the first one. */
    static MetaFile create(Medium medium, Path directory, StoreMeta meta) throws IOException {
        MetaFile made = new MetaFile(medium, directory, meta);
        made.update(same -> same);
        return made;
    }

    synchronized StoreMeta get() {
        return meta;
    }

    /** Replaces it, durably. If that fails, which of the two a restart finds is open. */
    synchronized void update(UnaryOperator<StoreMeta> change) throws IOException {
        StoreMeta changed = change.apply(meta);
        Path fresh = directory.resolve("store.json.new");
        try (StoreFile open = medium.open(fresh)) {
            open.resize(0);
            open.write(0, ByteBuffer.wrap(changed.encode()));
            open.sync();
        }
        medium.replace(fresh, file);
        medium.syncDirectory(directory);
        meta = changed;
    }
}
