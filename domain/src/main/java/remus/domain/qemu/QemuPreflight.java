package remus.domain.qemu;

import com.fasterxml.jackson.databind.JsonNode;
import java.util.ArrayList;
import java.util.List;
import java.util.Set;
import remus.domain.DiskSelection;
import remus.domain.DomainException;
import remus.domain.Finding;
import remus.domain.linux.DescriptorLibrary;
import remus.domain.linux.DirtyLogProbe;
import remus.domain.linux.Errno;
import remus.domain.linux.SyscallInjector;

/**
 * Whether a running QEMU can be protected: what its command line tells, and what it tells itself.
 *
 * @param unsafe protect although something is lost at a takeover: the connections of a {@code user}
 *     netdev, disks that are left out
 */
record QemuPreflight(boolean unsafe) {
    private static final Set<String> MIGRATION_OVER =
            Set.of("", "none", "completed", "failed", "cancelled");

    /** Every condition, passed or not. */
    List<Finding> examine(QemuProcess process, Monitor monitor, DiskSelection selection) {
        List<Finding> findings = new ArrayList<>(CommandLineChecks.examine(process.argv(), unsafe));
        findings.add(architecture());
        findings.add(traceable(process.pid()));
        findings.add(
                attempt("kernel", "this kernel logs written pages exactly", DirtyLogProbe::check));
        findings.add(
                attempt(
                        "memory",
                        "all of the guest's memory can be replicated",
                        () -> QemuMemoryMap.read(monitor)));
        JsonNode migration = monitor.execute("query-migrate");
        findings.add(
                attempt(
                        "migratable",
                        "QEMU can save the state of all devices",
                        () -> {
                            if (!migration.path("blocked-reasons").isEmpty()) {
                                throw GuestPause.blocked(migration.path("blocked-reasons"));
                            }
                        }));
        findings.add(idle(migration, monitor));
        findings.addAll(new DiskChecks(process, monitor, selection, unsafe).examine());
        return findings;
    }

    /** Throws what does not hold. */
    void require(QemuProcess process, Monitor monitor, DiskSelection selection) {
        Finding.require(examine(process, monitor, selection));
    }

    private static Finding attempt(String code, String verified, Runnable check) {
        try {
            check.run();
            return Finding.pass(code, verified);
        } catch (DomainException e) {
            return Finding.fail(e.code(), String.valueOf(e.getMessage()), e.correction());
        }
    }

    private static Finding architecture() {
        return SyscallInjector.supported()
                ? Finding.pass("architecture", "this host is x86-64")
                : Finding.fail(
                        "architecture",
                        "this host is " + System.getProperty("os.arch") + " (expected: x86-64)",
                        "run the VM on an x86-64 host");
    }

    /** The kernel asks the same of one who opens a process's memory as of one who traces it. */
    private static Finding traceable(long pid) {
        String memory = "/proc/" + pid + "/mem";
        int fd = DescriptorLibrary.open(memory, DescriptorLibrary.OPEN_READ);
        if (fd < 0) {
            return Finding.fail(
                    "ptrace-denied",
                    Errno.describe(memory + " may not be read", Errno.last()),
                    "run the agent as root with CAP_SYS_PTRACE");
        }
        DescriptorLibrary.close(fd);
        return Finding.pass("ptrace", "this process may trace QEMU");
    }

    private static Finding idle(JsonNode migration, Monitor monitor) {
        String status = migration.path("status").asText("");
        if (!MIGRATION_OVER.contains(status)) {
            return Finding.fail(
                    "migration-in-progress",
                    "a migration or snapshot of this VM is " + status,
                    "wait until it is over, or cancel it");
        }
        return DiskChecks.noForeignJob(monitor);
    }
}
