package remus.agent.cli;

import picocli.CommandLine.Command;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.ParameterException;
import picocli.CommandLine.ParentCommand;
import picocli.CommandLine.Spec;

/** {@code remus nbd}: what can be done with disks without an agent. */
@Command(
        name = "nbd",
        description = "Disks over the NBD protocol; needs no agent.",
        synopsisSubcommandLabel = "COMMAND",
        footerHeading = "%nExample:%n",
        footer = "  remus nbd serve disk.img --socket /run/disk.sock",
        subcommands = NbdServeCommand.class)
@SuppressWarnings("NullAway.Init") // picocli sets what it declares
final class NbdCommand implements Runnable {
    @ParentCommand private RemusCommand remus;
    @Spec private CommandSpec spec;

    Console console() {
        return remus.console();
    }

    @Override
    public void run() {
        throw new ParameterException(spec.commandLine(), "no command is given");
    }
}
