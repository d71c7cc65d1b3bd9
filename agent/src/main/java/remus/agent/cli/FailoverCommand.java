package remus.agent.cli;

import java.util.concurrent.Callable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Option;
import picocli.CommandLine.Parameters;
import picocli.CommandLine.ParentCommand;
import remus.agent.api.FailoverRequest;
import remus.agent.api.FailoverResponse;

/** {@code remus failover}. */
@Command(
        name = "failover",
        description = {
            "On the backup: runs the group here, from its last acknowledged checkpoint.",
            "If the primary still runs it, its copy is silenced and stops when it hears of it."
        },
        footerHeading = "%nExample:%n",
        footer = "  remus failover web1")
@SuppressWarnings("NullAway.Init") // picocli sets what it declares
final class FailoverCommand implements Callable<Integer> {
    @Parameters(paramLabel = "GROUP", description = "The group whose standby this host keeps.")
    private String group;

    @Option(
            names = "--force",
            description =
                    "Also if the witness cannot be asked. You vouch that the primary is lost: two"
                            + " copies may run if it is not.")
    private boolean force;

    @ParentCommand private RemusCommand remus;

    @Override
    public Integer call() {
        FailoverResponse response =
                remus.client()
                        .call(
                                "Failover",
                                FailoverRequest.newBuilder()
                                        .setGroup(group)
                                        .setForce(force)
                                        .build(),
                                FailoverResponse.parser(),
                                AgentClient.ACT);
        remus.console().out().println(Table.clean(response.getOutcome()));
        return ExitCode.OK;
    }
}
