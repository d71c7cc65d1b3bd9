package remus.backup;

import com.google.protobuf.ByteString;
import java.nio.ByteBuffer;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.UUID;
import java.util.concurrent.ConcurrentHashMap;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;
import remus.domain.DomainException;
import remus.domain.Finding;
import remus.domain.MemoryRegion;
import remus.domain.StandbySpec;
import remus.ha.GroupNames;
import remus.ha.GroupRecord;
import remus.ha.GroupRecord.Standing;
import remus.protocol.Frame;
import remus.protocol.FrameType;
import remus.protocol.PeerException;
import remus.protocol.PeerLink;
import remus.protocol.Versions;
import remus.protocol.wire.Accepted;
import remus.protocol.wire.Channel;
import remus.protocol.wire.Check;
import remus.protocol.wire.Fate;
import remus.protocol.wire.Hello;
import remus.protocol.wire.Identity;
import remus.protocol.wire.Member;
import remus.protocol.wire.Offer;
import remus.protocol.wire.Welcome;

/**
 * The door of the backup side: greets every connection, leads it to the group that it belongs to,
 * and makes a group where one is offered.
 */
public final class BackupService {
    private static final Logger LOG = LoggerFactory.getLogger(BackupService.class);
    private static final int MAX_MEMBERS = 64;
    private static final int MAX_REGIONS = 64;

    private final BackupHost host;
    private final Map<String, BackupGroup> groups = new ConcurrentHashMap<>();

