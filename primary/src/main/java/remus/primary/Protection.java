package remus.primary;

import io.netty.buffer.ByteBuf;
import java.util.ArrayList;
import java.util.List;
import java.util.function.Consumer;
import java.util.function.ObjIntConsumer;
import org.jspecify.annotations.Nullable;
import remus.diskbuf.ChunkDigests;
import remus.diskbuf.DiskBuffer;
import remus.domain.CheckpointDevice;
import remus.domain.DomainEvent;
import remus.domain.DomainException;
import remus.domain.SlabPool;
import remus.primary.CheckpointLoop.LapException;
import remus.primary.CheckpointLoop.Outcome;
import remus.protocol.ProtocolException;
import remus.protocol.wire.Digests;
import remus.protocol.wire.Offer;
import remus.protocol.wire.Region;

/**
 * One incarnation of a group's protection: its members, the epochs under way, and the seed. When
 * its thread of pages is broken, it is let go and another made; nothing of it carries over.
 */
final class Protection {
    private static final int PATIENCE_SILENCE_LIMITS = 2;

    final long incarnation;
    final List<Member> members;
    final EpochSender sender;
    final EpochWindow window;
    final Seeder seeder;
    private final CheckpointLoop loop;
    private final Crew crew;
    private final TimelineRing timelines;
    private final List<List<ChunkDigests>> digestsThere = new ArrayList<>();
    private volatile long newestEpoch;
    private volatile long memoryBytes;
    private @Nullable EpochInFlight carried;

    private Protection(
            long incarnation,
            List<Member> members,
            Crew crew,
            SlabPool pool,
            PrimaryHost host,
            Tools tools) {
        this.incarnation = incarnation;
        this.members = List.copyOf(members);
        this.crew = crew;
        this.timelines = tools.timelines();
        sender = new EpochSender(host::nanoTime);
        window = new EpochWindow(tools.limits().windowEpochs(), pool);
        long patience = PATIENCE_SILENCE_LIMITS * tools.limits().silenceLimitNanos();
        seeder = new Seeder(this.members, pool, sender, patience);
        loop = new CheckpointLoop(this.members, crew, host::nanoTime, pool, sender, patience);
    }

    /** What incarnations of one group share. */
    record Tools(
            SlabPool pool,
            TimelineRing timelines,
            ProtectionSettings.Limits limits,
            boolean concurrent) {}

    /**
     * Opens all members, or none. Nothing is attached.
     *
     * @param missing if given, is told of members that do not exist any more, and they are left out
     */
    static Protection open(
            PrimaryHost host,
            ProtectionSettings settings,
            Tools tools,
            @Nullable Consumer<String> missing) {
        List<Member> opened = new ArrayList<>();
        try {
            for (String domain : settings.domains()) {
                try {
                    opened.add(host.open(domain, settings));
                } catch (DomainException e) {
                    if (missing == null || !e.code().equals("unknown-domain")) {
                        throw e;
                    }
                    missing.accept(domain);
                }
            }
        } catch (RuntimeException e) {
            opened.forEach(Member::close);
            throw e;
        }
        Crew crew = new Crew(opened.size(), tools.concurrent());
        return new Protection(host.newIncarnation(), opened, crew, tools.pool(), host, tools);
    }

    Offer offer(ProtectionSettings settings, @Nullable String identity) {
        Offer offer =
                Offers.of(settings, members.stream().map(Member::domain).toList(), identity, false);
        digestsThere.clear();
        for (remus.protocol.wire.Member member : offer.getMembersList()) {
            digestsThere.add(
                    member.getDisksList().stream()
                            .map(disk -> ChunkDigests.ofZeroes(disk.getBytes()))
                            .toList());
        }
        memoryBytes =
                offer.getMembersList().stream()
                        .flatMap(member -> member.getRegionsList().stream())
                        .mapToLong(Region::getBytes)
                        .sum();
        return offer;
    }

    void onEvents(ObjIntConsumer<DomainEvent> listener) {
        for (int i = 0; i < members.size(); i++) {
            int member = i;
            members.get(i).domain().onEvent(event -> listener.accept(event, member));
        }
    }

    void onPressure(Runnable listener) {
        members.forEach(
                member -> {
                    member.netBuffers().forEach(buffer -> buffer.onPressure(listener));
                    member.diskBuffers().forEach(buffer -> buffer.onPressure(listener));
                });
    }

