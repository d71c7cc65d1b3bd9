package remus.agent.cli;

import java.nio.file.Path;
import java.util.concurrent.Callable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.ParameterException;
import picocli.CommandLine.Spec;
import remus.agent.daemon.AgentMain;

/** {@code remus agent}. */
@Command(
        name = "agent",
        description = {
            "Runs the agent of this host, until it gets SIGTERM.",
            "",
            "It is primary for the groups protected from here and backup for those of others. It"
                    + " prints one line when it is ready. Ending it leaves every guest running."
        },
        footerHeading = "%nExample:%n",
        footer = "  remus agent --config /etc/remus/agent.yaml --supervise")
@SuppressWarnings("NullAway.Init") // picocli sets what it declares
final class AgentCommand implements Callable<Integer> {
    static final String DEFAULT_CONFIG = "/etc/remus/agent.yaml";

    @Option(
            names = "--config",
            paramLabel = "FILE",
            defaultValue = DEFAULT_CONFIG,
            description = "Its configuration (default: ${DEFAULT-VALUE}).")
    private Path config;

    @Option(
            names = "--supervise",
            description =
                    "Restart it at once if it dies, so that a guest it had suspended runs on. Done"
                            + " by the launcher.")
    private boolean supervise;

    @Spec private CommandSpec spec;

    @Override
    public Integer call() {
        if (supervise) {
            throw new ParameterException(
                    spec.commandLine(), "--supervise works only through the launcher bin/remus");
        }
        return AgentMain.run(config);
    }
}
