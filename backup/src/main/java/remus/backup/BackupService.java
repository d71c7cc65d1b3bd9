package remus.backup;

import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.UUID;
import java.util.concurrent.ConcurrentHashMap;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;
import remus.domain.DiskSelection;
import remus.domain.DomainException;
import remus.domain.Finding;
import remus.domain.StandbySpec;
import remus.ha.GroupRecord;
import remus.ha.GroupRecord.Standing;
import remus.ha.RecordStore;
import remus.protocol.Frame;
import remus.protocol.FrameType;
import remus.protocol.Identities;
import remus.protocol.PeerException;
import remus.protocol.PeerLink;
import remus.protocol.ProtocolException;
import remus.protocol.Versions;
import remus.protocol.wire.Accepted;
import remus.protocol.wire.Channel;
import remus.protocol.wire.Check;
import remus.protocol.wire.Fate;
import remus.protocol.wire.Hello;
import remus.protocol.wire.Identity;
import remus.protocol.wire.Offer;
import remus.protocol.wire.Welcome;

/**
 * The door of the backup side: greets every connection, leads it to the group that it belongs to,
 * and makes a group where one is offered.
 */
public final class BackupService {
    private static final Logger LOG = LoggerFactory.getLogger(BackupService.class);

    private final BackupHost host;
    private final Map<String, BackupGroup> groups = new ConcurrentHashMap<>();

    /** Takes up what the records of an earlier life say. */
    public BackupService(BackupHost host) {
        this.host = host;
        for (GroupRecord record : host.records().list().records()) {
            if (record.role() == GroupRecord.Role.BACKUP) {
                takeUp(record);
            }
        }
    }

    /**
     * A copy that this agent kept when it died may be half folded: it is given up, on the record.
     * One that was activated runs on.
     */
    private void takeUp(GroupRecord record) {
        GroupRecord now = record;
        if (record.standing() == Standing.SEEDING || record.standing() == Standing.PROTECTED) {
            now = record.with(Standing.CONCEDED);
            host.records().put(now);
        }
        BackupGroup group =
                new BackupGroup(
                        host, now, Identities.of(now.uuid(), now.incarnation()), 1, 1, List.of());
        groups.put(now.name(), group);
        host.conduct(group);
    }

    /** The groups that this host is backup of, ended ones excluded. */
    public List<BackupGroup> groups() {
        groups.values().removeIf(BackupGroup::isDone);
        return List.copyOf(groups.values());
    }

    /** A listener for one accepted connection. */
    public PeerLink.Listener door() {
        return new Door();
    }

    private @Nullable BackupGroup find(Identity identity) {
        for (BackupGroup group : groups.values()) {
            if (group.identity().equals(identity) && !group.isDone()) {
                return group;
            }
        }
        return null;
    }

    /** One connection: first HELLO, then perhaps OFFER, then everything goes to its group. */
    private final class Door implements PeerLink.Listener {
        private Identity identity = Identity.getDefaultInstance();
        private @Nullable Hello hello;
        private volatile @Nullable BackupGroup group;

        @Override
        public void onFrame(PeerLink link, Frame frame) {
            BackupGroup known = group;
            if (known != null) {
                known.received(link, frame);
                return;
            }
            frame.release();
            Hello first = hello;
            if (frame.type() == FrameType.HELLO && first == null) {
                greet(link, frame.header(Hello.class));
            } else if (frame.type() == FrameType.OFFER && first != null) {
                Offer offer = frame.header(Offer.class);
                host.background(() -> consider(link, first, offer));
            } else {
                PrimaryPeer.protocolError(
                        link,
                        "frame: "
                                + frame.type()
                                + " (expected: "
                                + (first == null ? "HELLO" : "OFFER")
                                + ")");
            }
        }

        private void greet(PeerLink link, Hello first) {
            int version;
            BackupGroup known = find(first.getIdentity());
            boolean data = first.getChannel() == Channel.DATA;
            try {
                version = Versions.OURS.negotiate(first);
                if (data && known != null) {
                    OfferRules.requirePort(first);
                }
            } catch (PeerException e) {
                link.send(e.toFrame(), link::close);
                return;
            } catch (DomainException e) {
                PrimaryPeer.refuse(link, e.code(), e.getMessage(), e.correction());
                return;
            }
            hello = first;
            identity = first.getIdentity();
            if (!data) {
                if (known == null) {
                    link.close();
                } else {
                    group = known;
                    known.heartbeatsConnected(link);
                }
            } else if (known == null) {
                link.send(
                        Frame.of(
                                FrameType.WELCOME,
                                Welcome.newBuilder()
                                        .setVersion(version)
                                        .setFate(Fate.UNKNOWN)
                                        .setSoftware(host.software())
                                        .build()));
            } else {
                group = known;
                known.mailbox().post(() -> known.connected(link, first, version));
            }
        }

