package remus.backup;

import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.TimeUnit;
import remus.domain.Disk;
import remus.domain.DomainException;
import remus.domain.MemoryRegion;
import remus.domain.Slab;
import remus.domain.StandbySpec;
import remus.ha.GroupNames;
import remus.protocol.wire.FailoverMode;
import remus.protocol.wire.Hello;
import remus.protocol.wire.Member;
import remus.protocol.wire.Offer;
import remus.protocol.wire.OfferedDisk;
import remus.protocol.wire.Region;

/**
 * What an offer may demand of this host. Whatever a later step takes for granted (that a time can
 * be waited for, that a size can be counted) is examined here, before anything is made of it.
 */
final class OfferRules {
    private static final int MAX_MEMBERS = 64;
    private static final int MAX_REGIONS = 64;
    private static final int MAX_DISKS = 64;
    private static final long MAX_DISK_BYTES = 1L << 44;
    private static final int MAX_PORT = 65_535;

    /** A run of pages names its first page with 31 bits. */
    private static final long MAX_MEMORY_BYTES = (1L << 31) * Slab.PAGE_BYTES;

    private static final long MILLI = TimeUnit.MILLISECONDS.toNanos(1);

    private static final String SAME_VERSION = "run the same version of Remus on both hosts";

    private OfferRules() {}

    /**
     * The members' standbys.
     *
     * @throws DomainException {@code bad-group-name}, {@code bad-group} or {@code bad-offer}
     */
    static List<StandbySpec> examine(Offer offer) {
        if (!GroupNames.isValid(offer.getGroupName())) {
            throw new DomainException(
                    "bad-group-name",
                    "group name: " + offer.getGroupName() + " (expected: 1 to 64 characters)",
                    "use letters, digits and _ . : + -");
        }
        if (offer.getMembersCount() < 1 || offer.getMembersCount() > MAX_MEMBERS) {
            throw new DomainException(
                    "bad-group",
                    "members: " + offer.getMembersCount() + " (expected: 1 to " + MAX_MEMBERS + ")",
                    "protect fewer domains in one group");
        }
        time("interval", offer.getIntervalNanos(), 1, 10_000);
        time("silence-limit", offer.getSilenceLimitNanos(), 30, 300_000);
        time("reconnect-grace", offer.getReconnectGraceNanos(), 0, 10_000);
        if (offer.getFailover() == FailoverMode.FAILOVER_INVALID
                || offer.getFailover() == FailoverMode.UNRECOGNIZED) {
            throw bad(
                    "failover mode: "
                            + offer.getFailover()
                            + " (expected: MANUAL, AUTOMATIC or AUTOMATIC_WITHOUT_WITNESS)",
                    SAME_VERSION);
        }
        if (offer.getFailover() == FailoverMode.AUTOMATIC && !offer.getWitnessed()) {
            throw bad("failover mode: AUTOMATIC without a witness", SAME_VERSION);
        }
        List<StandbySpec> specs = new ArrayList<>();
        long left = MAX_MEMORY_BYTES;
        for (Member member : offer.getMembersList()) {
            List<MemoryRegion> regions = regions(member, left);
            left -= regions.stream().mapToLong(MemoryRegion::bytes).sum();
            specs.add(
                    new StandbySpec(
                            member.getName(),
                            member.getUuid(),
                            member.getHypervisor(),
                            member.getSpec(),
                            regions,
                            disks(member)));
        }
        return specs;
    }

    /**
     * A suspected primary is probed at this port.
     *
     * @throws DomainException {@code bad-offer} if nobody can listen there
     */
    static void requirePort(Hello hello) {
        long port = Integer.toUnsignedLong(hello.getAgentPort());
        if (port < 1 || port > MAX_PORT) {
            throw bad("agent port: " + port + " (expected: 1 to " + MAX_PORT + ")", SAME_VERSION);
        }
    }

    private static List<MemoryRegion> regions(Member member, long bytesLeft) {
        if (member.getRegionsCount() > MAX_REGIONS) {
            throw new DomainException(
                    "bad-group",
                    "memory regions of "
                            + member.getName()
                            + ": "
                            + member.getRegionsCount()
                            + " (expected: <= "
                            + MAX_REGIONS
                            + ")",
                    SAME_VERSION);
        }
        List<MemoryRegion> regions = new ArrayList<>();
        long left = bytesLeft;
        for (Region region : member.getRegionsList()) {
            long bytes = region.getBytes();
            String what = "memory region " + region.getName() + " of " + member.getName() + ": ";
            if (bytes <= 0 || bytes % Slab.PAGE_BYTES != 0) {
                throw bad(
                        what
                                + Long.toUnsignedString(bytes)
                                + " bytes (expected: a positive multiple of "
                                + Slab.PAGE_BYTES
                                + ")",
                        SAME_VERSION);
            }
            if (bytes > left) {
                throw bad(
                        what
                                + bytes
                                + " bytes (expected: <= "
                                + MAX_MEMORY_BYTES
                                + " for all regions of a group)",
                        "protect fewer or smaller domains in one group");
            }
            left -= bytes;
            regions.add(new MemoryRegion(region.getName(), bytes));
        }
        return regions;
    }

    private static List<Disk> disks(Member member) {
        String what = "disks of " + member.getName() + ": ";
        if (member.getDisksCount() > MAX_DISKS) {
            throw bad(
                    what + member.getDisksCount() + " (expected: <= " + MAX_DISKS + ")",
                    "give the domain fewer disks");
        }
        List<Disk> disks = new ArrayList<>();
        for (OfferedDisk disk : member.getDisksList()) {
            if (!GroupNames.isValid(disk.getName()) || !GroupNames.isValid(member.getName())) {
                throw bad(
                        what
                                + "\""
                                + disk.getName()
                                + "\" (expected: names of at most 64"
                                + " letters, digits and _ . : + -, as the image is called so)",
                        "give the domain and the disk such names (-name, -drive id=)");
            }
            if (disk.getBytes() <= 0 || disk.getBytes() > MAX_DISK_BYTES) {
                throw bad(
                        what
                                + disk.getName()
                                + " has "
                                + Long.toUnsignedString(disk.getBytes())
                                + " bytes (expected: 1 to "
                                + MAX_DISK_BYTES
                                + ")",
                        SAME_VERSION);
            }
            disks.add(new Disk(disk.getName(), disk.getBytes()));
        }
        return disks;
    }

    private static void time(String name, long nanos, long leastMillis, long mostMillis) {
        if (nanos < leastMillis * MILLI || nanos > mostMillis * MILLI) {
            throw bad(
                    name
                            + ": "
                            + Long.toUnsignedString(nanos)
                            + " ns (expected: "
                            + leastMillis
                            + " ms to "
                            + mostMillis
                            + " ms)",
                    "correct it at the primary");
        }
    }

    private static DomainException bad(String problem, String correction) {
        return new DomainException("bad-offer", problem, correction);
    }
}
