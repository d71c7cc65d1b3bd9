package remus.agent.daemon;

import java.nio.file.Path;
import java.util.concurrent.CountDownLatch;
import java.util.function.Function;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;
import remus.agent.Version;
import remus.agent.config.AgentConfig;
import remus.agent.config.ConfigException;
import remus.agent.control.ControlServer;
import remus.agent.control.Operations;
import remus.agent.engine.Engine;
import remus.domain.DomainException;

/** {@code remus agent}: one daemon, from its configuration to SIGTERM. */
public final class AgentMain {
    private static final Logger LOG = LoggerFactory.getLogger(AgentMain.class);
    private static final int FAILED = 1;
    private static final int BUG = 70;

    /** The supervisor does not try again after this. */
    private static final int WRONG_CONFIG = 2;

    private AgentMain() {}

    /** Runs an agent; returns an exit code only if it could not start. */
    public static int run(Path configFile) {
        return run(configFile, Engine::new);
    }

    static int run(Path configFile, Function<AgentConfig, Operations> factory) {
        AgentConfig config;
        try {
            config = AgentConfig.load(configFile);
        } catch (ConfigException wrong) {
            System.err.println(wrong.getMessage());
            return WRONG_CONFIG;
        }
        Thread.setDefaultUncaughtExceptionHandler(AgentMain::die);
        // before the start, so that a signal in the midst of it ends what has begun
        Shutdown shutdown = new Shutdown();
        Runtime.getRuntime().addShutdownHook(new Thread(shutdown, "shutdown"));
        try {
            shutdown.own(AgentDaemon.start(config, factory));
        } catch (DomainException refused) {
            System.err.println("error: " + refused.getMessage() + " [" + refused.code() + "]");
            System.err.println("fix: " + refused.correction());
            return FAILED;
        }
        System.out.println(
                "ready name="
                        + config.name()
                        + " version="
                        + Version.CURRENT
                        + " control="
                        + config.runDir().resolve(ControlServer.SOCKET)
                        + " sinceStartMillis="
                        + Uptime.millis());
        System.out.flush();
        shutdown.await();
        return 0;
    }

    /**
     * An agent that has lost a thread may hold a guest's output for ever; one that its supervisor
     * starts anew takes everything up again.
     */
    private static void die(Thread thread, Throwable cause) {
        LOG.error("bug: thread {} died, and the agent with it", thread.getName(), cause);
        Runtime.getRuntime().halt(BUG);
    }

    /** Ends the daemon on SIGTERM or SIGINT; the JVM then ends with 143 or 130. */
    private static final class Shutdown implements Runnable {
        private final CountDownLatch never = new CountDownLatch(1);
        private @org.jspecify.annotations.Nullable AgentDaemon daemon;
        private boolean ending;

        synchronized void own(AgentDaemon started) {
            if (ending) {
                started.close();
            } else {
                daemon = started;
            }
        }

        @Override
        public synchronized void run() {
            ending = true;
            if (daemon != null) {
                LOG.info("stopping");
                daemon.close();
                LOG.info("stopped");
            }
        }

        void await() {
            try {
                never.await();
            } catch (InterruptedException end) {
                run();
            }
        }
    }
}
