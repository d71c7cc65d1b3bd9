package remus.domain.qemu;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.MappedByteBuffer;
import java.nio.channels.FileChannel;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;

/**
 * Remembers across a death of this agent that a guest was suspended by us, so that its next life
 * lets it run on. One store to mapped memory each way: it survives the process, and a host that
 * goes down takes the guest with it anyhow.
 *
 * <pre>pid i64 | start ticks i64 | suspended i8</pre>
 */
final class SuspendMarker {
    private static final int BYTES = 24;
    private static final int SUSPENDED = 16;

    private final MappedByteBuffer map;

    private SuspendMarker(MappedByteBuffer map) {
        this.map = map;
    }

    /** The marker of a domain, made if it is not there. */
    static SuspendMarker open(Path directory, String uuid, long pid, long startTicks) {
        SuspendMarker marker = new SuspendMarker(map(path(directory, uuid, pid)));
        if (marker.map.getLong(0) != pid || marker.map.getLong(8) != startTicks) {
            marker.map.put(SUSPENDED, (byte) 0);
            marker.map.putLong(0, pid).putLong(8, startTicks);
        }
        return marker;
    }

    private static Path path(Path directory, String uuid, long pid) {
        return directory.resolve(uuid + "-" + pid + ".suspended");
    }

    private static MappedByteBuffer map(Path file) {
        try (FileChannel channel =
                FileChannel.open(
                        file,
                        StandardOpenOption.CREATE,
                        StandardOpenOption.READ,
                        StandardOpenOption.WRITE)) {
            MappedByteBuffer map = channel.map(FileChannel.MapMode.READ_WRITE, 0, BYTES);
            map.load();
            return map;
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    /** Just before {@code stop}. */
    void set() {
        map.put(SUSPENDED, (byte) 1);
    }

    /** When the guest runs again. */
    void clear() {
        map.put(SUSPENDED, (byte) 0);
    }

    /** Whether this very process was suspended by us. */
    boolean isSet() {
        return map.get(SUSPENDED) != 0;
    }

    /** Forgets the domain. */
    static void delete(Path directory, String uuid, long pid) {
        try {
            Files.deleteIfExists(path(directory, uuid, pid));
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }
}
