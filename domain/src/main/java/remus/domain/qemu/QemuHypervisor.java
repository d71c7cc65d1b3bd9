package remus.domain.qemu;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import remus.domain.DiskSelection;
import remus.domain.Domain;
import remus.domain.DomainException;
import remus.domain.DomainIdentity;
import remus.domain.Finding;
import remus.domain.Hypervisor;
import remus.domain.Standby;
import remus.domain.StandbySpec;

/** The QEMU processes of this host. */
public final class QemuHypervisor implements Hypervisor {
    static final String KIND = "qemu";

    /** Makes standbys: the backup's half of this hypervisor. */
    public interface Standbys {
        /** See {@link Hypervisor#checkStandby}. */
        List<Finding> check(StandbySpec spec);

        /** See {@link Hypervisor#createStandby}. */
        Standby create(StandbySpec spec, List<Path> images);
    }

    private final Path directory;
    private final QemuPreflight preflight;
    private final Standbys standbys;

    /**
     * @param directory in memory (tmpfs), with a short path; made if it is not there
     * @param unsafe protect although something is lost at a takeover: the connections of a {@code
     *     user} netdev, disks that are left out
     */
    public QemuHypervisor(Path directory, boolean unsafe, Standbys standbys) {
        this.directory = directory;
        preflight = new QemuPreflight(unsafe);
        this.standbys = standbys;
        try {
            Files.createDirectories(directory);
        } catch (IOException e) {
            throw new DomainException(
                    "no-state-directory",
                    directory + " cannot be made: " + e,
                    "give the agent a directory in memory that it may write to",
                    e);
        }
    }

    @Override
    public String kind() {
        return KIND;
    }

    @Override
    public List<DomainSummary> domains() {
        List<DomainSummary> domains = new ArrayList<>();
        for (QemuProcess process : QemuProcesses.list()) {
            try (QmpClient monitor = QemuProcesses.connect(process, Long.toString(process.pid()))) {
                String state = monitor.execute("query-status").path("status").asText();
                if (!process.awaitsState() || !state.equals("inmigrate")) {
                    domains.add(summary(process, monitor, state));
                }
            } catch (DomainException e) {
                if (!process.awaitsState()) {
                    domains.add(
                            new DomainSummary(
                                    identity(process, ""),
                                    "unknown",
                                    0,
                                    List.of(
                                            Finding.fail(
                                                    e.code(),
                                                    String.valueOf(e.getMessage()),
                                                    e.correction()))));
                }
            }
        }
        return domains;
    }

    private DomainSummary summary(QemuProcess process, Monitor monitor, String state) {
        return new DomainSummary(
                identity(process, monitor.execute("query-uuid").path("UUID").asText()),
                state,
                monitor.execute("query-memory-size-summary").path("base-memory").asLong(),
                preflight.examine(process, monitor, DiskSelection.WRITABLE).stream()
                        .filter(f -> !f.passed())
                        .toList());
    }

    private static DomainIdentity identity(QemuProcess process, String uuid) {
        return new DomainIdentity(process.name(), uuid, process.pid(), process.startTicks());
    }

    @Override
    public Domain open(String nameOrPidOrSocket) {
        return open(nameOrPidOrSocket, DiskSelection.WRITABLE);
    }

    /** As {@link #open(String)}, with the disks that its operator chose. */
    public QemuDomain open(String nameOrPidOrSocket, DiskSelection disks) {
        // a standby is no domain until it runs, and its name is the domain's
        List<QemuProcess> all = QemuProcesses.list();
        List<QemuProcess> domains = all.stream().filter(p -> !p.awaitsState() || runs(p)).toList();
        QemuProcess process = QemuProcesses.find(domains, nameOrPidOrSocket);
        QmpClient monitor = QemuProcesses.connect(process, nameOrPidOrSocket);
        try {
            return new QemuDomain(process, monitor, directory, preflight, disks);
        } catch (RuntimeException e) {
            monitor.close();
            throw e;
        }
    }

    private static boolean runs(QemuProcess process) {
        try (QmpClient monitor = QemuProcesses.connect(process, Long.toString(process.pid()))) {
            return !monitor.execute("query-status").path("status").asText().equals("inmigrate");
        } catch (DomainException e) {
            return false; // its owner has its monitor: a standby that is being fed
        }
    }

    @Override
    public List<Finding> checkStandby(StandbySpec spec) {
        return standbys.check(spec);
    }

    @Override
    public Standby createStandby(StandbySpec spec, List<Path> images) {
        return standbys.create(spec, images);
    }
}
