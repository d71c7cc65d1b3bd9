package remus.domain.qemu;

import com.fasterxml.jackson.databind.JsonNode;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import java.util.function.Consumer;
import java.util.regex.Pattern;
import org.jspecify.annotations.Nullable;
import remus.domain.Disk;
import remus.domain.DiskSelection;
import remus.domain.Domain;
import remus.domain.DomainEvent;
import remus.domain.DomainException;
import remus.domain.DomainIdentity;
import remus.domain.Finding;
import remus.domain.Staging;
import remus.domain.StandbySpec;
import remus.domain.linux.DirtyLog;
import remus.domain.linux.DirtyLogProbe;

/**
 * A running QEMU, checkpointed from outside: its monitor stops it and saves its devices, the kernel
 * tells which pages were written and copies them. Nothing of QEMU is changed.
 */
public final class QemuDomain implements Domain {
    /** HMP lists a NIC and, indented under it, the netdev that it uses. */
    private static final Pattern NETDEV_OF_NIC = Pattern.compile("(?m)^ \\\\ ([^:\\s]+): index=");

    private final QemuProcess process;
    private final QmpClient monitor;
    private final Path directory;
    private final DomainIdentity identity;
    private final GuestPause pause;
    private final QemuEvents events;
    private final QemuPreflight preflight;
    private final DiskSelection selection;
    private @Nullable DeviceStateFile devices;
    private @Nullable QemuMemoryMap memory;
    private @Nullable DirtyLog log;
    private @Nullable MemoryCopier copier;
    private @Nullable StandbySpec spec;
    private boolean attached;
    private boolean closed;

    /**
     * Takes over the monitor; a guest that an earlier life of this agent left suspended runs again.
     *
     * @param directory in memory, where device states are written; exists
     */
    QemuDomain(
            QemuProcess process,
            QmpClient monitor,
            Path directory,
            QemuPreflight preflight,
            DiskSelection selection) {
        this.process = process;
        this.monitor = monitor;
        this.directory = directory;
        this.preflight = preflight;
        this.selection = selection;
        String uuid = monitor.execute("query-uuid").path("UUID").asText();
        identity = new DomainIdentity(process.name(), uuid, process.pid(), process.startTicks());
        pause =
                new GuestPause(
                        monitor,
                        SuspendMarker.open(directory, uuid, process.pid(), process.startTicks()));
        events = new QemuEvents(process.name(), pause);
        monitor.onEvent(events::accept);
        monitor.onClosed(events::monitorClosed);
        pause.begin();
    }

    @Override
    public DomainIdentity identity() {
        return identity;
    }

    @Override
    public List<Finding> preflight() {
        return preflight.examine(process, monitor, selection);
    }

    @Override
    public void onEvent(Consumer<DomainEvent> listener) {
        events.listener(listener);
    }

    @Override
    public StandbySpec standbySpec() {
        StandbySpec made = spec;
        if (made == null) {
            DeviceStateFile file = devices();
            if (!file.wasRead()) {
                GuestPause.requireMigratable(monitor);
                boolean ours = suspend();
                try {
                    file.save(monitor);
                } finally {
                    if (ours) {
                        resume();
                    }
                }
            }
            QemuMemoryMap map = memory();
            made =
                    new StandbySpec(
                            identity.name(),
                            identity.uuid(),
                            QemuHypervisor.KIND,
                            StandbySpecs.gather(process, monitor, map, file.read()).toJson(),
                            map.regions(),
                            disks().stream().map(QemuDisk::disk).toList());
            spec = made;
        }
        return made;
    }

    private DeviceStateFile devices() {
        DeviceStateFile file = devices;
        if (file == null) {
            file = new DeviceStateFile(directory, process.pid());
            devices = file;
        }
        return file;
    }

    private QemuMemoryMap memory() {
        QemuMemoryMap map = memory;
        if (map == null) {
            map = QemuMemoryMap.read(monitor);
            memory = map;
        }
        return map;
    }

