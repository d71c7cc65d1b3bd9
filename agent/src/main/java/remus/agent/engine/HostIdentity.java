package remus.agent.engine;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.util.UUID;
import remus.domain.DomainException;
import remus.ha.AtomicFile;

/**
 * What this host is called at the witness: a UUID made once and kept with its records. Names of
 * hosts and addresses change; a record must never name another host than it meant.
 */
final class HostIdentity {
    private static final String FILE = "host-id";

    private HostIdentity() {}

    /**
     * Reads it, or makes it.
     *
     * @throws DomainException {@code bad-host-id} or {@code record-failed}
     */
    static String of(Path stateDirectory) {
        Path file = stateDirectory.resolve(FILE);
        try {
            String text = Files.readString(file).strip();
            if (!UUID.fromString(text).toString().equals(text)) {
                throw new IllegalArgumentException(text);
            }
            return text;
        } catch (NoSuchFileException none) {
            String fresh = UUID.randomUUID().toString();
            AtomicFile.write(stateDirectory, FILE, fresh + "\n");
            return fresh;
        } catch (IOException | IllegalArgumentException e) {
            throw new DomainException(
                    "bad-host-id",
                    "the host's identity in " + file + " cannot be read: " + e.getMessage(),
                    "restore it: records of the witness bear it. Remove it only if this host is"
                            + " neither primary nor backup of any group",
                    e);
        }
    }
}
