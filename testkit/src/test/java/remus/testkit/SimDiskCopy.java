package remus.testkit;

import io.netty.buffer.ByteBuf;
import io.netty.buffer.ByteBufUtil;
import io.netty.buffer.Unpooled;
import java.nio.ByteBuffer;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Collections;
import java.util.List;
import remus.diskbuf.ChunkDigests;
import remus.diskbuf.DiskCopy;
import remus.domain.Disk;
import remus.domain.DomainException;
import remus.domain.StandbySpec;
import remus.protocol.DiskPayload;

/** Images that survive their agent; what is not committed is gone with it. */
final class SimDiskCopy implements DiskCopy {
    private final SimAgent agent;
    private final List<ByteBuffer> images;
    private final List<Runnable> uncommitted = new ArrayList<>();
    private boolean closed;

    SimDiskCopy(SimAgent agent, List<StandbySpec> members) {
        this.agent = agent;
        images = agent.host.images;
        if (images.isEmpty()) {
            for (StandbySpec member : members) {
                for (Disk disk : member.disks()) {
                    images.add(ByteBuffer.allocate((int) disk.bytes()));
                }
            }
        }
    }

    @Override
    public List<Path> images() {
        return Collections.nCopies(images.size(), Path.of("simulated"));
    }

    @Override
    public void digests(DigestSink sink) {
        agent.enter("digests");
        for (int disk = 0; disk < images.size(); disk++) {
            ByteBuffer image = images.get(disk);
            ChunkDigests chunks = ChunkDigests.ofZeroes(image.capacity());
            byte[] digest = new byte[ChunkDigests.DIGEST_BYTES];
            for (int chunk = 0; chunk < chunks.chunks(); chunk++) {
                int at = chunk * chunks.chunkBytes();
                new ChunkDigests.Hasher().digest(image.slice(at, chunks.length(chunk)), digest);
                sink.take(disk, chunks.chunkBytes(), chunk, Unpooled.wrappedBuffer(digest.clone()));
            }
        }
    }

    @Override
    public void beginSeed(long incarnation) {
        agent.enter("begin-seed");
    }

    @Override
    public void seed(int disk, int extents, ByteBuf payload) {
        agent.enter("seed-image");
        apply(images.get(disk), extents, payload);
    }

    @Override
    public void append(long epoch, int disk, int extents, ByteBuf payload) {
        agent.enter("append");
        need();
        ByteBuf copy = Unpooled.wrappedBuffer(ByteBufUtil.getBytes(payload));
        uncommitted.add(() -> apply(images.get(disk), extents, copy));
    }

    @Override
    public void commit(long epoch) {
        agent.enter("disk-commit");
        need();
        agent.failIfAsked("disk-commit");
        uncommitted.forEach(Runnable::run);
        uncommitted.clear();
        agent.leave("disk-commit");
    }

    private static void apply(ByteBuffer image, int extents, ByteBuf payload) {
        int from = payload.readerIndex() + extents * DiskPayload.EXTENT_BYTES;
        for (int extent = 0; extent < extents; extent++) {
            int at = (int) DiskPayload.offset(payload, extent);
            int length = (int) DiskPayload.length(payload, extent);
            if (DiskPayload.kind(payload, extent) == DiskPayload.DATA) {
                payload.getBytes(from, image.slice(at, length));
                from += length;
            } else {
                image.put(at, new byte[length]);
            }
        }
    }

    private void need() {
        if (closed) {
            throw new DomainException("sim-closed", "the images are closed", "none");
        }
    }

    @Override
    public void prepareActivation() {
        agent.enter("activate-disks");
        need();
        if (!uncommitted.isEmpty()) {
            agent.world.checker.fail("a disk is opened with writes of an uncommitted epoch");
        }
    }

    @Override
    public Condition condition() {
        return Condition.NONE;
    }

    @Override
    public void close() {
        agent.enter("close-images");
        closed = true;
    }
}
