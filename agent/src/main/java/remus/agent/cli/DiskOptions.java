package remus.agent.cli;

import java.util.List;
import picocli.CommandLine.Option;

/** Which disks are replicated; mixed into the commands that protect or examine that. */
final class DiskOptions {
    @Option(
            names = "--no-disk",
            paramLabel = "DISK",
            split = ",",
            description =
                    "Do not replicate this disk (DOMAIN/DISK in a group of several domains), or"
                        + " all: after a takeover the guest finds there what the file of the same"
                        + " path holds at the backup, which must exist, of another time than its"
                        + " memory. Needs --unsafe.")
    private List<String> noDisks = List.of();

    @Option(
            names = "--copy-media",
            description =
                    "Also send disks that the guest cannot write to and CD-ROMs, which otherwise"
                            + " must lie at the backup already; they cannot be ejected meanwhile.")
    private boolean copyMedia;

    List<String> noDisks() {
        return noDisks;
    }

    boolean copyMedia() {
        return copyMedia;
    }
}
