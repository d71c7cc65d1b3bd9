package remus.primary;

import com.google.protobuf.ByteString;
import java.nio.ByteBuffer;
import java.util.List;
import java.util.UUID;
import remus.domain.Domain;
import remus.domain.StandbySpec;
import remus.protocol.wire.Identity;
import remus.protocol.wire.Member;
import remus.protocol.wire.Offer;
import remus.protocol.wire.Region;

/** What a primary tells a backup about a group. */
public final class Offers {
    private Offers() {}

    /** The group, with what the backup needs to make its standbys. */
    public static Offer of(ProtectionSettings settings, List<Domain> domains, boolean dryRun) {
        Offer.Builder offer =
                Offer.newBuilder()
                        .setGroupName(settings.group())
                        .setDryRun(dryRun)
                        .setFailover(settings.failover())
                        .setIntervalNanos(settings.intervalNanos())
                        .setSilenceLimitNanos(settings.limits().silenceLimitNanos())
                        .setReconnectGraceNanos(settings.limits().reconnectGraceNanos());
        for (Domain domain : domains) {
            StandbySpec spec = domain.standbySpec();
            Member.Builder member =
                    offer.addMembersBuilder()
                            .setName(spec.name())
                            .setUuid(spec.uuid())
                            .setHypervisor(spec.hypervisor())
                            .setSpec(spec.spec());
            spec.regions()
                    .forEach(
                            region ->
                                    member.addRegions(
                                            Region.newBuilder()
                                                    .setName(region.name())
                                                    .setBytes(region.bytes())));
        }
        return offer.build();
    }

    /** Who speaks: a group's UUID, as text, and the incarnation of its protection. */
    public static Identity identity(String uuid, long incarnation) {
        UUID id = UUID.fromString(uuid);
        ByteBuffer bytes = ByteBuffer.allocate(16);
        bytes.putLong(id.getMostSignificantBits()).putLong(id.getLeastSignificantBits()).flip();
        return Identity.newBuilder()
                .setGroup(ByteString.copyFrom(bytes))
                .setIncarnation(incarnation)
                .build();
    }
}
