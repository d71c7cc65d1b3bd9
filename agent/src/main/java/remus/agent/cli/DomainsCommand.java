package remus.agent.cli;

import java.util.concurrent.Callable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.ParentCommand;
import remus.agent.api.DomainRow;
import remus.agent.api.Finding;
import remus.agent.api.ListDomainsRequest;
import remus.agent.api.ListDomainsResponse;

/** {@code remus domains}. */
@Command(
        name = "domains",
        description =
                "Lists what runs here and can be protected, or why it cannot and what to do about"
                        + " it.",
        footerHeading = "%nExample:%n",
        footer = "  remus domains -o json")
@SuppressWarnings("NullAway.Init") // picocli sets what it declares
final class DomainsCommand implements Callable<Integer> {
    @ParentCommand private RemusCommand remus;
    @Mixin private OutputOption output;

    @Override
    public Integer call() {
        ListDomainsResponse response =
                remus.client()
                        .call(
                                "ListDomains",
                                ListDomainsRequest.getDefaultInstance(),
                                ListDomainsResponse.parser(),
                                AgentClient.LOOK);
        remus.console().out().print(output.render(response, () -> table(response)));
        return ExitCode.OK;
    }

    private static String table(ListDomainsResponse response) {
        if (response.getDomainsCount() == 0) {
            return "no virtual machine with a monitor socket runs here\n";
        }
        Table table =
                new Table("NAME", "STATE", "MEMORY", "HYPERVISOR", "PID", "PROTECTABLE", "GROUP");
        for (DomainRow row : response.getDomainsList()) {
            table.row(
                    row.getName(),
                    row.getState(),
                    Human.bytes(row.getMemoryBytes()),
                    row.getHypervisor(),
                    Long.toString(row.getPid()),
                    row.getProtectable() ? "yes" : "no",
                    row.getGroup().isEmpty() ? "-" : row.getGroup());
            for (Finding finding : row.getFindingsList()) {
                if (!finding.getPassed()) {
                    table.note("  " + finding.getCode() + ": " + finding.getProblem());
                    table.note("    fix: " + finding.getCorrection());
                }
            }
        }
        return table.render();
    }
}
