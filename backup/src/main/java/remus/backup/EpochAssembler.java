package remus.backup;

import io.netty.buffer.ByteBuf;
import java.util.ArrayList;
import java.util.List;
import remus.domain.Disk;
import remus.domain.MemoryRegion;
import remus.domain.Slab;
import remus.domain.StandbySpec;
import remus.protocol.DiskPayload;
import remus.protocol.Frame;
import remus.protocol.FrameType;
import remus.protocol.ProtocolException;
import remus.protocol.wire.Devices;
import remus.protocol.wire.DiskWrites;
import remus.protocol.wire.EpochEnd;
import remus.protocol.wire.Pages;

/**
 * Stages the frames of the next epoch (step 8 of the walk): nothing of it is seen by anybody before
 * its end record matches what arrived. Whatever could fail when it is applied is checked here.
 */
final class EpochAssembler {
    private static final long DEVICES_BYTES = 64 << 20;

    /** What one epoch may write to disks, more than any primary captures. */
    private static final long MAX_DISK_BYTES = 1L << 30;

    private final List<StandbySpec> members;
    private final long capBytes;
    private List<Frame> staged = new ArrayList<>();
    private long stagedBytes;
    private long committedEpoch;

    /**
     * @param members what was offered
     * @param capBytes the most that one epoch may stage
     */
    EpochAssembler(List<StandbySpec> members, long capBytes) {
        this.members = List.copyOf(members);
        this.capBytes = capBytes;
    }

    /** For epochs of all the memory, copied while the guests ran and again, and device state. */
    static EpochAssembler of(List<StandbySpec> members) {
        long memory =
                members.stream()
                        .flatMap(member -> member.regions().stream())
                        .mapToLong(MemoryRegion::bytes)
                        .sum();
        boolean disks = members.stream().anyMatch(member -> !member.disks().isEmpty());
        return new EpochAssembler(
                members, 2 * memory + DEVICES_BYTES + (disks ? MAX_DISK_BYTES : 0));
    }

    /** Whether frames of this type are parts of an epoch. */
    static boolean takes(FrameType type) {
        return switch (type) {
            case PAGES, DEVICES, DISK_WRITES, EPOCH_END -> true;
            default -> false;
        };
    }

    long committedEpoch() {
        return committedEpoch;
    }

    /**
     * Takes a PAGES, DEVICES or DISK_WRITES frame of the next epoch, which is kept.
     *
     * @throws ProtocolException if it is not what may come now; the frame stays the caller's
     */
    void stage(Frame frame) {
        checkEpoch(
                switch (frame.type()) {
                    case PAGES -> frame.header(Pages.class).getEpoch();
                    case DISK_WRITES -> frame.header(DiskWrites.class).getEpoch();
                    default -> frame.header(Devices.class).getEpoch();
                });
        check(frame);
        int bytes = frame.payload().readableBytes();
        if (stagedBytes + bytes > capBytes) {
            throw new ProtocolException(
                    "epoch " + (committedEpoch + 1) + ": more than " + capBytes + " bytes staged");
        }
        staged.add(frame);
        stagedBytes += bytes;
    }

    /**
     * Checks a part of an epoch, or of the seed, against what was offered.
     *
     * @throws ProtocolException if it does not fit
     */
    void check(Frame frame) {
        switch (frame.type()) {
            case PAGES -> checkPages(frame.header(Pages.class), frame.payload());
            case DISK_WRITES -> checkDisk(frame.header(DiskWrites.class), frame.payload());
            default -> member(frame.header(Devices.class).getMember());
        }
    }

    private void checkPages(Pages pages, ByteBuf payload) {
        List<MemoryRegion> regions = member(pages.getMember()).regions();
        int region = pages.getRegion();
        if (region < 0 || region >= regions.size()) {
            throw new ProtocolException(
                    "region: " + region + " (expected: < " + regions.size() + ")");
        }
        long limit = regions.get(region).pages();
        for (int i = 0, at = payload.readerIndex();
                i < pages.getRunCount();
                i++, at += Slab.RUN_BYTES) {
            long first = payload.getUnsignedInt(at);
            long count = payload.getInt(at + 4) & ~Slab.ZERO_RUN;
            if (first + count > limit) {
                throw new ProtocolException(
                        "run: pages "
                                + first
                                + " to "
                                + (first + count)
                                + " (expected: <= "
                                + limit
                                + ")");
            }
        }
    }

    private void checkDisk(DiskWrites writes, ByteBuf payload) {
        List<Disk> disks = member(writes.getMember()).disks();
        int disk = writes.getDisk();
        if (disk < 0 || disk >= disks.size()) {
            throw new ProtocolException("disk: " + disk + " (expected: < " + disks.size() + ")");
        }
        long limit = disks.get(disk).bytes();
        for (int extent = 0; extent < writes.getExtentCount(); extent++) {
            if (DiskPayload.end(payload, extent) > limit) {
                throw new ProtocolException(
                        "extent: bytes "
                                + DiskPayload.offset(payload, extent)
                                + " to "
                                + DiskPayload.end(payload, extent)
                                + " (expected: <= "
                                + limit
                                + ")");
            }
        }
    }

    /**
     * Commits the epoch and hands its frames over.
     *
     * @throws ProtocolException if anything is missing, too much, or out of order
     */
    List<Frame> complete(EpochEnd end) {
        checkEpoch(end.getEpoch());
        if (end.getFrames() != staged.size() || end.getPayloadBytes() != stagedBytes) {
            throw new ProtocolException(
                    "epoch "
                            + end.getEpoch()
                            + ": "
                            + staged.size()
                            + " frames of "
                            + stagedBytes
                            + " bytes (expected: "
                            + end.getFrames()
                            + " of "
                            + end.getPayloadBytes()
                            + ")");
        }
        List<Frame> whole = staged;
        staged = new ArrayList<>(whole.size());
        stagedBytes = 0;
        committedEpoch = end.getEpoch();
        return whole;
    }

    /** Forgets what is staged: the connection ended before the epoch did. */
    void drop() {
        staged.forEach(Frame::release);
        staged.clear();
        stagedBytes = 0;
    }

    private void checkEpoch(long epoch) {
        if (epoch != committedEpoch + 1) {
            throw new ProtocolException(
                    "epoch: " + epoch + " (expected: " + (committedEpoch + 1) + ")");
        }
    }

    private StandbySpec member(int member) {
        if (member < 0 || member >= members.size()) {
            throw new ProtocolException(
                    "member: " + member + " (expected: < " + members.size() + ")");
        }
        return members.get(member);
    }
}
