package remus.agent.daemon;

import java.nio.file.Path;
import java.util.function.Function;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;
import remus.agent.config.AgentConfig;
import remus.agent.control.ControlServer;
import remus.agent.control.Operations;
import remus.agent.control.RunDirectory;

/**
 * A running agent. The order of its start is the order of urgency: the lock, then {@link
 * Operations#adopt} for a guest that may stand still, and only then the control server, whose
 * classes take most of the start to load.
 */
public final class AgentDaemon implements AutoCloseable {
    private static final Logger LOG = LoggerFactory.getLogger(AgentDaemon.class);

    private final InstanceLock lock;
    private final Operations operations;
    private final ControlServer server;

    private AgentDaemon(InstanceLock lock, Operations operations, ControlServer server) {
        this.lock = lock;
        this.operations = operations;
        this.server = server;
    }

    /**
     * Starts; when it returns, calls are answered.
     *
     * @throws remus.domain.DomainException if this host or another agent does not let it
     */
    public static AgentDaemon start(AgentConfig config, Function<AgentConfig, Operations> factory) {
        InstanceLock lock = InstanceLock.acquire(config.stateDir());
        Operations operations = null;
        boolean started = false;
        try {
            RunDirectory.prepare(config.runDir());
            operations = factory.apply(config);
            operations.adopt();
            LOG.info("adopted sinceStartMillis={}", Uptime.millis());
            ControlServer server = ControlServer.start(config.runDir(), operations);
            started = true;
            return new AgentDaemon(lock, operations, server);
        } finally {
            if (!started) {
                if (operations != null) {
                    operations.close();
                }
                lock.close();
            }
        }
    }

    /** Where it answers. */
    public Path controlSocket() {
        return server.socket();
    }

    /** In order: no more calls, then the operations, then the lock. */
    @Override
    public void close() {
        try {
            server.close();
        } finally {
            try {
                operations.close();
            } finally {
                lock.close();
            }
        }
    }
}
