package remus.agent.cli;

import java.nio.file.Path;
import picocli.CommandLine.Command;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.ParameterException;
import picocli.CommandLine.ScopeType;
import picocli.CommandLine.Spec;

/** {@code remus}: holds what every verb needs. */
@Command(
        name = "remus",
        mixinStandardHelpOptions = false,
        synopsisSubcommandLabel = "COMMAND",
        description = {
            "Keeps running virtual machines alive through the loss of their host.",
            "",
            "Many times a second the guest is suspended for some milliseconds and what changed goes"
                + " to a backup host; no reply leaves before the backup holds the state that caused"
                + " it."
        },
        footerHeading = "%nExamples:%n",
        footer = {
            "  remus domains                       what runs here, and whether it can be protected",
            "  remus check web1 hostB              every condition, examined; changes nothing",
            "  remus protect web1 hostB            protect, until the backup holds a checkpoint",
            "  remus status --watch                see it work",
            "  remus failover web1                 on hostB: run the guest there"
        },
        exitCodeListHeading = "%nExit codes:%n",
        exitCodeList = {
            "0:ok",
            "1:failed, or a condition is not met",
            "2:wrong usage",
            "3:the agent cannot be reached",
            "130:interrupted"
        },
        subcommands = {
            AgentCommand.class,
            DomainsCommand.class,
            CheckCommand.class,
            ProtectCommand.class,
            UnprotectCommand.class,
            StatusCommand.class,
            TuneCommand.class,
            FailoverCommand.class,
            NbdCommand.class,
            WitnessCommand.class,
            VersionCommand.class
        })
@SuppressWarnings("NullAway.Init") // picocli sets what it declares
final class RemusCommand implements Runnable {
    static final String DEFAULT_SOCKET = "/run/remus/control.sock";

    @Option(
            names = "--socket",
            paramLabel = "PATH",
            scope = ScopeType.INHERIT,
            defaultValue = "${env:REMUS_SOCKET:-" + DEFAULT_SOCKET + "}",
            description =
                    "The agent's control socket (default: $REMUS_SOCKET, or "
                            + DEFAULT_SOCKET
                            + ").")
    private Path socket;

    @Option(
            names = {"-h", "--help"},
            usageHelp = true,
            scope = ScopeType.INHERIT,
            description = "Show this help.")
    @SuppressWarnings("UnusedVariable") // declares the option; picocli acts on it
    private boolean help;

    @Spec private CommandSpec spec;

    private final Console console;

    RemusCommand(Console console) {
        this.console = console;
    }

    Console console() {
        return console;
    }

    AgentClient client() {
        return new AgentClient(socket);
    }

    @Override
    public void run() {
        throw new ParameterException(spec.commandLine(), "no command is given");
    }
}
