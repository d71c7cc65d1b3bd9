package remus.agent.engine;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import org.apache.zookeeper.client.ZKClientConfig;
import org.apache.zookeeper.server.quorum.QuorumPeerConfig.ConfigException;
import org.jspecify.annotations.Nullable;
import remus.agent.config.AgentConfig;
import remus.domain.DomainException;
import remus.ha.zookeeper.ZooKeeperWitness;

/** Makes the session with the witness that the configuration names. */
final class Witnesses {
    private static final int MAX_CREDENTIAL_BYTES = 4096;

    private Witnesses() {}

    /**
     * Begins to connect, without waiting.
     *
     * @throws DomainException {@code bad-witness-file} if a file that is named cannot be used
     */
    static ZooKeeperWitness connect(AgentConfig.Witness config) {
        return ZooKeeperWitness.connect(
                new ZooKeeperWitness.Settings(
                        config.connect(),
                        config.sessionTimeout(),
                        credentials(config.credentials()),
                        client(config.client())));
    }

    private static @Nullable String credentials(@Nullable Path file) {
        if (file == null) {
            return null;
        }
        try {
            if (Files.size(file) > MAX_CREDENTIAL_BYTES) {
                throw new IOException("it has more than " + MAX_CREDENTIAL_BYTES + " bytes");
            }
            String text = Files.readString(file).strip();
            if (!text.matches("[^:\\s]+:\\S+")) {
                throw new IOException("it does not hold user:password");
            }
            return text;
        } catch (IOException e) {
            throw bad("witness.credentials", file, e);
        }
    }

    private static ZKClientConfig client(@Nullable Path file) {
        if (file == null) {
            return new ZKClientConfig();
        }
        try {
            return new ZKClientConfig(file.toFile());
        } catch (ConfigException e) {
            throw bad("witness.client", file, e);
        }
    }

    private static DomainException bad(String key, Path file, Exception cause) {
        return new DomainException(
                "bad-witness-file",
                "the file " + file + " of `" + key + "` cannot be used: " + cause.getMessage(),
                "correct the file, or the key in the agent's configuration",
                cause);
    }
}
