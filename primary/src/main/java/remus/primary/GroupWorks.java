package remus.primary;

import io.netty.buffer.ByteBuf;
import java.util.ArrayList;
import java.util.List;
import java.util.Set;
import java.util.function.Consumer;
import java.util.function.ObjIntConsumer;
import java.util.function.Predicate;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;
import remus.domain.DomainEvent;
import remus.domain.DomainException;
import remus.ha.GroupRecord;
import remus.ha.GroupRecord.Standing;
import remus.ha.Reason;
import remus.protocol.FrameType;
import remus.protocol.PeerLink;
import remus.protocol.wire.ConcedeRequest;
import remus.protocol.wire.Digests;
import remus.protocol.wire.MemberEvent;
import remus.protocol.wire.MemberFate;

/**
 * What a group consists of at its primary (its record, its members under protection, its
 * conversation with the backup), and the carrying out of what {@link PrimaryCore} decides about
 * them. Conductor's thread only, but for the getters.
 */
final class GroupWorks implements PrimaryEffects {
    private static final Logger LOG = LoggerFactory.getLogger(GroupWorks.class);
    private final PrimaryHost host;
    private final ProtectionSettings settings;
    private final Protection.Tools tools;
    private final EpochScheduler scheduler;
    private final Events events;
    private @Nullable PrimarySession session;
    private volatile @Nullable Protection protection;
    private GroupRecord record;
    private @Nullable WitnessDesk desk;
    private boolean checkpointing;
    private boolean licensed;
    private long resumeAfter;
    private volatile long committedEpoch;
    private volatile long lastAckNanos;

    GroupWorks(
            PrimaryHost host,
            ProtectionSettings settings,
            Protection.Tools tools,
            EpochScheduler scheduler,
            GroupRecord record,
            Events events) {
        this.host = host;
        this.settings = settings;
        this.tools = tools;
        this.scheduler = scheduler;
        this.record = record;
        this.events = events;
    }

    /** What the works tell the conductor; called from any thread but for {@code failed}. */
    interface Events {
        void happened(Protection source, DomainEvent event, int member);

        void pressure();

        /** Something decided could not be carried out; told after the decision is complete. */
        void failed(Reason reason);
    }

    GroupRecord record() {
        return record;
    }

    void askAt(WitnessDesk newDesk) {
        desk = newDesk;
    }

    /** The witness has this term. */
    void seen(long term) {
        if (term > record.term()) {
            record = record.withTerm(term);
            try {
                host.records().put(record);
            } catch (DomainException e) { // it only helps to notice a witness that forgot
                LOG.warn("{}: {}", settings.group(), e.getMessage());
            }
        }
    }

    void converse(PrimarySession newSession) {
        session = newSession;
        newSession.incarnation(record.incarnation());
    }

    @Nullable Protection protection() {
        return protection;
    }

    boolean isCheckpointing() {
        return checkpointing;
    }

    long committedEpoch() {
        return committedEpoch;
    }

    long lastAckNanos() {
        return lastAckNanos;
    }

    /**
     * Opens the members under the record's incarnation, as an earlier life of this agent left them,
     * and holds, retires or releases them as the record demands. Returns those that are gone.
     */
    List<String> reopen(Standing standing) {
        List<String> missing = new ArrayList<>();
        Protection adopted = opened(missing::add);
        protection = adopted;
        if (standing == Standing.ACTIVATED) {
            adopted.retire();
            return missing;
        }
        adopted.attachDomains();
        adopted.attachDevices();
        if (standing == Standing.SEEDING) {
            startOver(); // nothing need be held any more: clean up and begin again
        }
        return missing;
    }

    /** Lets go of members that could not be taken up; what is held stays held. */
    void putBack() {
        Protection old = protection;
        protection = null;
        if (old != null) {
            old.close();
        }
    }

    /** Opens the members under a new incarnation and writes it down. */
    void openAnew() {
        Protection fresh = opened(null);
        licensed = !record.witnessed();
        record = record.anew(fresh.incarnation, scheduler.intervalNanos());
        host.records().put(record);
        conversation().incarnation(fresh.incarnation);
        protection = fresh;
    }

    private Protection opened(@Nullable Consumer<String> missing) {
        Protection fresh = Protection.open(host, settings, tools, missing);
        ObjIntConsumer<DomainEvent> listener =
                (event, member) -> events.happened(fresh, event, member);
        fresh.onEvents(listener);
        fresh.onPressure(events::pressure);
        return fresh;
    }

    void interval(long intervalNanos, long now) {
        scheduler.interval(intervalNanos, now);
        record = record.withInterval(intervalNanos);
        host.records().put(record);
    }

