package remus.primary;

import io.netty.buffer.Unpooled;
import java.nio.ByteBuffer;
import java.util.ArrayList;
import java.util.List;
import java.util.function.LongSupplier;
import org.jspecify.annotations.Nullable;
import remus.domain.DomainException;
import remus.domain.Slab;
import remus.protocol.Frame;
import remus.protocol.FrameType;
import remus.protocol.PeerLink;
import remus.protocol.wire.Devices;
import remus.protocol.wire.DiskWrites;
import remus.protocol.wire.EpochEnd;
import remus.protocol.wire.Pages;

/**
 * Frames staged slabs and gives them to the link (step 7 of the walk). Slabs are sent where they
 * lie.
 */
final class EpochSender {
    private final LongSupplier clock;
    private volatile @Nullable PeerLink link;

    EpochSender(LongSupplier clock) {
        this.clock = clock;
    }

    /** Where frames go from now on; null while there is no connection. */
    void link(@Nullable PeerLink newLink) {
        link = newLink;
    }

    boolean isConnected() {
        return link != null;
    }

    /** Sends a whole epoch; without a connection it waits in the window to be sent again. */
    void send(EpochInFlight epoch) {
        PeerLink to = link;
        if (to == null) {
            return;
        }
        int frames = epoch.framesSpilled.get();
        long bytes = epoch.bytesSpilled.get();
        for (int member = 0; member < epoch.members(); member++) {
            for (Slab slab : epoch.slabs(member)) {
                ByteBuffer payload = slab.payload();
                frames++;
                bytes += payload.remaining();
                to.send(frame(slab, payload, epoch.epoch, member, false));
            }
        }
        epoch.timeline.bytes = bytes;
        EpochEnd end =
                EpochEnd.newBuilder()
                        .setEpoch(epoch.epoch)
                        .setFrames(frames)
                        .setPayloadBytes(bytes)
                        .build();
        to.send(Frame.of(FrameType.EPOCH_END, end), () -> epoch.timeline.sent = clock.getAsLong());
    }

    /**
     * Sends the member's complete slabs ahead of the rest of the epoch; each is given back once it
     * is written. This keeps memory bounded, also while the guest is suspended.
     */
    void spill(EpochInFlight epoch, int member) {
        PeerLink to = link;
        if (to == null) {
            throw new DomainException(
                    "staging-exhausted",
                    "staging memory is used up while the backup is not connected",
                    "raise `staging` in the agent's configuration");
        }
        List<Slab> complete = new ArrayList<>(epoch.slabs(member));
        epoch.slabs(member).clear();
        for (Slab slab : complete) {
            ByteBuffer payload = slab.payload();
            epoch.framesSpilled.incrementAndGet();
            epoch.bytesSpilled.addAndGet(payload.remaining());
            to.send(frame(slab, payload, epoch.epoch, member, false), slab::giveBack);
        }
    }

    /** Sends a slab of the seed; it is given back once it is written. Returns the payload bytes. */
    int seed(Slab slab, int member) {
        PeerLink to = link;
        if (to == null) {
            slab.giveBack();
            throw new DomainException(
                    "backup-lost",
                    "the connection to the backup closed while seeding",
                    "protect again");
        }
        if (slab.content() == Slab.Content.PAGES) {
            slab.elideZeroPages();
        }
        ByteBuffer payload = slab.payload();
        int bytes = payload.remaining();
        to.send(frame(slab, payload, 0, member, true), slab::giveBack);
        return bytes;
    }

    private static Frame frame(
            Slab slab, ByteBuffer payload, long epoch, int member, boolean seed) {
        return switch (slab.content()) {
            case DEVICES ->
                    new Frame(
                            FrameType.DEVICES,
                            Devices.newBuilder().setEpoch(epoch).setMember(member).build(),
                            Unpooled.wrappedBuffer(payload));
            case PAGES ->
                    new Frame(
                            FrameType.PAGES,
                            Pages.newBuilder()
                                    .setEpoch(epoch)
                                    .setMember(member)
                                    .setRegion(slab.region())
                                    .setRunCount(slab.runs())
                                    .setSeed(seed)
                                    .build(),
                            Unpooled.wrappedBuffer(payload));
            case DISK ->
                    new Frame(
                            FrameType.DISK_WRITES,
                            DiskWrites.newBuilder()
                                    .setEpoch(epoch)
                                    .setMember(member)
                                    .setDisk(slab.region())
                                    .setExtentCount(slab.runs())
                                    .setSeed(seed)
                                    .build(),
                            Unpooled.wrappedBuffer(payload));
        };
    }
}
