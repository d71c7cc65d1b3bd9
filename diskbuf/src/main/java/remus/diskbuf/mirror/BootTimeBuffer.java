package remus.diskbuf.mirror;

import com.fasterxml.jackson.databind.JsonNode;
import java.util.ArrayList;
import java.util.List;
import java.util.function.Consumer;
import remus.diskbuf.ChunkDigests;
import remus.diskbuf.DiskBuffer;
import remus.domain.DomainException;
import remus.domain.Slab;
import remus.domain.SlabPool;
import remus.domain.qemu.Monitor;

/**
 * Captures what a QEMU guest writes to disks that it was started with and that are exports of this
 * process ({@link ServedDisk}). Nothing is added to QEMU and nothing can end there: the writes come
 * here anyway.
 *
 * <p>When the memory for captured writes is used up, the guest's writes wait ({@link
 * WriteCapture}). One that is refused is made without being captured, and the disks are compared
 * and copied anew.
 *
 * <p>When this process dies, what it captured and did not send is in the image and nowhere else. So
 * the disks are compared whole by the next one.
 */
public final class BootTimeBuffer implements DiskBuffer {
    /**
     * A disk to be captured.
     *
     * @param name for people, as the domain calls it
     * @param index among all replicated disks of its domain
     */
    public record Served(int index, String name, ServedDisk disk) {
        private CapturedDisk captured() {
            return new CapturedDisk(index, name, disk.sizeBytes());
        }
    }

    private final Monitor monitor;
    private final Consumer<JsonNode> events = this::event;
    private final List<Served> disks;
    private final WriteCapture capture;
    private final List<DiskReader> readers = new ArrayList<>();
    private final long[] flushesBefore;

    /**
     * @param monitor of the guest's QEMU
     * @param disks those to be captured
     * @param pool memory for what is captured; this buffer's alone
     */
    public BootTimeBuffer(Monitor monitor, List<Served> disks, SlabPool pool) {
        this.monitor = monitor;
        this.disks = List.copyOf(disks);
        capture =
                new WriteCapture("boot-time", disks.stream().map(Served::captured).toList(), pool);
        flushesBefore = new long[disks.size()];
    }

    @Override
    public void onPressure(Runnable listener) {
        capture.onPressure(listener);
    }

    @Override
    public void seed(List<ChunkDigests> there) {
        monitor.onEvent(events);
        for (int i = 0; i < disks.size(); i++) {
            Served one = disks.get(i);
            capture.compare(i, there.get(one.index()));
            readers.add(one.disk().capture(capture, i));
        }
    }

    /**
     * A job that copied the disk may have put the guest onto the copy, and its writes with it. QEMU
     * tells before it answers the next stop. A snapshot needs no such care: what lies below one is
     * not flushed any more.
     */
    private void event(JsonNode event) {
        String type = event.path("data").path("type").asText();
        if (event.path("event").asText().equals("BLOCK_JOB_COMPLETED") && !type.equals("backup")) {
            String job = event.path("data").path("device").asText();
            capture.breakOff("block job " + job + " (" + type + ") may have moved a disk");
        }
    }

    @Override
    public List<Slab> take() {
        return capture.take();
    }

    @Override
    public boolean isSeeded() {
        capture.checkWhole();
        if (readers.size() < disks.size()) {
            return false;
        }
        for (int i = 0; i < disks.size(); i++) {
            if (readers.get(i).copiedBytes() < disks.get(i).disk().sizeBytes()) {
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
            long copied = i < readers.size() ? readers.get(i).copiedBytes() : 0;
            all.add(capture.progress(i, copied));
        }
        return all;
    }

    /** Without a seed before it there is nothing to do: an earlier life left nothing in QEMU. */
    @Override
    public void attach() {}

    @Override
    public void waitNoLonger() {
        capture.waitNoLonger();
    }

    @Override
    public void presuspend(long epoch) {
        for (int i = 0; i < disks.size(); i++) {
            flushesBefore[i] = disks.get(i).disk().flushes();
        }
        capture.presuspend();
    }

    /**
     * QEMU flushes each disk when it stops: without that it does not use our export.
     *
     * @throws DomainException {@code disk-broken} if the epoch's writes are not all here
     */
    @Override
    public void preresume(long epoch) {
        capture.checkWhole();
        for (int i = 0; i < disks.size(); i++) {
            Served one = disks.get(i);
            if (one.disk().flushes() == flushesBefore[i]) {
                capture.breakOff("QEMU is not connected to the export of disk " + one.name());
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
        end();
    }

    @Override
    public void detach() {
        end();
    }

    @Override
    public void close() {
        end();
    }

    /** The exports stay: they are the guest's disks. */
    private void end() {
        monitor.removeEventListener(events);
        for (Served one : disks) {
            one.disk().release(capture);
        }
        capture.end();
    }
}
