package remus.domain.qemu;

import io.netty.buffer.ByteBuf;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.ByteBuffer;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import java.util.concurrent.atomic.AtomicReference;
import org.jspecify.annotations.Nullable;
import remus.domain.Disk;
import remus.domain.DomainException;
import remus.domain.DomainIdentity;
import remus.domain.Standby;
import remus.domain.StandbySpec;

/**
 * A QEMU process that waits with the guest's memory already in place.
 *
 * <pre>
 *   WAITING --load--> LOADED --run--> RUNNING        close: lets go of a RUNNING one,
 *      |                |                            destroys it in any other state
 *      +---- lost ------+--> LOST
 * </pre>
 *
 * <p>All but {@link #onLost} is for one thread at a time, which its lock sees to.
 */
public final class QemuStandby implements Standby {
    private enum State {
        WAITING,
        LOADED,
        RUNNING,
        LOST,
        CLOSED
    }

    /** Ten announcements within five seconds: switches and neighbours learn where the guest is. */
    static final Map<String, Integer> ANNOUNCEMENT =
            Map.of("initial", 50, "max", 550, "rounds", 10, "step", 100);

    private final QemuStandbySpec description;
    private final StandbySettings settings;
    private final DomainIdentity identity;
    private final StandbyMemory memory;
    private final StandbyDevices devices = new StandbyDevices();
    private final TapInterfaces taps;
    private final StandbyProcess process;
    private final DeviceStateLoader loader;
    private final Path directory;
    private State state = State.WAITING;

    /** Nobody is to hear of it if the process ends now. */
    private volatile boolean expectedToEnd;

    private final AtomicReference<@Nullable Runnable> lostListener = new AtomicReference<>();

    private QemuStandby(
            StandbySpec spec,
            QemuStandbySpec description,
            StandbySettings settings,
            StandbyMemory memory,
            TapInterfaces taps,
            StandbyProcess process,
            Path directory) {
        this.description = description;
        this.settings = settings;
        this.memory = memory;
        this.taps = taps;
        this.process = process;
        this.directory = directory;
        identity =
                new DomainIdentity(
                        spec.name(), spec.uuid(), process.handle().pid(), process.startTicks());
        loader = new DeviceStateLoader(process.monitor(), directory.resolve("in"));
        process.monitor().onClosed(reason -> lost());
    }

    /**
     * Makes the memory and starts the process.
     *
     * @param images see {@link remus.domain.Hypervisor#createStandby}
     * @throws DomainException if this host cannot; then nothing is left of it
     */
    public static QemuStandby create(
            StandbySpec spec, List<Path> images, StandbySettings settings) {
        QemuStandbySpec description = QemuStandbySpec.fromJson(spec.spec());
        Path directory = ownDirectory(settings.runDirectory());
        StandbyCommandLine.Files files =
                new StandbyCommandLine.Files(
                        settings.memoryDirectory()
                                .resolve("remus-" + directory.getFileName() + ".ram"),
                        directory.resolve("qmp"),
                        directory.resolve("pid"),
                        directory.resolve("log"));
        StandbyMemory memory = null;
        TapInterfaces taps = null;
        StandbyProcess process = null;
        try {
            StandbyCommandLine line =
                    StandbyCommandLine.of(
                            description.argv(),
                            description.machineType(),
                            spec.regions().get(0).bytes(),
                            files,
                            StandbyCommandLine.Media.of(
                                    Path.of(description.cwd()),
                                    description.disks(),
                                    spec.disks().stream().map(Disk::name).toList(),
                                    images),
                            settings);
            memory = new StandbyMemory(files.memory(), spec.regions(), !settings.overcommit());
            taps = new TapInterfaces(line.taps());
            taps.lower();
            process = StandbyProcess.start(line, files, Path.of(description.cwd()), settings);
            checkVersion(process.version(), description.qemuVersion());
            PluggedDevices.requireSame(
                    description.devices(), PluggedDevices.list(process.monitor()));
            return new QemuStandby(spec, description, settings, memory, taps, process, directory);
        } catch (RuntimeException e) {
            undo(process, taps, memory, directory);
            throw e;
        }
    }

    private static void checkVersion(String here, String primary) {
        if (!here.equals(primary)) {
            throw new DomainException(
                    "qemu-version",
                    "QEMU is " + here + " here and " + primary + " at the primary",
                    "install the same version of QEMU on both hosts");
        }
    }

    @Override
    public synchronized void writePages(int region, int runs, ByteBuf runTable) {
        expect(State.WAITING);
        memory.writePages(region, runs, runTable);
    }

