package remus.agent.daemon;

import java.io.IOException;
import java.net.ServerSocket;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Comparator;
import java.util.List;
import java.util.stream.Stream;
import remus.agent.cli.Main;
import remus.agent.config.AgentConfig;
import remus.agent.config.ConfigException;
import remus.agent.engine.Engine;

/**
 * Starts an agent in directories of its own, asks it for its status and ends it, so that the JVM's
 * class-data archive, written when it ends, holds what a start needs. Not a command: the launcher's
 * `--archive` calls it.
 */
public final class Rehearsal {
    private Rehearsal() {}

    /** Ends with 0 if all went well. */
    public static void main(String[] arguments) throws IOException, ConfigException {
        Path directory = Files.createTempDirectory("remus-rehearsal");
        Path file = directory.resolve("agent.yaml");
        Files.writeString(
                file,
                "state-dir: %s/state%nrun-dir: %s/run%nlisten: 127.0.0.1:%d%n"
                        .formatted(directory, directory, freePort()));
        AgentConfig config = AgentConfig.load(file);
        int exit;
        try (AgentDaemon daemon = AgentDaemon.start(config, Engine::new)) {
            exit = Main.call("status", "--socket", daemon.controlSocket().toString());
        }
        try (Stream<Path> files = Files.walk(directory)) {
            List<Path> inner = files.sorted(Comparator.reverseOrder()).toList();
            for (Path path : inner) {
                Files.delete(path);
            }
        }
        System.exit(exit);
    }

    private static int freePort() throws IOException {
        try (ServerSocket socket = new ServerSocket(0)) {
            return socket.getLocalPort();
        }
    }
}