    /**
     * Takes what the backup's image of a disk holds.
     *
     * @throws ProtocolException if no such chunks were offered
     */
    void digests(Digests header, ByteBuf payload) {
        if (header.getMember() < 0
                || header.getMember() >= digestsThere.size()
                || header.getDisk() < 0
                || header.getDisk() >= digestsThere.get(header.getMember()).size()) {
            throw new ProtocolException(
                    "digests of disk "
                            + header.getDisk()
                            + " of member "
                            + header.getMember()
                            + " (expected: a disk that was offered)");
        }
        try {
            digestsThere
                    .get(header.getMember())
                    .get(header.getDisk())
                    .put(header.getChunkBytes(), header.getFirstChunk(), payload);
        } catch (IllegalArgumentException e) {
            throw new ProtocolException(String.valueOf(e.getMessage()));
        }
    }

    /** Begins to copy the disks. */
    void seedDisks() {
        for (int i = 0; i < members.size(); i++) {
            for (DiskBuffer disks : members.get(i).diskBuffers()) {
                disks.seed(digestsThere.get(i));
            }
        }
        digestsThere.clear();
    }

    /** Arms the dirty logs. */
    void attachDomains() {
        members.forEach(member -> member.domain().attach());
    }

    /** From here on the members' output is held. */
    void attachDevices() {
        members.forEach(member -> member.devices().forEach(CheckpointDevice::attach));
    }

    /**
     * Ends the present epoch and sends it.
     *
     * @throws LapException if the lap failed; the guests run
     * @throws DomainException if the epoch's state does not fit the standby any more
     */
    Outcome checkpoint() {
        long number = newestEpoch + 1;
        EpochInFlight epoch = new EpochInFlight(number, timelines.begin(number), members.size());
        boolean anew = carried == null;
        if (carried != null) {
            epoch.carryOver(carried);
            carried = null;
        }
        Outcome outcome;
        try {
            // once for each epoch: the backup takes no more than the memory twice
            if (anew && sender.isConnected() && loop.expectsMoreThanFits()) {
                loop.precopy(epoch);
            }
            outcome = loop.lap(epoch);
            if (outcome == Outcome.COMPLETE) {
                loop.stageDevices(epoch);
            }
        } catch (LapException e) {
            if (e.pagesLost()) {
                window.free(epoch);
            } else {
                carried = epoch;
            }
            throw e;
        } catch (RuntimeException e) {
            window.free(epoch);
            throw e;
        }
        if (outcome == Outcome.COMPLETE) {
            newestEpoch = number;
            window.add(epoch);
            sender.send(epoch);
        } else {
            carried = epoch;
        }
        return outcome;
    }

    /** Whether a member kept the last lap from taking place, as it did not run. */
    boolean stoodStill(int member) {
        return loop.stoodStill(member);
    }

    /**
     * The backup holds everything up to {@code epoch}: its output leaves (steps 11 and 12 of the
     * walk).
     *
     * @param licensed whether it may; if not, it leaves with {@link #release}
     */
    void acknowledged(long epoch, boolean licensed, PrimaryHost host) {
        if (epoch > newestEpoch) {
            throw new IllegalStateException(
                    "acknowledgement: epoch " + epoch + " (expected: <= " + newestEpoch + ")");
        }
        long now = host.nanoTime();
        members.forEach(member -> member.diskBuffers().forEach(disks -> disks.commit(epoch)));
        if (licensed) {
            release(epoch);
        }
        window.acknowledged(epoch, now, host.nanoTime());
    }

    /** Output of everything up to {@code epoch} leaves. */
    void release(long epoch) {
        members.forEach(member -> member.netBuffers().forEach(buffer -> buffer.commit(epoch)));
    }

    /** Writes of the guests to their disks that wait for the backup wait no longer. */
    void letWritesGoOn() {
        members.forEach(member -> member.diskBuffers().forEach(DiskBuffer::waitNoLonger));
    }

    boolean canResumeAfter(long committedEpoch) {
        EpochInFlight voided = carried;
        return (voided == null || voided.isReplayable())
                && window.canResumeAfter(committedEpoch, newestEpoch);
    }

    void resendUnacknowledged() {
        window.unacknowledged().forEach(sender::send);
    }

    /** Guest memory of all members; 0 until it was offered. */
    long memoryBytes() {
        return memoryBytes;
    }

    long newestEpoch() {
        return newestEpoch;
    }

    /** Opens the output path and leaves the domains as they were found. */
    void detach() {
        members.forEach(Member::detach);
        dissolve();
    }

    /** Lets go of the members; what is held stays held. */
    void close() {
        members.forEach(Member::close);
        dissolve();
    }

    /** The backup runs the domains. */
    void retire() {
        members.forEach(Member::retire);
        dissolve();
    }

    private void dissolve() {
        sender.link(null);
        window.clear();
        if (carried != null) {
            window.free(carried);
            carried = null;
        }
        crew.close();
    }
}