    /** Frames go here from now on. Returns whether everything uncommitted can be sent again. */
    boolean linked(PeerLink link, long committedThere) {
        resumeAfter = committedThere;
        Protection current = protection;
        if (current == null) {
            return false;
        }
        current.sender.link(link);
        // without an epoch there, what the old connection lost of the seed would be missing
        return committedThere > 0 && current.canResumeAfter(committedThere);
    }

    /** What the backup's images hold already. */
    void digests(Digests header, ByteBuf payload) {
        Protection current = protection;
        if (current != null) {
            current.digests(header, payload);
        }
    }

    void unlinked() {
        Protection current = protection;
        if (current != null) {
            current.sender.link(null);
        }
    }

    void acknowledged(long epoch) {
        Protection current = protection;
        if (current != null) {
            current.acknowledged(epoch, licensed, host);
            committedEpoch = epoch;
            lastAckNanos = host.nanoTime();
        }
    }

    @Override
    public void record(Standing standing) {
        record = record.with(standing);
        host.records().put(record);
    }

    @Override
    public void forget() {
        desk().close(); // an answer that comes later must not write the record again
        host.records().remove(settings.group());
    }

    @Override
    public void offer() {
        attempt(
                current ->
                        conversation()
                                .send(
                                        FrameType.OFFER,
                                        current.offer(
                                                settings,
                                                record.witnessed() ? host.identity() : null)));
    }

    @Override
    public void seed() {
        attempt(
                current -> {
                    current.attachDomains();
                    current.seedDisks();
                });
    }

    @Override
    public void checkpoint() {
        attempt(
                current -> {
                    current.attachDevices();
                    checkpointing = true;
                    scheduler.start(host.nanoTime());
                    scheduler.hurry(host.nanoTime());
                });
    }

    private void attempt(Consumer<Protection> step) {
        Protection current = protection;
        if (current == null) {
            return;
        }
        try {
            step.accept(current);
        } catch (DomainException e) {
            events.failed(Reason.of(e));
        }
    }

    @Override
    public void resumeSession() {
        acknowledged(resumeAfter);
        Protection current = protection;
        if (current != null) {
            current.resendUnacknowledged();
            scheduler.start(host.nanoTime());
        }
    }

    @Override
    public void license() {
        licensed = true;
        Protection current = protection;
        if (current != null) {
            current.release(committedEpoch);
        }
    }

    @Override
    public void ask(Licence.Wish wish) {
        desk().ask(wish);
    }

    @Override
    public boolean askNoMore() {
        return desk().askNoMore();
    }

    @Override
    public boolean isWitnessLive() {
        return desk().isLive();
    }

    private WitnessDesk desk() {
        WitnessDesk current = desk;
        if (current == null) {
            throw new IllegalStateException("no witness yet");
        }
        return current;
    }

    @Override
    public void askConcession(String reason) {
        conversation()
                .send(
                        FrameType.CONCEDE_REQUEST,
                        ConcedeRequest.newBuilder()
                                .setIdentity(conversation().identity())
                                .setReason(reason)
                                .build());
    }

    @Override
    public void tellMembersGone(boolean switchedOff, String detail) {
        conversation()
                .send(
                        FrameType.MEMBER_EVENT,
                        MemberEvent.newBuilder()
                                .setFate(
                                        switchedOff
                                                ? MemberFate.MEMBER_OFF
                                                : MemberFate.MEMBER_LOST)
                                .setDetail(detail)
                                .build());
    }

    @Override
    public void startOver() {
        conversation().hangUp();
        Protection old = protection;
        protection = null;
        checkpointing = false;
        if (old != null) {
            old.detach();
        }
    }

    @Override
    public void letGo() {
        conversation().end();
        Protection old = protection;
        if (old != null) {
            old.detach();
        }
    }

    @Override
    public void retire() {
        conversation().end();
        Protection old = protection;
        if (old != null) {
            old.retire();
        }
    }

    @Override
    public void destroyRetired() {
        destroy(member -> true);
    }

    @Override
    public void destroySwitchedOff(Set<String> members) {
        destroy(member -> members.contains(member.name()));
    }

    private void destroy(Predicate<Member> which) {
        Protection old = protection;
        if (old != null) {
            old.members.stream().filter(which).forEach(member -> member.domain().destroy());
        }
    }

    @Override
    public void hangUp(String reason) {
        conversation().dropForAWhile(reason);
    }

    private PrimarySession conversation() {
        PrimarySession current = session;
        if (current == null) {
            throw new IllegalStateException("no conversation yet");
        }
        return current;
    }
}
