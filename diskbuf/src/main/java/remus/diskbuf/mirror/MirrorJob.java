package remus.diskbuf.mirror;

import com.fasterxml.jackson.databind.JsonNode;
import java.nio.file.Path;
import java.util.LinkedHashMap;
import java.util.Map;
import java.util.function.Consumer;
import org.jspecify.annotations.Nullable;
import remus.domain.DomainException;
import remus.domain.qemu.DiskMirrors;
import remus.domain.qemu.Monitor;
import remus.domain.qemu.QemuDisk;

/**
 * The mirror of one disk of a running QEMU: a block job that copies the disk to an NBD export, and
 * sends it every write of the guest besides, from the job's first moment on.
 *
 * <pre>
 *   device --writes--> [filter] --> the disk as it was found     (written first)
 *                          |
 *                          +------> [nbd node] --socket--> export (then this, then the guest hears)
 * </pre>
 *
 * <p>Seen with QEMU 7.2, for raw and qcow2, {@code -drive} and {@code -blockdev}, a throttle on
 * top, virtio-blk and virtio-scsi with and without an iothread, and AHCI:
 *
 * <ul>
 *   <li><b>Ready is synchronous.</b> Once the job says ready, a write of the guest completes only
 *       after the export has answered it: in write-blocking mode only a failed write makes the disk
 *       dirty again, and that ends the job. 7.2 does not report {@code actively-synced}; ready
 *       means it.
 *   <li><b>{@code stop} is the barrier.</b> It returns when all writes under way are answered, and
 *       sends one FLUSH, also if nothing was written; {@code xen-save-devices-state} with {@code
 *       live:false} works meanwhile and sends another one. A migration is not blocked.
 *   <li><b>{@code stop} waits for the server.</b> As long as a write is not answered QEMU's main
 *       loop stands, and so do the guest and the monitor. {@code block-job-cancel}, with force too,
 *       waits in the same way; {@code blockdev-add} waits for the handshake. Only {@code yank},
 *       sent before, does not: see {@link #stop}.
 *   <li><b>In flight</b> are at most 16 requests, of the job and of the guest together. The job's
 *       are of at most 1 MiB (zeroes: 16 MiB), the guest's of what its device allows, and none is
 *       larger than the maximal block size that the server tells (32 MiB if it tells none): larger
 *       ones are split, and their parts sent in turn. So a server that tells 1 MiB needs 16 MiB to
 *       take whatever comes.
 *   <li><b>Zeroes and discards.</b> A guest's WRITE_ZEROES comes as WRITE_ZEROES with NO_HOLE. A
 *       DISCARD is dropped by the filter and reaches neither the disk nor the export: both keep the
 *       old content, and stay equal. That holds whatever {@code discard} says at either end.
 *   <li><b>The copy skips nothing.</b> Holes of the source come as WRITE_ZEROES without NO_HOLE, of
 *       up to 16 MiB. A target node with {@code discard=unmap} would have the whole disk zeroed
 *       first, in pieces of at most 32 MiB, and holes a second time; so this one has not.
 *   <li><b>A guest's FLUSH and FUA do not reach the export.</b> The disk itself obeys them.
 *   <li><b>An error answer, or a closed connection under a write,</b> ends the job: {@code
 *       BLOCK_JOB_ERROR}, then {@code BLOCK_JOB_COMPLETED} with an {@code error} text. The guest's
 *       write succeeds, and it runs on. The filter is gone, the nbd node stays to be deleted.
 *   <li><b>A connection that closes while nothing is written is not noticed</b>, nor is an error
 *       answer to a FLUSH: the job stays ready, {@code stop} succeeds. The export's own end must
 *       tell; a {@code stop} after which no FLUSH came was none.
 *   <li>The disk cannot be resized, nor have a snapshot or another job, while it is mirrored.
 * </ul>
 */
public final class MirrorJob {
    /** Called from the monitor's thread: may neither wait nor execute commands. */
    public interface Listener {
        /** From now on nothing the guest writes completes before the export has it. */
        void ready();

        /**
         * The job ended by itself; the guest runs on, its writes are not mirrored any more.
         *
         * @param reason in QEMU's words
         */
        void ended(String reason);
    }

    /**
     * How far the copy is.
     *
     * @param doneBytes of {@code totalBytes}, which grows with what the guest writes
     */
    public record Progress(long doneBytes, long totalBytes, boolean ready) {}

    private final Monitor monitor;
    private final QemuDisk disk;
    private final String id;
    private final Listener listener;
    private final Consumer<JsonNode> events = this::event;
    private volatile boolean stopping;
    private volatile boolean ready;
    private volatile @Nullable String ended;