        private void consider(PeerLink link, Hello first, Offer offer) {
            try {
                List<StandbySpec> specs = OfferRules.examine(offer);
                List<Finding> findings = examine(Identities.uuid(identity), offer, specs);
                if (offer.getDryRun()) {
                    link.send(Frame.of(FrameType.ACCEPTED, accepted(findings)), link::close);
                    return;
                }
                Finding.require(findings);
                OfferRules.requirePort(first);
                begin(link, first, offer, specs);
            } catch (DomainException e) {
                PrimaryPeer.refuse(link, e.code(), e.getMessage(), e.correction());
            } catch (ProtocolException e) {
                PrimaryPeer.protocolError(link, e.getMessage());
            } catch (RuntimeException e) {
                LOG.error("bug: an offer from {} failed", link.peer(), e);
                PrimaryPeer.refuse(
                        link, "internal-error", e.toString(), "see the log of the backup's agent");
            }
        }

        private void begin(PeerLink link, Hello first, Offer offer, List<StandbySpec> specs) {
            GroupRecord record =
                    new GroupRecord(
                            offer.getGroupName(),
                            Identities.uuid(identity).toString(),
                            GroupRecord.Role.BACKUP,
                            identity.getIncarnation(),
                            Standing.SEEDING,
                            link.peer(),
                            offer.getFailover().name(),
                            offer.getIntervalNanos(),
                            false,
                            specs.stream()
                                    .map(spec -> new GroupRecord.Member(spec.name()))
                                    .toList(),
                            DiskSelection.WRITABLE,
                            offer.getWitnessed(),
                            0);
            BackupGroup fresh =
                    new BackupGroup(
                            host,
                            record,
                            identity,
                            offer.getSilenceLimitNanos(),
                            offer.getReconnectGraceNanos(),
                            specs);
            reserve(fresh);
            group = fresh;
            fresh.mailbox()
                    .post(
                            () -> {
                                fresh.linked(link, first);
                                fresh.begin(link, specs);
                            });
            host.conduct(fresh);
        }

        @Override
        public void onClosed(PeerLink link, String reason) {
            BackupGroup known = group;
            if (known != null) {
                known.closed(link, reason);
            }
        }
    }

    /**
     * Gives the name to a new group, in one step: of two offers made at one time, one gets it.
     *
     * @throws DomainException {@code group-exists} or {@code activated} if a group has it
     */
    private void reserve(BackupGroup fresh) {
        groups.compute(
                fresh.record().name(),
                (name, old) -> {
                    if (old != null) {
                        BackupState state = old.state();
                        if (!state.isFinal()) {
                            throw taken(name, state);
                        }
                        old.replaced();
                    }
                    return fresh;
                });
    }

    /**
     * A primary that offers its group anew has been allowed by the witness to go on alone: the copy
     * here, which missed that, is of no account. It is given up, and the next offer finds it gone.
     */
    private static void supplant(BackupGroup old, UUID group, Offer offer) {
        boolean same = group.toString().equals(old.record().uuid());
        if (offer.getWitnessed() && !offer.getDryRun() && same) {
            old.supplanted();
        }
    }

    private static Finding primaryHere(String name) {
        return Finding.fail(
                "group-exists",
                "this host is the primary of a group " + name,
                "run `remus unprotect " + name + "` here first, or use another name");
    }

    private static DomainException taken(String name, BackupState state) {
        return new DomainException(
                state.isActivated() ? "activated" : "group-exists",
                "this host already has a group " + name + ", in state " + state,
                "run `remus unprotect " + name + "` here first, or use another name");
    }

    private List<Finding> examine(UUID group, Offer offer, List<StandbySpec> specs) {
        List<Finding> findings = new ArrayList<>();
        BackupGroup old = groups.get(offer.getGroupName());
        if (old != null && !old.state().isFinal()) {
            supplant(old, group, offer);
            DomainException taken = taken(offer.getGroupName(), old.state());
            findings.add(
                    Finding.fail(
                            taken.code(), String.valueOf(taken.getMessage()), taken.correction()));
        }
        String name = offer.getGroupName();
        RecordStore.Contents known = host.records().list();
        known.unreadable().stream()
                .filter(record -> record.name().equals(name))
                .map(RecordStore.Unreadable::why)
                .forEach(
                        why ->
                                findings.add(
                                        Finding.fail(
                                                why.code(), why.sentence(), why.correction())));
        known.records().stream()
                .filter(record -> record.role() == GroupRecord.Role.PRIMARY)
                .filter(record -> record.name().equals(name))
                .forEach(record -> findings.add(primaryHere(name)));
        if (offer.getWitnessed() && host.witness() == null) {
            findings.add(
                    Finding.fail(
                            "no-witness",
                            "the primary has a witness, and the backup has none",
                            "set the same `witness.connect` there and restart its agent"));
        }
        if (offer.getWitnessed() && offer.getHostIdentity().equals(host.identity())) {
            findings.add(
                    Finding.fail(
                            "same-host-id",
                            "both hosts have the same host-id, " + host.identity(),
                            "remove `host-id` from the state-dir of the host that was copied from"
                                    + " the other, and restart its agent"));
        }
        for (StandbySpec spec : specs) {
            findings.addAll(host.hypervisor(spec.hypervisor()).checkStandby(spec));
        }
        return findings;
    }

    private static Accepted accepted(List<Finding> findings) {
        Accepted.Builder accepted = Accepted.newBuilder();
        for (Finding finding : findings) {
            accepted.addChecks(
                    Check.newBuilder()
                            .setCode(finding.code())
                            .setPassed(finding.passed())
                            .setProblem(finding.problem())
                            .setCorrection(finding.correction()));
        }
        return accepted.build();
    }
}
