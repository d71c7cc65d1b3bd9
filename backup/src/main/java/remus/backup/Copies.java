package remus.backup;

import io.netty.buffer.ByteBuf;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.HashSet;
import java.util.List;
import java.util.Set;
import java.util.function.Consumer;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;
import remus.diskbuf.DiskCopy;
import remus.domain.DomainException;
import remus.domain.Standby;
import remus.domain.StandbySpec;
import remus.ha.GroupRecord;
import remus.ha.Reason;
import remus.protocol.DiskPayload;
import remus.protocol.Frame;
import remus.protocol.FrameType;
import remus.protocol.PeerLink;
import remus.protocol.wire.Devices;
import remus.protocol.wire.Digests;
import remus.protocol.wire.DiskWrites;
import remus.protocol.wire.Pages;

/**
 * The standbys of a group's members and the images of their disks; whole committed epochs are
 * folded into them (step 10 of the walk).
 */
final class Copies {
    private static final Logger LOG = LoggerFactory.getLogger(Copies.class);

    private final List<Standby> standbys = new ArrayList<>();
    private final Set<Standby> running = new HashSet<>();
    private final List<Integer> firstDisks = new ArrayList<>();
    private volatile DiskCopy disks = DiskCopy.NONE;

    /**
     * Opens all images and makes all standbys, or none.
     *
     * @param lost told if one dies by itself
     * @throws DomainException if one cannot be made
     */
    void create(BackupHost host, String group, List<StandbySpec> specs, Runnable lost) {
        try {
            int diskCount = 0;
            for (StandbySpec spec : specs) {
                firstDisks.add(diskCount);
                diskCount += spec.disks().size();
            }
            disks = diskCount == 0 ? DiskCopy.NONE : host.openDisks(group, specs);
            for (StandbySpec spec : specs) {
                Standby standby =
                        host.hypervisor(spec.hypervisor())
                                .createStandby(spec, images(standbys.size()));
                standbys.add(standby);
                standby.onLost(lost);
            }
        } catch (RuntimeException e) {
            discard();
            throw e;
        }
    }

    /** The processes that are or become the domains here. */
    List<GroupRecord.Member> members() {
        return standbys.stream()
                .map(Standby::identity)
                .map(id -> new GroupRecord.Member(id.name(), id.uuid(), id.pid(), id.startTicks()))
                .toList();
    }

    private List<Path> images(int member) {
        int first = firstDisks.get(member);
        int next =
                member + 1 < firstDisks.size() ? firstDisks.get(member + 1) : disks.images().size();
        return disks.images().subList(first, next);
    }

    /** How the disks stand; after {@link #discard} how they were left. Any thread may call it. */
    DiskCopy.Condition disks() {
        return disks.condition();
    }

    boolean hasDisks() {
        return disks != DiskCopy.NONE;
    }

    /**
     * Tells the primary what the images hold already, and begins to change them. For a thread that
     * may wait.
     *
     * @throws DomainException if they cannot be read or changed
     */
    void beginDisks(PeerLink to, long incarnation) {
        disks.digests(
                (disk, chunkBytes, firstChunk, digests) -> {
                    int member = memberOf(disk);
                    to.send(
                            new Frame(
                                    FrameType.DIGESTS,
                                    Digests.newBuilder()
                                            .setMember(member)
                                            .setDisk(disk - firstDisks.get(member))
                                            .setChunkBytes(chunkBytes)
                                            .setFirstChunk(firstChunk)
                                            .setDigestCount(
                                                    digests.readableBytes()
                                                            / DiskPayload.DIGEST_BYTES)
                                            .build(),
                                    digests));
                });
        disks.beginSeed(incarnation);
    }

    private int memberOf(int disk) {
        int member = firstDisks.size() - 1;
        while (firstDisks.get(member) > disk) {
            member--;
        }
        return member;
    }

    /** Folds a part of the seed in and gives the frame up; the copy is not complete yet. */
    void seed(Frame frame) {
        try {
            if (frame.type() == FrameType.DISK_WRITES) {
                DiskWrites writes = frame.header(DiskWrites.class);
                disks.seed(disk(writes), writes.getExtentCount(), frame.payload());
            } else {
                fold(frame);
            }
        } finally {
            frame.release();
        }
    }

    private int disk(DiskWrites writes) {
        return firstDisks.get(writes.getMember()) + writes.getDisk();
    }

    /**
     * What the epoch wrote to disks is on stable storage when this returns.
     *
     * @throws DomainException if it cannot be
     */
    void commitDisks(long number, List<Frame> epoch) {
        for (Frame frame : epoch) {
            if (frame.type() == FrameType.DISK_WRITES) {
                DiskWrites writes = frame.header(DiskWrites.class);
                disks.append(number, disk(writes), writes.getExtentCount(), frame.payload());
            }
        }
        disks.commit(number);
    }

    private void fold(Frame frame) {
        Pages pages = frame.header(Pages.class);
        standbys.get(pages.getMember())
                .writePages(pages.getRegion(), pages.getRunCount(), frame.payload());
    }

    /** Folds a committed epoch in and gives its frames up. */
    void apply(List<Frame> epoch) {
        try {
            foldAll(epoch);
        } finally {
            epoch.forEach(Frame::release);
        }
    }

    private void foldAll(List<Frame> epoch) {
        List<List<ByteBuf>> devices = new ArrayList<>();
        standbys.forEach(standby -> devices.add(new ArrayList<>()));
        for (Frame frame : epoch) {
            if (frame.type() == FrameType.PAGES) {
                fold(frame);
            } else if (frame.type() == FrameType.DEVICES) {
                devices.get(frame.header(Devices.class).getMember()).add(frame.payload());
            }
        }
        for (int i = 0; i < standbys.size(); i++) {
            standbys.get(i).devices(devices.get(i));
        }
    }

    @Nullable Reason load() {
        try {
            disks.prepareActivation();
        } catch (DomainException e) {
            LOG.error("the images cannot be completed: {}", e.getMessage(), e);
            return new Reason(e.code(), e.getMessage() + "; " + e.correction());
        }
        return each("load", Standby::load);
    }

    /** Repeated after a failure, it runs those that do not run yet. */
    @Nullable Reason run() {
        return each(
                "run",
                standby -> {
                    if (!running.contains(standby)) {
                        standby.run();
                        running.add(standby);
                    }
                });
    }

    private @Nullable Reason each(String what, Consumer<Standby> step) {
        Reason failure = null;
        for (Standby standby : standbys) {
            try {
                step.accept(standby);
            } catch (DomainException e) {
                LOG.error("standby {}: cannot {}: {}", standby.identity(), what, e.getMessage(), e);
                failure = Reason.of(e);
            }
        }
        return failure;
    }

    /** Destroys what does not run; lets go of what does. */
    void discard() {
        for (Standby standby : standbys) {
            try {
                standby.close();
            } catch (DomainException e) {
                LOG.warn("standby {}: cannot be discarded: {}", standby.identity(), e.getMessage());
            }
        }
        standbys.clear();
        running.clear();
        disks.close();
    }
}