    @Override
    public synchronized void devices(Iterable<ByteBuf> parts) {
        expect(State.WAITING);
        devices.replace(parts);
    }

    @Override
    public synchronized void load() {
        if (state == State.LOADED) {
            return;
        }
        expect(State.WAITING);
        ByteBuffer deviceState = devices.state();
        if (!deviceState.hasRemaining()) {
            throw new DomainException(
                    "no-checkpoint",
                    "no checkpoint of " + identity.name() + " is complete",
                    "wait until it is protected");
        }
        expectedToEnd = true;
        try {
            loader.load(deviceState, settings.loadTimeoutNanos());
            new LateMemory(process).write(memory, description.memory());
            expectedToEnd = false;
            state = State.LOADED;
        } catch (IOException | DomainException e) {
            state = State.LOST;
            process.destroy();
            throw new DomainException(
                    "load-failed",
                    "the device state of "
                            + identity.name()
                            + " could not be loaded: "
                            + e.getMessage()
                            + process.said(),
                    "see QEMU's own words; both hosts need the same QEMU, CPU model and devices",
                    e);
        }
    }

    @Override
    public synchronized void run() {
        expect(State.LOADED);
        taps.raise();
        StandbyLeftovers.starts(directory);
        // Once cont is sent the guest may run, whatever we hear of it: never destroy it from here.
        state = State.RUNNING;
        expectedToEnd = true;
        try {
            process.monitor().execute("cont");
        } catch (DomainException e) {
            if (e.code().equals("qmp-error")) {
                taps.silence();
                state = State.LOADED;
                expectedToEnd = false;
            }
            throw new DomainException(
                    "standby-does-not-run",
                    identity.name() + " is loaded but does not run: " + e.getMessage(),
                    "look at its monitor in " + directory,
                    e);
        }
        // A running guest keeps QEMU busy: nobody waits for this answer.
        process.monitor()
                .submit(
                        QmpClient.encode("announce-self", ANNOUNCEMENT),
                        new Pending("announce-self"));
        memory.unlink();
        StandbyLeftovers.becomesDomain(directory);
    }

    @Override
    public DomainIdentity identity() {
        return identity;
    }

    /** Where its monitor listens, also after it runs. */
    public Path monitorSocket() {
        return directory.resolve("qmp");
    }

    @Override
    public void onLost(Runnable listener) {
        lostListener.set(listener);
        if (!process.handle().isAlive()) {
            lost();
        }
    }

    /** The monitor's end is the process's end, and is seen at once. */
    private void lost() {
        Runnable listener = expectedToEnd ? null : lostListener.getAndSet(null);
        if (listener != null) {
            listener.run();
        }
    }

    @Override
    public synchronized void close() {
        expectedToEnd = true;
        if (state == State.RUNNING) {
            process.monitor().close();
            memory.close();
        } else if (state != State.CLOSED) {
            undo(process, taps, memory, directory);
        }
        state = State.CLOSED;
    }

    /** Drops the monitor and nothing else, as the death of this process would. */
    synchronized void abandon() {
        expectedToEnd = true;
        state = State.CLOSED;
        process.monitor().close();
    }

    private void expect(State expected) {
        if (state != expected) {
            throw new DomainException(
                    "standby-unusable",
                    "the standby of "
                            + identity.name()
                            + " is "
                            + state
                            + " (expected: "
                            + expected
                            + ")",
                    "protect the group anew, so that a new standby is made");
        }
    }

    private static void undo(
            @Nullable StandbyProcess process,
            @Nullable TapInterfaces taps,
            @Nullable StandbyMemory memory,
            Path directory) {
        if (process != null) {
            process.destroy();
        }
        if (taps != null) {
            taps.restore();
        }
        if (memory != null) {
            memory.close();
        }
        for (String file : StandbyLeftovers.FILES) {
            try {
                Files.deleteIfExists(directory.resolve(file));
            } catch (IOException e) {
                throw new UncheckedIOException(e);
            }
        }
    }

    /** For the owner only; short, as the path of a socket may have no more than 107 bytes. */
    private static Path ownDirectory(Path parent) {
        try {
            Files.createDirectories(parent);
            return Files.createTempDirectory(parent, "standby-");
        } catch (IOException e) {
            throw new DomainException(
                    "no-run-directory",
                    "no directory for a standby can be made in " + parent + ": " + e.getMessage(),
                    "make it writable for the agent",
                    e);
        }
    }
}
