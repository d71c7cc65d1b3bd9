package remus.domain.qemu;

import java.io.IOException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.List;
import java.util.stream.Collectors;
import org.jspecify.annotations.Nullable;
import remus.domain.DomainException;
import remus.domain.linux.ProcessFiles;

/**
 * The QEMU processes of this host that can be seen in /proc: those of another PID namespace cannot.
 */
final class QemuProcesses {
    private QemuProcesses() {}

    /** All, by name, then pid. */
    static List<QemuProcess> list() {
        List<QemuProcess> found = new ArrayList<>();
        try {
            for (long pid : ProcessFiles.pids()) {
                QemuProcess.read(pid).ifPresent(found::add);
            }
        } catch (IOException e) {
            throw new DomainException(
                    "no-proc", "/proc cannot be read: " + e.getMessage(), "mount /proc", e);
        }
        found.sort(Comparator.comparing(QemuProcess::name).thenComparing(QemuProcess::pid));
        return found;
    }

    /**
     * The one that is meant.
     *
     * @param wanted a name, a process id, or the path of a QMP socket
     * @throws DomainException {@code unknown-domain}, {@code ambiguous-name}
     */
    static QemuProcess find(List<QemuProcess> processes, String wanted) {
        List<QemuProcess> matching =
                processes.stream().filter(p -> matches(p, wanted)).collect(Collectors.toList());
        if (matching.size() == 1) {
            return matching.get(0);
        }
        if (matching.isEmpty()) {
            throw new DomainException(
                    "unknown-domain",
                    "no QEMU here is called " + wanted + " (running: " + names(processes) + ")",
                    "name one of them, its process id, or its QMP socket");
        }
        throw new DomainException(
                "ambiguous-name",
                "several QEMU processes are called "
                        + wanted
                        + ": pids "
                        + matching.stream()
                                .map(p -> Long.toString(p.pid()))
                                .collect(Collectors.joining(", ")),
                "name the process id instead");
    }

    private static boolean matches(QemuProcess process, String wanted) {
        if (wanted.contains("/")) {
            return process.monitors().contains(Path.of(wanted).toAbsolutePath().normalize());
        }
        return process.name().equals(wanted) || Long.toString(process.pid()).equals(wanted);
    }

    private static String names(List<QemuProcess> processes) {
        return processes.isEmpty()
                ? "none"
                : processes.stream()
                        .map(p -> (p.name().isEmpty() ? "unnamed" : p.name()) + " " + p.pid())
                        .collect(Collectors.joining(", "));
    }

    /**
     * Connects to a process's monitor: the wanted one, or the first that answers.
     *
     * @throws DomainException {@code no-monitor}, {@code monitor-busy}
     */
    static QmpClient connect(QemuProcess process, String wanted) {
        if (wanted.contains("/")) {
            return QmpClient.connect(Path.of(wanted).toAbsolutePath());
        }
        @Nullable DomainException last = null;
        for (Path monitor : process.monitors()) {
            try {
                return QmpClient.connect(monitor);
            } catch (DomainException e) {
                last = e;
            }
        }
        if (last != null) {
            throw last;
        }
        throw new DomainException(
                "no-monitor",
                process.name() + " (pid " + process.pid() + ") has no QMP unix socket",
                "start it with -qmp unix:PATH,server=on,wait=off");
    }
}
