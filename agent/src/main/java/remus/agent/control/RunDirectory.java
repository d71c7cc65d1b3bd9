package remus.agent.control;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.PosixFilePermission;
import java.nio.file.attribute.PosixFilePermissions;
import java.util.HashSet;
import java.util.Set;
import remus.domain.DomainException;

/**
 * The directory of an agent's sockets. Others may pass through it, because a QEMU that is not run
 * by root must reach the sockets that are made for it; they may neither list nor change it, and the
 * control socket in it is the owner's alone.
 */
public final class RunDirectory {
    private static final Set<PosixFilePermission> ALLOWED =
            PosixFilePermissions.fromString("rwx--x--x");

    private RunDirectory() {}

    /**
     * Makes it, or checks one that exists.
     *
     * @throws DomainException {@code run-dir-open}, {@code run-dir-failed}
     */
    public static void prepare(Path directory) {
        try {
            if (!Files.exists(directory)) {
                Files.createDirectories(directory);
                Files.setPosixFilePermissions(directory, ALLOWED);
            }
            Set<PosixFilePermission> mode = Files.getPosixFilePermissions(directory);
            Set<PosixFilePermission> tooMuch = new HashSet<>(mode);
            tooMuch.removeAll(ALLOWED);
            if (!tooMuch.isEmpty()) {
                throw new DomainException(
                        "run-dir-open",
                        "run-dir "
                                + directory
                                + " is open to other users ("
                                + PosixFilePermissions.toString(mode)
                                + "); whoever can change it rules every guest",
                        "chmod 711 " + directory + ", or choose a run-dir of the agent's own");
            }
        } catch (IOException cause) {
            throw new DomainException(
                    "run-dir-failed",
                    "run-dir " + directory + " cannot be used: " + cause,
                    "create it with mode 0711, owned by the agent's user",
                    cause);
        }
    }
}
