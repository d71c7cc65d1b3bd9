package remus.agent.cli;

import java.util.concurrent.Callable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Option;
import picocli.CommandLine.Parameters;
import picocli.CommandLine.ParentCommand;
import remus.agent.api.UnprotectRequest;
import remus.agent.api.UnprotectResponse;

/** {@code remus unprotect}. */
@Command(
        name = "unprotect",
        description = "Lets go of a group; its guests stay exactly as they were found.",
        footerHeading = "%nExample:%n",
        footer = "  remus unprotect web1")
@SuppressWarnings("NullAway.Init") // picocli sets what it declares
final class UnprotectCommand implements Callable<Integer> {
    @Parameters(
            paramLabel = "GROUP",
            description = "The group; a single domain's is named after it.")
    private String group;

    @Option(
            names = "--force",
            description =
                    "Also if the backup cannot be asked. You vouch that it does not run the group:"
                            + " two running copies would both speak.")
    private boolean force;

    @ParentCommand private RemusCommand remus;

    @Override
    public Integer call() {
        UnprotectResponse response =
                remus.client()
                        .call(
                                "Unprotect",
                                UnprotectRequest.newBuilder()
                                        .setGroup(group)
                                        .setForce(force)
                                        .build(),
                                UnprotectResponse.parser(),
                                AgentClient.ACT);
        remus.console().out().println(Table.clean(response.getOutcome()));
        return ExitCode.OK;
    }
}