    /**
     * Prepares the mirror; QEMU is not touched.
     *
     * @param index of the disk among the domain's; names the job
     */
    public MirrorJob(Monitor monitor, QemuDisk disk, int index, Listener listener) {
        this.monitor = monitor;
        this.disk = disk;
        this.listener = listener;
        id = DiskMirrors.PREFIX + index;
    }

    /**
     * Connects QEMU to the export and starts the copy. What an earlier mirror of this name left is
     * taken away first. The server must be listening, and answer without delay. The domain is
     * attached: attaching later would take this mirror for one of an earlier life.
     *
     * @param socket where the NBD server listens
     * @throws DomainException {@code block-job} if a job of somebody else uses the disk, {@code
     *     mirror-refused} with QEMU's words; the block graph is as it was
     */
    public void start(Path socket, String export) {
        DiskMirrors.remove(monitor, id::equals);
        monitor.onEvent(events);
        try {
            addTarget(socket, export);
            addJob();
        } catch (DomainException e) {
            stop();
            if (!e.code().equals("qmp-error")) {
                throw e;
            }
            throw refused(e);
        }
    }

    private void addTarget(Path socket, String export) {
        Map<String, Object> node = new LinkedHashMap<>();
        node.put("driver", "nbd");
        node.put("node-name", id);
        node.put("server", Map.of("type", "unix", "path", socket.toString()));
        node.put("export", export);
        // a server that comes back does not have what the one before had answered
        node.put("reconnect-delay", 0);
        monitor.execute("blockdev-add", node);
    }

    private void addJob() {
        Map<String, Object> job = new LinkedHashMap<>();
        job.put("job-id", id);
        job.put("device", disk.node());
        job.put("target", id);
        job.put("filter-node-name", id + "-top");
        job.put("sync", "full");
        job.put("copy-mode", "write-blocking");
        job.put("on-source-error", "report");
        job.put("on-target-error", "report");
        monitor.execute("blockdev-mirror", job);
    }

    private DomainException refused(DomainException cause) {
        for (JsonNode job : monitor.execute("query-block-jobs")) {
            if (!job.path("device").asText().startsWith(DiskMirrors.PREFIX)) {
                return new DomainException(
                        "block-job",
                        "disk "
                                + disk.name()
                                + " cannot be mirrored while block job "
                                + job.path("device").asText()
                                + " ("
                                + job.path("type").asText()
                                + ") runs: "
                                + cause.getMessage(),
                        "wait until the job is over, or cancel it",
                        cause);
            }
        }
        return new DomainException(
                "mirror-refused",
                "QEMU does not mirror disk " + disk.name() + ": " + cause.getMessage(),
                "look at the disk in the VM's monitor (query-block)",
                cause);
    }

    private void event(JsonNode event) {
        JsonNode data = event.path("data");
        if (stopping || !data.path("device").asText().equals(id)) {
            return;
        }
        switch (event.path("event").asText()) {
            case "BLOCK_JOB_READY" -> {
                ready = true;
                listener.ready();
            }
            case "BLOCK_JOB_COMPLETED" -> end(data.path("error").asText("it completed"));
            case "BLOCK_JOB_CANCELLED" -> end("somebody cancelled it");
            default -> {
                // BLOCK_JOB_ERROR says less than the end that follows it
            }
        }
    }

    private void end(String reason) {
        ready = false;
        ended = reason;
        listener.ended(reason);
    }

    /** Whether the export has all of the disk, and every write before the guest hears of it. */
    public boolean isReady() {
        return ready;
    }

    /**
     * Asks QEMU how far the copy is.
     *
     * @throws DomainException {@code mirror-ended} if the job is no more
     */
    public Progress progress() {
        for (JsonNode job : monitor.execute("query-block-jobs")) {
            if (job.path("device").asText().equals(id)) {
                return new Progress(
                        job.path("offset").asLong(),
                        job.path("len").asLong(),
                        job.path("ready").asBoolean());
            }
        }
        String reason = ended;
        throw new DomainException(
                "mirror-ended",
                "the mirror of disk "
                        + disk.name()
                        + " has ended: "
                        + (reason == null ? "it is not there" : reason),
                "protect the domain anew");
    }

    /**
     * Ends the mirror whatever its server does; the block graph is as it was found, and the guest
     * runs on. Writes under way complete without the export. Nobody is told. May be repeated.
     *
     * @throws DomainException {@code mirror-does-not-end}, {@code qmp-closed} if QEMU is gone
     */
    public void stop() {
        stopping = true;
        ready = false;
        monitor.removeEventListener(events);
        DiskMirrors.remove(monitor, id::equals);
    }
}
