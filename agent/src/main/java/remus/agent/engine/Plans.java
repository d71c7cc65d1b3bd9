package remus.agent.engine;

import java.util.HashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.UUID;
import java.util.concurrent.TimeUnit;
import remus.agent.api.ProtectRequest;
import remus.agent.config.AgentConfig;
import remus.agent.config.HostPort;
import remus.domain.DiskSelection;
import remus.domain.DomainException;
import remus.domain.qemu.StandbySettings;
import remus.ha.GroupRecord;
import remus.primary.ProtectionSettings;
import remus.protocol.wire.FailoverMode;

/** Turns requests and records into the engines' settings, by this agent's configuration. */
final class Plans {
    private static final int WINDOW_EPOCHS = 4;

    private final AgentConfig config;

    Plans(AgentConfig config) {
        this.config = config;
    }

    /** What this host gives to standbys. */
    StandbySettings standbys() {
        AgentConfig.StandbyPlace place = config.standby();
        Map<String, String> paths = new HashMap<>();
        place.paths().forEach((there, here) -> paths.put(there, here.toString()));
        return new StandbySettings(
                place.ramDir(),
                config.runDir().resolve("standby"),
                place.interfaces(),
                paths,
                List.of(),
                false,
                TimeUnit.SECONDS.toNanos(10),
                TimeUnit.SECONDS.toNanos(5));
    }

    /**
     * A new protection.
     *
     * @param peer one of the configured peers, or host:port
     * @param intervalNanos 0 for the configured one
     * @throws DomainException {@code unknown-host}
     */
    ProtectionSettings of(
            String group,
            List<String> domains,
            String peer,
            FailoverMode failover,
            long intervalNanos,
            boolean unsafe,
            DiskSelection disks) {
        HostPort address = config.peers().get(peer);
        if (address == null) {
            throw new DomainException(
                    "unknown-host",
                    "host " + peer + " is none of `peers` " + config.peers().keySet(),
                    "add it under `peers` in the agent's configuration");
        }
        return new ProtectionSettings(
                group,
                UUID.randomUUID().toString(),
                domains,
                new ProtectionSettings.PeerAddress(address.host(), address.port()),
                failover,
                intervalNanos == 0 ? config.interval().toNanos() : intervalNanos,
                limits(),
                unsafe,
                disks);
    }

    /** Of a request that was examined; a word that is empty is the default. */
    static DiskSelection disks(ProtectRequest request) {
        String mode = request.getDisk();
        return new DiskSelection(
                request.getNoDisksList(),
                request.getCopyMedia(),
                mode.isEmpty()
                        ? DiskSelection.Mode.AUTO
                        : DiskSelection.Mode.valueOf(
                                mode.toUpperCase(Locale.ROOT).replace('-', '_')));
    }

    /**
     * The mode that a request names; it has been examined.
     *
     * @throws DomainException {@code no-witness} if it needs one
     */
    static FailoverMode failover(String name, boolean hasWitness) {
        if (name.equals("automatic") && !hasWitness) {
            throw new DomainException(
                    "no-witness",
                    "automatic failover without a witness is refused: a broken link between the"
                            + " hosts looks like a lost primary, and two copies would run",
                    "start `remus witness` on a third host and set `witness.connect` on both hosts,"
                            + " or use --failover manual");
        }
        return switch (name) {
            case "automatic" -> FailoverMode.AUTOMATIC;
            case "automatic-without-witness" -> FailoverMode.AUTOMATIC_WITHOUT_WITNESS;
            default -> FailoverMode.MANUAL;
        };
    }

    /** A protection that an earlier life of this agent wrote down. */
    ProtectionSettings of(GroupRecord record) {
        HostPort peer = HostPort.parse(record.peer());
        return new ProtectionSettings(
                record.name(),
                record.uuid(),
                record.members().stream().map(GroupRecord.Member::name).toList(),
                new ProtectionSettings.PeerAddress(peer.host(), peer.port()),
                FailoverMode.valueOf(record.failover()),
                record.intervalNanos(),
                limits(),
                record.unsafe(),
                record.disks());
    }

    private ProtectionSettings.Limits limits() {
        AgentConfig.Detection detection = config.detection();
        return new ProtectionSettings.Limits(
                config.stagingBytes(),
                WINDOW_EPOCHS,
                detection.heartbeatInterval().toNanos(),
                detection.silenceLimit().toNanos(),
                detection.reconnectGrace().toNanos(),
                config.listen().port());
    }
}
