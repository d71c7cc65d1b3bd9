package remus.agent.config;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/**
 * The configuration of an agent; docs/configuration.md has the meaning of each key.
 *
 * @param name what this host is called
 * @param listen where replication is received
 * @param stateDir what must survive a reboot
 * @param runDir what need not: control socket, a file per group
 * @param interval between checkpoints, unless a group says otherwise
 * @param stagingBytes limit of copied pages not yet acknowledged
 * @param detection when a peer is suspected
 * @param peers the agents that can be named as backup
 * @param standby what this host does as backup
 * @param disks how disks are replicated
 * @param witness what decides who may run; null if there is none
 */
public record AgentConfig(
        String name,
        HostPort listen,
        Path stateDir,
        Path runDir,
        Duration interval,
        long stagingBytes,
        Detection detection,
        Map<String, HostPort> peers,
        StandbyPlace standby,
        Disks disks,
        @Nullable Witness witness) {

    private static final long MAX_FILE_BYTES = 1 << 20;

    /** Copies the map. */
    public AgentConfig {
        peers = Map.copyOf(peers);
    }

    /** Silence limit &ge; 3 heartbeats, &ge; interval, &ge; grace. */
    public record Detection(
            Duration heartbeatInterval, Duration silenceLimit, Duration reconnectGrace) {}

    /**
     * Where standbys live.
     *
     * @param ramDir of their memory
     * @param interfaces of the primary, to those of this host
     * @param paths of the primary, to those of this host
     */
    public record StandbyPlace(
            Path ramDir, Map<String, String> interfaces, Map<String, Path> paths) {
        /** Copies the maps. */
        public StandbyPlace {
            interfaces = Map.copyOf(interfaces);
            paths = Map.copyOf(paths);
        }
    }

    /**
     * How disks are replicated.
     *
     * @param directory of images and journals, as backup
     * @param images by {@code DOMAIN/DISK}; others are made in the directory
     * @param exports images by the name of the export that guests here have as their disk
     * @param exportUser who may connect to them; empty for the agent's own user
     * @param journalBytes of each group, as backup
     * @param syncBeforeAck whether an acknowledged epoch survives a loss of power
     * @param preallocated whether images take all their space before they are written to
     * @param resyncInPlace whether an old copy is given up if there is no room beside it
     * @param stagingBytes of captured writes of each domain, as primary
     */
    public record Disks(
            Path directory,
            Map<String, Path> images,
            Map<String, Path> exports,
            String exportUser,
            long journalBytes,
            boolean syncBeforeAck,
            boolean preallocated,
            boolean resyncInPlace,
            long stagingBytes) {
        /** Copies the maps. */
        public Disks {
            images = Map.copyOf(images);
            exports = Map.copyOf(exports);
        }
    }

    /**
     * How the witness is reached.
     *
     * @param connect {@code host:port} of each server, separated by commas
     * @param sessionTimeout silence after which another server is looked for
     * @param credentials a file with {@code user:password}; null for none
     * @param client a file of ZooKeeper's client properties; null for none
     */
    public record Witness(
            String connect,
            Duration sessionTimeout,
            @Nullable Path credentials,
            @Nullable Path client) {}

    /**
     * Reads a file.
     *
     * @throws ConfigException with every mistake in it
     */
    public static AgentConfig load(Path file) throws ConfigException {
        String yaml;
        try {
            if (Files.size(file) > MAX_FILE_BYTES) {
                throw refuse(
                        file,
                        "the file has more than 1 MiB",
                        "give the agent's configuration with --config");
            }
            yaml = Files.readString(file);
        } catch (IOException cause) {
            throw refuse(
                    file,
                    "the configuration cannot be read: " + cause,
                    "give it with --config FILE; samples/ has some to start from");
        }
        return parse(file.toString(), yaml);
    }

    /** Reads text; the file's name is for messages. */
    static AgentConfig parse(String file, String yaml) throws ConfigException {
        return new ConfigReader(file).read(Located.parse(file, yaml));
    }

    private static ConfigException refuse(Path file, String problem, String correction) {
        return new ConfigException(
                List.of(new ConfigException.Mistake(file.toString(), 1, 1, problem, correction)));
    }
}
