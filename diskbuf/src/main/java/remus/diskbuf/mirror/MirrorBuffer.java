package remus.diskbuf.mirror;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.HashSet;
import java.util.List;
import java.util.Set;
import java.util.UUID;
import org.jspecify.annotations.Nullable;
import remus.diskbuf.ChunkDigests;
import remus.diskbuf.DiskBuffer;
import remus.diskbuf.nbd.NbdServer;
import remus.domain.DomainException;
import remus.domain.Slab;
import remus.domain.SlabPool;
import remus.domain.linux.ProcessFiles;
import remus.domain.qemu.DiskMirrors;
import remus.domain.qemu.Monitor;
import remus.domain.qemu.QemuDisk;

/**
 * Captures what a QEMU guest writes to its disks: QEMU mirrors each disk to an export of this
 * process ({@link MirrorJob}), and hears of a write only when it is captured here. The guest's own
 * disks are written first, and stay as they are whatever happens here.
 *
 * <p>When the memory for captured writes is used up, answers are withheld, and the guest waits
 * ({@link WriteCapture}). A write that is refused ends the mirror, and the disks are copied anew.
 *
 * <p>A server that dies takes what it captured with it, and QEMU would not send it again. So an
 * export has a name of its own in each life, QEMU never reconnects, and after a death the disks are
 * compared whole.
 */
public final class MirrorBuffer implements DiskBuffer {
    /**
     * A disk to be mirrored.
     *
     * @param index among all replicated disks of its domain
     */
    public record Mirrored(int index, QemuDisk disk) {
        private CapturedDisk captured() {
            return new CapturedDisk(index, disk.name(), disk.bytes());
        }
    }

    private final Monitor monitor;
    private final long qemuPid;
    private final Path directory;
    private final List<Mirrored> disks;
    private final WriteCapture capture;
    private final List<CaptureExport> exports = new ArrayList<>();
    private final List<MirrorJob> jobs = new ArrayList<>();
    private final Set<Integer> ready = new HashSet<>();
    private final long[] flushesBefore;
    private @Nullable NbdServer server;

    /**
     * @param qemuPid the QEMU process; its user must be able to connect
     * @param directory for the socket; must exist, and be reachable for QEMU's user
     * @param disks those to be captured
     * @param pool memory for what is captured; this buffer's alone
     */
    public MirrorBuffer(
            Monitor monitor, long qemuPid, Path directory, List<Mirrored> disks, SlabPool pool) {
        this.monitor = monitor;
        this.qemuPid = qemuPid;
        this.directory = directory;
        this.disks = List.copyOf(disks);
        capture = new WriteCapture("mirror", disks.stream().map(Mirrored::captured).toList(), pool);
        flushesBefore = new long[disks.size()];
    }

    @Override
    public void onPressure(Runnable listener) {
        capture.onPressure(listener);
    }

    @Override
    public void seed(List<ChunkDigests> there) {
        String life = UUID.randomUUID().toString();
        for (int i = 0; i < disks.size(); i++) {
            Mirrored one = disks.get(i);
            String name = one.index() + "-" + life;
            exports.add(new CaptureExport(capture, i, name, one.disk().bytes()));
            capture.compare(i, there.get(one.index()));
        }
        NbdServer started = NbdServer.start(exports, 1);
        server = started;
        Path socket = directory.resolve("mirror.sock");
        started.listen(socket);
        giveToQemu(socket);
        for (int i = 0; i < disks.size(); i++) {
            Mirrored one = disks.get(i);
            MirrorJob job = new MirrorJob(monitor, one.disk(), one.index(), listener(i));
            jobs.add(job);
            job.start(socket, exports.get(i).name());
        }
    }

    private void giveToQemu(Path socket) {
        try {
            Files.setAttribute(socket, "unix:uid", ProcessFiles.effectiveUid(qemuPid));
        } catch (IOException e) {
            throw new DomainException(
                    "disk-socket",
                    "QEMU process " + qemuPid + " cannot be given " + socket + ": " + e,
                    "check that the VM runs and the run directory is writable",
                    e);
        }
    }

    private MirrorJob.Listener listener(int disk) {
        return new MirrorJob.Listener() {
            @Override
            public void ready() {
                synchronized (ready) {
                    ready.add(disk);
                }
            }

            @Override
            public void ended(String reason) {
                capture.breakOff("the mirror of disk " + name(disk) + " ended: " + reason);
            }
        };
    }

    /** What QEMU mirrors to, once the seed has begun. */
    List<CaptureExport> exports() {
        return exports;
    }

    private String name(int disk) {
        return disks.get(disk).disk().name();
    }

    @Override
    public List<Slab> take() {
        return capture.take();
    }

    @Override
    public boolean isSeeded() {
        capture.checkWhole();
        synchronized (ready) {
            if (ready.size() < disks.size()) {
                return false;
            }
        }
        capture.seeded();
        return true;
    }

    @Override
    public List<Progress> progress() {
        List<Progress> all = new ArrayList<>();
        for (int i = 0; i < disks.size(); i++) {
            long bytes = disks.get(i).disk().bytes();
            synchronized (ready) {
                long copied = ready.contains(i) ? bytes : Math.min(bytes, capture.receivedBytes(i));
                all.add(capture.progress(i, copied));
            }
        }
        return all;
    }

    /** Without a seed before it, takes away what an earlier life of this agent left in QEMU. */
    @Override
    public void attach() {
        if (jobs.isEmpty()) {
            DiskMirrors.remove(monitor, name -> true);
        }
    }

    @Override
    public void waitNoLonger() {
        capture.waitNoLonger();
    }

    @Override
    public void presuspend(long epoch) {
        for (int i = 0; i < exports.size(); i++) {
            flushesBefore[i] = exports.get(i).flushes();
        }
        capture.presuspend();
    }

    /**
     * QEMU flushes each disk when it stops: without that the stop did not complete our copy.
     *
     * @throws DomainException {@code disk-broken} if the epoch's writes are not all here
     */
    @Override
    public void preresume(long epoch) {
        capture.checkWhole();
        for (int i = 0; i < exports.size(); i++) {
            if (exports.get(i).flushes() == flushesBefore[i]) {
                capture.breakOff("QEMU is not connected any more for disk " + name(i));
            }
        }
        capture.checkWhole();
    }

    @Override
    public void resumed() {
        capture.resumed();
    }

    @Override
    public void commit(long epoch) {}

    @Override
    public void discard() {
        capture.breakOff("this copy of the domain lost");
        capture.end();
    }

    @Override
    public void detach() {
        for (MirrorJob job : jobs) {
            job.stop();
        }
        close();
    }

    @Override
    public void close() {
        capture.end();
        NbdServer running = server;
        server = null;
        if (running != null) {
            running.close();
        }
    }
}