    /** Takes up what the records of an earlier life say. */
    public BackupService(BackupHost host) {
        this.host = host;
        for (GroupRecord record : host.records().list()) {
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
        BackupGroup group = new BackupGroup(host, now, identity(now), 1, 1, List.of());
        groups.put(now.name(), group);
        host.conduct(group);
    }

    private static Identity identity(GroupRecord record) {
        UUID uuid = UUID.fromString(record.uuid());
        ByteBuffer bytes = ByteBuffer.allocate(16);
        bytes.putLong(uuid.getMostSignificantBits()).putLong(uuid.getLeastSignificantBits()).flip();
        return Identity.newBuilder()
                .setGroup(ByteString.copyFrom(bytes))
                .setIncarnation(record.incarnation())
                .build();
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
            if (frame.type() == FrameType.HELLO && hello == null) {
                greet(link, frame.header(Hello.class));
            } else if (frame.type() == FrameType.OFFER && hello != null) {
                Offer offer = frame.header(Offer.class);
                host.background(() -> consider(link, offer));
            } else {
                PrimaryPeer.refuse(
                        link,
                        "protocol-error",
                        "frame: "
                                + frame.type()
                                + " (expected: "
                                + (hello == null ? "HELLO" : "OFFER")
                                + ")",
                        "run the same version of Remus on both hosts");
            }
        }

        private void greet(PeerLink link, Hello first) {
            int version;
            try {
                version = Versions.OURS.negotiate(first);
            } catch (PeerException e) {
                link.send(e.toFrame(), link::close);
                return;
            }
            hello = first;
            identity = first.getIdentity();
            BackupGroup known = find(identity);
            if (first.getChannel() == Channel.HEARTBEAT) {
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
                known.mailbox().post(() -> known.connected(link, first));
            }
        }

        private void consider(PeerLink link, Offer offer) {
            try {
                List<StandbySpec> specs = specs(offer);
                List<Finding> findings = examine(offer, specs);
                if (offer.getDryRun()) {
                    link.send(Frame.of(FrameType.ACCEPTED, accepted(findings)), link::close);
                    return;
                }
                for (Finding finding : findings) {
                    if (!finding.passed()) {
                        throw new DomainException(
                                finding.code(), finding.problem(), finding.correction());
                    }
                }
                begin(link, offer, specs);
            } catch (DomainException e) {
                PrimaryPeer.refuse(link, e.code(), e.getMessage(), e.correction());
            } catch (RuntimeException e) {
                LOG.error("bug: an offer from {} failed", link.peer(), e);
                PrimaryPeer.refuse(
                        link, "internal-error", e.toString(), "see the log of the backup's agent");
            }
        }

        private void begin(PeerLink link, Offer offer, List<StandbySpec> specs) {
            GroupRecord record =
                    new GroupRecord(
                            offer.getGroupName(),
                            uuid(identity).toString(),
                            GroupRecord.Role.BACKUP,
                            identity.getIncarnation(),
                            Standing.SEEDING,
                            link.peer(),
                            offer.getFailover().name(),
                            offer.getIntervalNanos(),
                            false,
                            specs.stream()
                                    .map(spec -> new GroupRecord.Member(spec.name()))
                                    .toList());
            BackupGroup fresh =
                    new BackupGroup(
                            host,
                            record,
                            identity,
                            offer.getSilenceLimitNanos(),
                            offer.getReconnectGraceNanos(),
                            specs.stream().map(StandbySpec::regions).toList());
            BackupGroup old = groups.put(record.name(), fresh);
            if (old != null) {
                old.replaced();
            }
            group = fresh;
            Hello first = hello;
            fresh.mailbox()
                    .post(
                            () -> {
                                if (first != null) {
                                    fresh.linked(link, first);
                                }
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

    private static UUID uuid(Identity identity) {
        ByteBuffer bytes = identity.getGroup().asReadOnlyByteBuffer();
        if (bytes.remaining() != 16) {
            throw new DomainException(
                    "protocol-error",
                    "group: " + bytes.remaining() + " bytes (expected: 16)",
                    "run the same version of Remus on both hosts");
        }
        return new UUID(bytes.getLong(), bytes.getLong());
    }

    private List<Finding> examine(Offer offer, List<StandbySpec> specs) {
        List<Finding> findings = new ArrayList<>();
        BackupGroup old = groups.get(offer.getGroupName());
        if (old != null && !old.state().isFinal()) {
            findings.add(
                    Finding.fail(
                            old.state() == BackupState.ACTIVE ? "activated" : "group-exists",
                            "this host already has a group "
                                    + offer.getGroupName()
                                    + ", in state "
                                    + old.state(),
                            "run `remus unprotect "
                                    + offer.getGroupName()
                                    + "` here first, or use another name"));
        }
        for (StandbySpec spec : specs) {
            findings.addAll(host.hypervisor(spec.hypervisor()).checkStandby(spec));
        }
        return findings;
    }

    private static List<StandbySpec> specs(Offer offer) {
        if (!GroupNames.isValid(offer.getGroupName())) {
            throw new DomainException(
                    "bad-group-name",
                    "group name: " + offer.getGroupName(),
                    "use letters, digits and _ . : + -");
        }
        if (offer.getMembersCount() < 1 || offer.getMembersCount() > MAX_MEMBERS) {
            throw new DomainException(
                    "bad-group",
                    "members: " + offer.getMembersCount() + " (expected: 1 to " + MAX_MEMBERS + ")",
                    "protect fewer domains in one group");
        }
        List<StandbySpec> specs = new ArrayList<>();
        for (Member member : offer.getMembersList()) {
            if (member.getRegionsCount() > MAX_REGIONS) {
                throw new DomainException(
                        "bad-group",
                        "memory regions: "
                                + member.getRegionsCount()
                                + " (expected: <= "
                                + MAX_REGIONS
                                + ")",
                        "run the same version of Remus on both hosts");
            }
            List<MemoryRegion> regions =
                    member.getRegionsList().stream()
                            .map(region -> new MemoryRegion(region.getName(), region.getBytes()))
                            .toList();
            specs.add(
                    new StandbySpec(
                            member.getName(),
                            member.getUuid(),
                            member.getHypervisor(),
                            member.getSpec(),
                            regions));
        }
        return specs;
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
