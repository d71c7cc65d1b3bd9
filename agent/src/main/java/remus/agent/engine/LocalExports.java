package remus.agent.engine;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Set;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;
import remus.agent.control.RunDirectory;
import remus.diskbuf.mirror.ServedDisk;
import remus.diskbuf.nbd.FileExport;
import remus.diskbuf.nbd.NbdServer;
import remus.domain.DiskSelection;
import remus.domain.DomainException;
import remus.domain.qemu.QemuDisk;

/**
 * The exports that are disks of this host's guests from their boot on. They are served from the
 * agent's first moment to its last, whether or not anything is protected. Each has a socket of its
 * own, {@code NAME.sock}.
 */
final class LocalExports implements AutoCloseable {
    private static final Logger LOG = LoggerFactory.getLogger(LocalExports.class);

    /** Formats in which the guest sees the export as it is. */
    private static final Set<String> PLAIN = Set.of("raw", "nbd");

    private static final String URI = "nbd+unix://";
    private static final String SOCKET = "?socket=";

    private final Map<String, Path> images;
    private final String user;
    private final Path directory;
    private final List<Serving> serving = new ArrayList<>();

    private record Serving(ServedDisk disk, Path socket, NbdServer server) {}

    /**
     * @param images by the name of their export
     * @param user who may connect; empty for this process's own
     * @param directory for the sockets; made if it is not there
     */
    LocalExports(Map<String, Path> images, String user, Path directory) {
        this.images = images;
        this.user = user;
        this.directory = directory;
    }

    /** Begins. An export that cannot be served must not keep the agent from its other guests. */
    void serve() {
        if (images.isEmpty()) {
            return;
        }
        RunDirectory.prepare(directory);
        images.forEach(
                (name, image) -> {
                    try {
                        serve(name, image);
                    } catch (DomainException e) {
                        LOG.error(
                                "export {} is not served: {} [{}] fix: {}",
                                name,
                                e.getMessage(),
                                e.code(),
                                e.correction());
                    }
                });
    }

    private void serve(String name, Path image) {
        ServedDisk disk = new ServedDisk(FileExport.open(name, image, false));
        NbdServer server = NbdServer.start(List.of(disk), 1);
        Path socket = directory.resolve(name + ".sock");
        try {
            server.listen(socket);
            giveAway(socket);
        } catch (DomainException e) {
            server.close();
            disk.close();
            throw e;
        }
        serving.add(new Serving(disk, socket, server));
        LOG.info("export {} serves {} on {}", name, image, socket);
    }

    private void giveAway(Path socket) {
        if (user.isEmpty()) {
            return;
        }
        try {
            Files.setOwner(
                    socket,
                    socket.getFileSystem()
                            .getUserPrincipalLookupService()
                            .lookupPrincipalByName(user));
        } catch (IOException e) {
            throw new DomainException(
                    "no-such-user",
                    "the socket " + socket + " cannot be given to user " + user + ": " + e,
                    "correct `disks.export-user`, or remove it if QEMU runs as root",
                    e);
        }
    }

    /**
     * The export to capture a disk at, or null if it is to be mirrored. A medium that the guest
     * cannot write to is mirrored in every mode: it has no writes, it is only sent.
     *
     * @throws DomainException {@code disk-not-exported}
     */
    @Nullable ServedDisk find(QemuDisk disk, DiskSelection.Mode mode) {
        ServedDisk export = mode == DiskSelection.Mode.MIRROR ? null : find(disk);
        if (export == null && mode == DiskSelection.Mode.BOOT_TIME && disk.writable()) {
            throw notExported(disk);
        }
        return export;
    }

    private static DomainException notExported(QemuDisk disk) {
        return new DomainException(
                "disk-not-exported",
                "disk "
                        + disk.name()
                        + " ("
                        + disk.format()
                        + ", "
                        + disk.file()
                        + ") is no export of this agent (expected: a raw disk over one of"
                        + " `disks.exports`, by its socket)",
                "start the VM with such an export as its disk (docs/disk.md), or use --disk auto");
    }

    /** The export that is a guest's disk as it is, or null if none is. */
    private @Nullable ServedDisk find(QemuDisk disk) {
        int at = disk.file().indexOf(SOCKET);
        boolean plain = disk.writable() && PLAIN.contains(disk.format());
        if (!plain || at < 0 || !disk.file().startsWith(URI)) {
            return null;
        }
        String name = disk.file().substring(URI.length(), at).replaceFirst("^/", "");
        Path socket = Path.of(disk.file().substring(at + SOCKET.length()));
        for (Serving one : serving) {
            boolean sameName = name.isEmpty() || name.equals(one.disk.name());
            if (sameName
                    && one.disk.sizeBytes() == disk.bytes()
                    && isSameFile(one.socket, socket)) {
                return one.disk;
            }
        }
        return null;
    }

    private static boolean isSameFile(Path one, Path other) {
        try {
            return Files.isSameFile(one, other);
        } catch (IOException absent) {
            return false; // of another mount namespace, or gone: it is not ours
        }
    }

    /** The name of the export that serves an image, or null if none does. */
    @Nullable String of(Path image) {
        for (Map.Entry<String, Path> export : images.entrySet()) {
            if (export.getValue().equals(image) || isSameFile(export.getValue(), image)) {
                return export.getKey();
            }
        }
        return null;
    }

    @Override
    public void close() {
        for (Serving one : serving) {
            one.server.close();
            one.disk.close();
        }
        serving.clear();
    }
}
