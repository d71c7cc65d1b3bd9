package remus.primary;

import java.util.List;
import org.jspecify.annotations.Nullable;
import remus.domain.Domain;
import remus.domain.StandbySpec;
import remus.protocol.wire.Member;
import remus.protocol.wire.Offer;
import remus.protocol.wire.OfferedDisk;
import remus.protocol.wire.Region;

/** What a primary tells a backup about a group. */
public final class Offers {
    private Offers() {}

    /**
     * The group, with what the backup needs to make its standbys.
     *
     * @param identity what this host is called at the witness; null if the group has none
     */
    public static Offer of(
            ProtectionSettings settings,
            List<Domain> domains,
            @Nullable String identity,
            boolean dryRun) {
        Offer.Builder offer =
                Offer.newBuilder()
                        .setGroupName(settings.group())
                        .setDryRun(dryRun)
                        .setWitnessed(identity != null)
                        .setHostIdentity(identity == null ? "" : identity)
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
            spec.disks()
                    .forEach(
                            disk ->
                                    member.addDisks(
                                            OfferedDisk.newBuilder()
                                                    .setName(disk.name())
                                                    .setBytes(disk.bytes())));
        }
        return offer.build();
    }
}