    @Override
    public void attach() {
        if (attached) {
            armed().restart();
            return;
        }
        preflight.require(process, monitor, selection);
        // their targets died with an earlier life of this agent
        DiskMirrors.remove(monitor, name -> true);
        DirtyLogProbe.check();
        QemuMemoryMap map = memory();
        devices();
        log = DirtyLog.arm(process.pid(), map.addresses());
        copier = new MemoryCopier(process.pid(), map.addresses());
        attached = true;
        // a guest that switches itself off stays until its last epoch is replicated
        setShutdownAction("pause");
    }

    private void setShutdownAction(String action) {
        monitor.execute("set-action", Map.of("shutdown", action));
    }

    @Override
    public long precopy(Staging out) {
        long pages = armed().harvest();
        copier().copy(armed(), out);
        return pages;
    }

    @Override
    public boolean suspend() {
        return pause.suspend();
    }

    @Override
    public void saveDevices() {
        devices().save(monitor);
    }

    @Override
    public long harvest() {
        return armed().harvest();
    }

    @Override
    public void copy(Staging out) {
        copier().copy(armed(), out);
    }

    @Override
    public boolean resume() {
        return pause.resume();
    }

    @Override
    public void stageDevices(Staging out) {
        DeviceStateFile file = devices();
        file.read();
        file.stage(out);
    }

    @Override
    public long clockLagNanos() {
        return pause.lagNanos();
    }

    private DirtyLog armed() {
        DirtyLog armed = log;
        if (armed == null) {
            throw new IllegalStateException("not attached");
        }
        return armed;
    }

    private MemoryCopier copier() {
        MemoryCopier made = copier;
        if (made == null) {
            throw new IllegalStateException("not attached");
        }
        return made;
    }

    /** Each step is tried, whatever the one before did: what stays of us in QEMU is the least. */
    @Override
    public void close() {
        if (closed) {
            return;
        }
        closed = true;
        tryTo(
                () -> {
                    if (pause.isOurs()) {
                        pause.resume();
                    }
                });
        if (attached) {
            tryTo(armed()::close);
            if (!monitor.isClosed()) {
                tryTo(this::restoreShutdownAction);
            }
        }
        DeviceStateFile file = devices;
        if (file != null) {
            tryTo(file::close);
        }
        if (!pause.isOurs()) {
            tryTo(() -> SuspendMarker.delete(directory, identity.uuid(), identity.pid()));
        }
        events.close();
        monitor.close();
    }

    /** The domain's monitor, for buffers that attach to its devices. */
    public Monitor monitor() {
        return monitor;
    }

    /** The disks that are replicated, in the order of {@link StandbySpec#disks}. */
    public List<QemuDisk> disks() {
        return QemuDisk.list(monitor, process.cwd()).stream()
                .filter(disk -> disk.isReplicated(selection))
                .toList();
    }

    /** The disks that the guest writes to and that its operator left out. */
    public List<Disk> leftOutDisks() {
        return QemuDisk.list(monitor, process.cwd()).stream()
                .filter(disk -> disk.isLeftOut(selection))
                .map(QemuDisk::disk)
                .toList();
    }

    /** Ids of the netdevs that the guest's NICs use now, hot-plugged ones included. */
    public List<String> netdevs() {
        return NETDEV_OF_NIC
                .matcher(monitor.human("info network"))
                .results()
                .map(m -> m.group(1))
                .toList();
    }

    @Override
    public void retire() {
        pause.retire();
    }

    @Override
    public void destroy() {
        try {
            monitor.execute("quit");
        } catch (DomainException e) {
            if (!e.code().equals("qmp-closed")) {
                throw e;
            }
        }
    }

    /** Drops the monitor and nothing else, as the death of this process would. */
    void abandon() {
        closed = true;
        monitor.close();
    }

    /** Of a guest that is switched off, QEMU would be gone had it not waited for us. */
    private void restoreShutdownAction() {
        String original = process.shutdownAction();
        setShutdownAction(original);
        JsonNode status = monitor.execute("query-status").path("status");
        if (original.equals("poweroff")
                && events.shutDown()
                && status.asText().equals("shutdown")) {
            monitor.execute("quit");
        }
    }

    private static void tryTo(Runnable step) {
        try {
            step.run();
        } catch (RuntimeException e) {
            System.getLogger(QemuDomain.class.getName())
                    .log(System.Logger.Level.WARNING, "detaching: " + e.getMessage());
        }
    }
}
