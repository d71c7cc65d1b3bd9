package remus.domain.qemu;

import java.nio.file.Path;
import java.util.List;
import java.util.Map;

/**
 * What this host gives to standbys.
 *
 * @param memoryDirectory a directory on tmpfs where the guests' RAM lies, such as {@code /dev/shm}
 * @param runDirectory a directory of ours for sockets, pid files and logs
 * @param taps names of tap interfaces here, by their names at the primary; those not listed have
 *     the same name on both hosts
 * @param paths files here, by their paths at the primary: disks, serial logs, firmware; those not
 *     listed have the same path on both hosts
 * @param launcher words put before QEMU's command line, such as {@code systemd-run --scope}: a
 *     guest must not live in the agent's control group
 * @param overcommit whether RAM is taken from the host page by page instead of reserved at once; a
 *     standby may then fail, or be killed, for want of memory
 * @param startTimeoutNanos how long QEMU may take to start
 * @param loadTimeoutNanos how long it may take to load the device state
 */
public record StandbySettings(
        Path memoryDirectory,
        Path runDirectory,
        Map<String, String> taps,
        Map<String, String> paths,
        List<String> launcher,
        boolean overcommit,
        long startTimeoutNanos,
        long loadTimeoutNanos) {
    /** Copies the collections. */
    public StandbySettings {
        taps = Map.copyOf(taps);
        paths = Map.copyOf(paths);
        launcher = List.copyOf(launcher);
    }

    /** RAM and run directory as given, names and paths as at the primary. */
    public static StandbySettings of(Path memoryDirectory, Path runDirectory) {
        return new StandbySettings(
                memoryDirectory,
                runDirectory,
                Map.of(),
                Map.of(),
                List.of(),
                false,
                10_000_000_000L,
                5_000_000_000L);
    }
}
