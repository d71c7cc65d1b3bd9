package remus.agent.cli;

import java.net.InetSocketAddress;
import java.nio.file.Path;
import java.util.concurrent.Callable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Option;
import picocli.CommandLine.ParentCommand;
import remus.agent.config.HostPort;
import remus.domain.DomainException;
import remus.ha.zookeeper.WitnessServer;

/** {@code remus witness}. */
@Command(
        name = "witness",
        description = {
            "Runs the witness: what decides which host may run a group when the two cannot hear"
                    + " each other. For those who have no ZooKeeper ensemble; it is one.",
            "",
            "Run it on a third host: on one of the two it would be lost with it. What it has"
                + " answered is on disk. Until it is interrupted. It asks nobody who he is: use it"
                + " on a private network."
        },
        footerHeading = "%nExample:%n",
        footer = "  remus witness --listen 0.0.0.0:2181 --data /var/lib/remus-witness")
@SuppressWarnings("NullAway.Init") // picocli sets what it declares
final class WitnessCommand implements Callable<Integer> {
    @Option(
            names = "--listen",
            paramLabel = "HOST:PORT",
            defaultValue = "0.0.0.0:2181",
            converter = NbdServeCommand.HostPortConverter.class,
            description = "Where it listens (default: ${DEFAULT-VALUE}).")
    private HostPort listen;

    @Option(
            names = "--data",
            paramLabel = "DIRECTORY",
            defaultValue = "/var/lib/remus-witness",
            description = "Where its records are (default: ${DEFAULT-VALUE}).")
    private Path data;

    @ParentCommand private RemusCommand remus;

    @Override
    public Integer call() throws InterruptedException {
        try (WitnessServer server =
                WitnessServer.start(new InetSocketAddress(listen.host(), listen.port()), data)) {
            Runtime.getRuntime().addShutdownHook(new Thread(server::close, "shutdown"));
            remus.console().out().println("ready witness=" + listen.host() + ":" + server.port());
            remus.console().out().flush();
            if (server.join()) { // a signal ends the process
                return ExitCode.OK;
            }
        }
        throw new DomainException(
                "witness-failed",
                "the witness has ended: it cannot write to " + data,
                "make room there, and start it again; its log says more");
    }
}
