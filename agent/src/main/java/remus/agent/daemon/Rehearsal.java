package remus.agent.daemon;

import java.io.File;
import java.io.IOException;
import java.net.ServerSocket;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Collections;
import java.util.Comparator;
import java.util.List;
import java.util.jar.JarEntry;
import java.util.jar.JarFile;
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
        loadOwnClasses();
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

    /**
     * All of Remus, also what only a first lap or a takeover needs: read out of jars, its classes
     * would be milliseconds of a guest's pause.
     */
    private static void loadOwnClasses() throws IOException {
        for (String part : System.getProperty("java.class.path").split(File.pathSeparator, -1)) {
            Path jar = Path.of(part);
            if (!jar.getFileName().toString().startsWith("remus-")) {
                continue;
            }
            try (JarFile classes = new JarFile(jar.toFile())) {
                for (JarEntry entry : Collections.list(classes.entries())) {
                    load(entry.getName());
                }
            }
        }
    }

    private static void load(String entry) {
        if (entry.endsWith(".class") && !entry.endsWith("-info.class")) {
            String name = entry.substring(0, entry.length() - ".class".length());
            try {
                Class.forName(name.replace('/', '.'), false, Rehearsal.class.getClassLoader());
            } catch (ClassNotFoundException e) {
                throw new IllegalStateException(e);
            }
        }
    }

    private static int freePort() throws IOException {
        try (ServerSocket socket = new ServerSocket(0)) {
            return socket.getLocalPort();
        }
    }
}
