package remus.domain.qemu;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.ByteBuffer;
import java.nio.channels.FileChannel;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.nio.file.attribute.PosixFilePermissions;
import java.util.List;
import java.util.Map;
import org.jspecify.annotations.Nullable;
import remus.domain.DomainException;
import remus.domain.Slab;
import remus.domain.Staging;

/**
 * The device state of one domain: QEMU writes it to a file of ours in memory while the guest is
 * suspended, and it is read when the guest runs again.
 *
 * <p>{@code xen-save-devices-state} is in every build of QEMU and needs no Xen. {@code live:false},
 * as {@code true} would take the disks away from a stopped guest. The file's path is kept short:
 * QEMU reads the command byte by byte.
 */
final class DeviceStateFile implements AutoCloseable {
    private static final int LIMIT_BYTES = 256 << 20;

    private final Path path;
    private final byte[] saveCommand;
    private final FileChannel channel;
    private ByteBuffer state = ByteBuffer.allocateDirect(1 << 20);
    private @Nullable List<DeviceSection> expected;

    /** Makes the file, for QEMU's user to write and nobody else to read. */
    DeviceStateFile(Path directory, long pid) {
        path = directory.resolve("d" + pid).toAbsolutePath();
        try {
            Files.deleteIfExists(path);
            Files.createFile(
                    path,
                    PosixFilePermissions.asFileAttribute(
                            PosixFilePermissions.fromString("rw-------")));
            Object owner = Files.getAttribute(Path.of("/proc/" + pid), "unix:uid");
            Files.setAttribute(path, "unix:uid", owner);
            channel = FileChannel.open(path, StandardOpenOption.READ);
        } catch (IOException e) {
            throw new DomainException(
                    "no-state-directory",
                    "the file for the device state cannot be made: " + e,
                    "give the agent a directory in memory that it and QEMU can write to: "
                            + directory,
                    e);
        }
        saveCommand =
                QmpClient.encode(
                        "xen-save-devices-state",
                        Map.of("filename", path.toString(), "live", false));
    }

    /** Has QEMU write the state of a guest that {@link GuestPause} suspended. */
    void save(QmpClient monitor) {
        Pending saved = new Pending("xen-save-devices-state");
        monitor.submit(saveCommand, saved);
        monitor.awaitInLap(saved, QmpClient.DEFAULT_TIMEOUT_NANOS);
    }

    /** Whether a state was read already. */
    boolean wasRead() {
        return expected != null;
    }

    /**
     * Reads what was saved last, and its sections.
     *
     * @throws DomainException {@code bad-device-state}, {@code config-changed} if the sections
     *     differ from those of the first call
     */
    List<DeviceSection> read() {
        try {
            long bytes = channel.size();
            if (bytes == 0 || bytes > LIMIT_BYTES) {
                throw new DomainException(
                        "bad-device-state",
                        "QEMU saved " + bytes + " bytes (expected: 1 to " + LIMIT_BYTES + ")",
                        "look whether QEMU sees the same " + path.getParent() + " as the agent");
            }
            if (bytes > state.capacity()) {
                state = ByteBuffer.allocateDirect((int) bytes * 2);
            }
            state.clear().limit((int) bytes);
            while (state.hasRemaining() && channel.read(state, state.position()) > 0) {}
            state.flip();
        } catch (IOException e) {
            throw new DomainException(
                    "bad-device-state", path + " cannot be read: " + e, "see the cause", e);
        }
        List<DeviceSection> sections = DeviceStream.sections(state);
        List<DeviceSection> first = expected;
        if (first == null) {
            expected = sections;
        } else if (!first.equals(sections)) {
            throw changed(first, sections);
        }
        return sections;
    }

    /** Stages what {@link #read} read. */
    void stage(Staging out) {
        ByteBuffer rest = state.duplicate();
        while (rest.hasRemaining()) {
            Slab slab = out.nextDevices();
            ByteBuffer room = slab.deviceRoom();
            int bytes = Math.min(room.remaining(), rest.remaining());
            room.put(rest.slice().limit(bytes));
            rest.position(rest.position() + bytes);
            slab.deviceBytes(bytes);
        }
    }

    private static DomainException changed(List<DeviceSection> first, List<DeviceSection> now) {
        List<DeviceSection> added = now.stream().filter(s -> !first.contains(s)).toList();
        List<DeviceSection> removed = first.stream().filter(s -> !now.contains(s)).toList();
        return new DomainException(
                "config-changed",
                "the guest's devices changed: added " + added + ", removed " + removed,
                "the standby is made anew; no need to do anything if this was meant");
    }

    @Override
    public void close() {
        try {
            channel.close();
            Files.deleteIfExists(path);
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }
}
