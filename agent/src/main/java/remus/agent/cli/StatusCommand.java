package remus.agent.cli;

import java.time.Duration;
import java.util.concurrent.Callable;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.TimeUnit;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Option;
import picocli.CommandLine.Parameters;
import picocli.CommandLine.ParentCommand;
import remus.agent.api.StatusRequest;
import remus.agent.api.StatusResponse;

/** {@code remus status}. */
@Command(
        name = "status",
        description =
                "Shows each group's state, why and since when, and what its checkpoints cost.",
        footerHeading = "%nExamples:%n",
        footer = {"  remus status --watch", "  remus status web1 -o json"})
@SuppressWarnings("NullAway.Init") // picocli sets what it declares
final class StatusCommand implements Callable<Integer> {
    private static final Duration REFRESH = Duration.ofSeconds(1);
    private static final String HOME_AND_CLEAR = "\033[H\033[J";

    @Parameters(
            paramLabel = "GROUP",
            arity = "0..1",
            defaultValue = "",
            description = "Only this group.")
    private String group;

    @Option(names = "--watch", description = "Show it anew every second, until interrupted.")
    private boolean watch;

    @ParentCommand private RemusCommand remus;
    @Mixin private OutputOption output;

    @Override
    public Integer call() throws InterruptedException {
        CountDownLatch never = new CountDownLatch(1);
        do {
            StatusResponse response = status(remus.client(), group);
            String text = output.render(response, () -> StatusTable.render(response));
            Console console = remus.console();
            console.out().print(watch && console.terminal() ? HOME_AND_CLEAR + text : text);
            console.out().flush();
        } while (watch && !never.await(REFRESH.toMillis(), TimeUnit.MILLISECONDS));
        return ExitCode.OK;
    }

    static StatusResponse status(AgentClient client, String group) {
        return client.call(
                "Status",
                StatusRequest.newBuilder().setGroup(group).build(),
                StatusResponse.parser(),
                AgentClient.LOOK);
    }
}
