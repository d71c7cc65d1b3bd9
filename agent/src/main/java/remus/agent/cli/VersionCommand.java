package remus.agent.cli;

import java.util.concurrent.Callable;
import picocli.CommandLine.Command;
import picocli.CommandLine.ParentCommand;
import remus.agent.Version;
import remus.agent.api.GetVersionRequest;
import remus.agent.api.GetVersionResponse;

/** {@code remus version}. */
@Command(
        name = "version",
        description = "Shows the version of this command, and of the agent if one runs.",
        footerHeading = "%nExample:%n",
        footer = "  remus version")
@SuppressWarnings("NullAway.Init") // picocli sets what it declares
final class VersionCommand implements Callable<Integer> {
    @ParentCommand private RemusCommand remus;

    @Override
    public Integer call() {
        remus.console().out().println("remus " + Version.CURRENT);
        GetVersionResponse agent =
                remus.client()
                        .call(
                                "GetVersion",
                                GetVersionRequest.getDefaultInstance(),
                                GetVersionResponse.parser(),
                                AgentClient.LOOK);
        remus.console()
                .out()
                .println(
                        "agent "
                                + Table.clean(agent.getVersion())
                                + " on "
                                + Table.clean(agent.getHost())
                                + ", replication protocol "
                                + agent.getProtocolMin()
                                + " to "
                                + agent.getProtocolMax());
        return ExitCode.OK;
    }
}
