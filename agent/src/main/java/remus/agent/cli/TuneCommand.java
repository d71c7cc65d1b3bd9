package remus.agent.cli;

import java.time.Duration;
import java.util.concurrent.Callable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Option;
import picocli.CommandLine.Parameters;
import picocli.CommandLine.ParentCommand;
import remus.agent.api.TuneRequest;
import remus.agent.api.TuneResponse;

/** {@code remus tune}. */
@Command(
        name = "tune",
        description = "Changes the checkpoint interval of a running protection.",
        footerHeading = "%nExample:%n",
        footer = "  remus tune web1 --interval 25ms")
@SuppressWarnings("NullAway.Init") // picocli sets what it declares
final class TuneCommand implements Callable<Integer> {
    @Parameters(paramLabel = "GROUP", description = "The group.")
    private String group;

    @Option(
            names = "--interval",
            paramLabel = "DURATION",
            required = true,
            converter = IntervalConverter.class,
            description =
                    "Time between checkpoints, 1ms to 10s. Shorter: replies leave sooner, the guest"
                            + " runs slower.")
    private Duration interval;

    @ParentCommand private RemusCommand remus;

    @Override
    public Integer call() {
        TuneResponse response =
                remus.client()
                        .call(
                                "Tune",
                                TuneRequest.newBuilder()
                                        .setGroup(group)
                                        .setIntervalNanos(interval.toNanos())
                                        .build(),
                                TuneResponse.parser(),
                                AgentClient.LOOK);
        remus.console()
                .out()
                .println(group + ": interval is " + Human.duration(response.getIntervalNanos()));
        return ExitCode.OK;
    }
}
