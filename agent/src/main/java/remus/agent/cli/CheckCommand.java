package remus.agent.cli;

import java.util.List;
import java.util.concurrent.Callable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Option;
import picocli.CommandLine.Parameters;
import picocli.CommandLine.ParentCommand;
import remus.agent.api.CheckRequest;
import remus.agent.api.CheckResponse;
import remus.agent.api.Finding;

/** {@code remus check}. */
@Command(
        name = "check",
        description = "Examines every condition of protecting domains on a host. Changes nothing.",
        footerHeading = "%nExample:%n",
        footer = "  remus check web1,web2 hostB")
@SuppressWarnings("NullAway.Init") // picocli sets what it declares
final class CheckCommand implements Callable<Integer> {
    @Parameters(
            index = "0",
            arity = "1",
            paramLabel = "DOMAIN",
            split = ",",
            description = "Domains, separated by commas.")
    private List<String> domains;

    @Parameters(index = "1", paramLabel = "HOST", description = "The backup: a name under `peers`.")
    private String host;

    @Option(names = "--unsafe", description = "Examine for `protect --unsafe`.")
    private boolean unsafe;

    @ParentCommand private RemusCommand remus;
    @Mixin private DiskOptions disks;
    @Mixin private OutputOption output;

    @Override
    public Integer call() {
        CheckResponse response =
                remus.client()
                        .call(
                                "Check",
                                CheckRequest.newBuilder()
                                        .addAllDomains(domains)
                                        .setHost(host)
                                        .setUnsafe(unsafe)
                                        .addAllNoDisks(disks.noDisks())
                                        .setCopyMedia(disks.copyMedia())
                                        .build(),
                                CheckResponse.parser(),
                                AgentClient.ACT);
        remus.console().out().print(output.render(response, () -> table(response)));
        return failures(response) == 0 ? ExitCode.OK : ExitCode.FAILED;
    }

    private static long failures(CheckResponse response) {
        return response.getFindingsList().stream().filter(f -> !f.getPassed()).count();
    }

    private static String table(CheckResponse response) {
        Table table = new Table("RESULT", "CODE", "FINDING");
        for (Finding finding : response.getFindingsList()) {
            table.row(
                    finding.getPassed() ? "PASS" : "FAIL", finding.getCode(), finding.getProblem());
            if (!finding.getPassed()) {
                table.note("        fix: " + finding.getCorrection());
            }
        }
        long failures = failures(response);
        return table.render()
                + (failures == 0
                        ? "all " + response.getFindingsCount() + " conditions hold\n"
                        : failures
                                + " of "
                                + response.getFindingsCount()
                                + " conditions do not hold\n");
    }
}
