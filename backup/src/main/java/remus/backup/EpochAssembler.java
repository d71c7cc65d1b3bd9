package remus.backup;

import io.netty.buffer.ByteBuf;
import java.util.ArrayList;
import java.util.List;
import remus.domain.MemoryRegion;
import remus.domain.Slab;
import remus.protocol.Frame;
import remus.protocol.FrameType;
import remus.protocol.ProtocolException;
import remus.protocol.wire.Devices;
import remus.protocol.wire.EpochEnd;
import remus.protocol.wire.Pages;

/**
 * Stages the frames of the next epoch (step 8 of the walk): nothing of it is seen by anybody before
 * its end record matches what arrived. Whatever could fail when it is applied is checked here.
 */
final class EpochAssembler {
    private static final long DEVICES_BYTES = 64 << 20;

    private final List<List<MemoryRegion>> regionsOfMember;
    private final long capBytes;
    private List<Frame> staged = new ArrayList<>();
    private long stagedBytes;
    private long committedEpoch;

    /**
     * @param regionsOfMember what was offered
     * @param capBytes the most that one epoch may stage
     */
    EpochAssembler(List<List<MemoryRegion>> regionsOfMember, long capBytes) {
        this.regionsOfMember = regionsOfMember;
        this.capBytes = capBytes;
    }

    /** For epochs that may be as large as all the memory, and device state. */
    static EpochAssembler of(List<List<MemoryRegion>> regionsOfMember) {
        long memory =
                regionsOfMember.stream().flatMap(List::stream).mapToLong(MemoryRegion::bytes).sum();
        return new EpochAssembler(regionsOfMember, memory + DEVICES_BYTES);
    }

    /** Whether frames of this type are parts of an epoch. */
    static boolean takes(FrameType type) {
        return type == FrameType.PAGES || type == FrameType.DEVICES || type == FrameType.EPOCH_END;
    }

    long committedEpoch() {
        return committedEpoch;
    }

    /**
     * Takes a PAGES or DEVICES frame of the next epoch, which is kept.
     *
     * @throws ProtocolException if it is not what may come now; the frame stays the caller's
     */
    void stage(Frame frame) {
        if (frame.type() == FrameType.PAGES) {
            Pages pages = frame.header(Pages.class);
            checkEpoch(pages.getEpoch());
            checkPages(pages, frame.payload());
        } else {
            Devices devices = frame.header(Devices.class);
            checkEpoch(devices.getEpoch());
            member(devices.getMember());
        }
        int bytes = frame.payload().readableBytes();
        if (stagedBytes + bytes > capBytes) {
            throw new ProtocolException(
                    "epoch " + (committedEpoch + 1) + ": more than " + capBytes + " bytes staged");
        }
        staged.add(frame);
        stagedBytes += bytes;
    }

    /** Checks the runs of a PAGES frame against the regions that were offered. */
    void checkPages(Pages pages, ByteBuf payload) {
        List<MemoryRegion> regions = member(pages.getMember());
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

    private List<MemoryRegion> member(int member) {
        if (member < 0 || member >= regionsOfMember.size()) {
            throw new ProtocolException(
                    "member: " + member + " (expected: < " + regionsOfMember.size() + ")");
        }
        return regionsOfMember.get(member);
    }
}
