package remus.agent.cli;

import java.nio.file.Path;
import java.util.Objects;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine;
import picocli.CommandLine.ParameterException;
import picocli.CommandLine.UnmatchedArgumentException;
import remus.agent.daemon.AgentMain;
import remus.domain.DomainException;

/** The {@code remus} program. */
public final class Main {
    private static final String AGENT = "agent";

    private Main() {}

    /** Runs one command and ends the process with its {@link ExitCode}. */
    public static void main(String[] arguments) {
        Path config = plainAgent(arguments);
        System.exit(config != null ? AgentMain.run(config) : call(arguments));
    }

    /**
     * The configuration of an agent that is started without anything odd, else null. A guest may
     * stand still until the agent runs, and the parser of commands takes half of its start: the
     * JVM's archive cannot hold classes as old as picocli's.
     */
    static @Nullable Path plainAgent(String... arguments) {
        if (arguments.length == 1 && arguments[0].equals(AGENT)) {
            return Path.of(AgentCommand.DEFAULT_CONFIG);
        }
        return arguments.length == 3
                        && arguments[0].equals(AGENT)
                        && arguments[1].equals("--config")
                        && !arguments[2].startsWith("-")
                ? Path.of(arguments[2])
                : null;
    }

    /** Runs one command in this process and returns its {@link ExitCode}. */
    public static int call(String... arguments) {
        boolean terminal = Boolean.getBoolean("remus.terminal");
        return run(new Console(System.out, System.err, terminal), arguments);
    }

    static int run(Console console, String... arguments) {
        return commandLine(console).execute(arguments);
    }

    static CommandLine commandLine(Console console) {
        CommandLine remus = new CommandLine(new RemusCommand(console));
        NbdServeCommand.ownSocket(remus);
        return remus.setUsageHelpAutoWidth(false)
                .setUsageHelpWidth(100)
                .setCaseInsensitiveEnumValuesAllowed(true)
                .setParameterExceptionHandler((wrong, given) -> wrongUsage(console, wrong))
                .setExecutionExceptionHandler(
                        (cause, command, parsed) -> failed(console, command, cause));
    }

    private static int wrongUsage(Console console, ParameterException wrong) {
        String command = wrong.getCommandLine().getCommandSpec().qualifiedName();
        console.err().println("error: " + Table.clean(Objects.toString(wrong.getMessage())));
        if (wrong instanceof UnmatchedArgumentException unmatched
                && !unmatched.getSuggestions().isEmpty()) {
            console.err()
                    .println(
                            "fix: did you mean "
                                    + String.join(" or ", unmatched.getSuggestions())
                                    + "? See `"
                                    + command
                                    + " --help`");
        } else {
            console.err().println("fix: see `" + command + " --help`");
        }
        return ExitCode.USAGE;
    }

    private static int failed(Console console, CommandLine command, Exception cause)
            throws Exception {
        if (cause instanceof DomainException refused) {
            console.refuse(refused);
            return refused.code().equals(AgentClient.UNREACHABLE)
                    ? ExitCode.UNREACHABLE
                    : ExitCode.FAILED;
        }
        console.err()
                .println(
                        "error: `"
                                + command.getCommandSpec().qualifiedName()
                                + "` met a bug: "
                                + cause);
        console.err().println("fix: report it with the lines that follow");
        cause.printStackTrace(console.err());
        return ExitCode.FAILED;
    }
}
