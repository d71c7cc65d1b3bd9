package remus.agent.cli;

import java.time.Duration;
import java.util.List;
import java.util.Locale;
import java.util.concurrent.Callable;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Option;
import picocli.CommandLine.Parameters;
import picocli.CommandLine.ParentCommand;
import remus.agent.api.ProtectRequest;

/** {@code remus protect}. */
@Command(
        name = "protect",
        description = {
            "Protects running domains on a backup host, as one group, and returns when the backup"
                    + " has acknowledged the first checkpoint.",
            "",
            "The guests run on meanwhile. Interrupting the command before that cancels the"
                    + " protection; the guests are then as they were."
        },
        footerHeading = "%nExamples:%n",
        footer = {
            "  remus protect web1 hostB",
            "  remus protect web1,db1 hostB --group shop --interval 25ms",
            "  remus protect web1 hostB --copy-media --no-disk scratch --unsafe"
        })
@SuppressWarnings("NullAway.Init") // picocli sets what it declares
final class ProtectCommand implements Callable<Integer> {
    /** What happens when the primary is lost. */
    enum Failover {
        MANUAL,
        AUTOMATIC,
        AUTOMATIC_WITHOUT_WITNESS;

        @Override
        public String toString() {
            return name().toLowerCase(Locale.ROOT).replace('_', '-');
        }
    }

    /** How writes to disks are captured. */
    enum DiskMode {
        AUTO,
        MIRROR,
        BOOT_TIME;

        @Override
        public String toString() {
            return name().toLowerCase(Locale.ROOT).replace('_', '-');
        }
    }

    @Parameters(
            index = "0",
            arity = "1",
            paramLabel = "DOMAIN",
            split = ",",
            description = "Domains, separated by commas.")
    private List<String> domains;

    @Parameters(index = "1", paramLabel = "HOST", description = "The backup: a name under `peers`.")
    private String host;

    @Option(
            names = "--group",
            paramLabel = "NAME",
            defaultValue = "",
            description = "The group's name (default: that of its only domain).")
    private String group;

    @Option(
            names = "--interval",
            paramLabel = "DURATION",
            converter = IntervalConverter.class,
            description = "Time between checkpoints, 1ms to 10s (default: the agent's `interval`).")
    private @Nullable Duration interval;

    @Option(
            names = "--failover",
            paramLabel = "MODE",
            defaultValue = "manual",
            description =
                    "${COMPLETION-CANDIDATES} (default: ${DEFAULT-VALUE}). `automatic` needs a"
                        + " witness. Without one a broken link between the hosts looks like a lost"
                        + " primary: two copies may then run; that needs --unsafe.")
    private Failover failover;

    @Option(
            names = "--disk",
            paramLabel = "MODE",
            defaultValue = "auto",
            description =
                    "${COMPLETION-CANDIDATES} (default: ${DEFAULT-VALUE}). How writes to disks are"
                        + " captured: boot-time refuses a disk that is no export of the agent, auto"
                        + " mirrors it.")
    private DiskMode disk;

    @Option(names = "--unsafe", description = "Accept what `remus check` calls unsafe.")
    private boolean unsafe;

    @ParentCommand private RemusCommand remus;
    @Mixin private DiskOptions disks;

    @Override
    public Integer call() throws InterruptedException {
        ProtectRequest request =
                ProtectRequest.newBuilder()
                        .addAllDomains(domains)
                        .setHost(host)
                        .setGroup(group)
                        .setIntervalNanos(interval == null ? 0 : interval.toNanos())
                        .setFailover(failover.toString())
                        .setDisk(disk.toString())
                        .setUnsafe(unsafe)
                        .addAllNoDisks(disks.noDisks())
                        .setCopyMedia(disks.copyMedia())
                        .build();
        Protecting protecting = new Protecting(remus.client(), remus.console());
        // SIGINT runs it, and the JVM then ends with 130; once the outcome is decided it does
        // nothing
        Runtime.getRuntime().addShutdownHook(new Thread(protecting::cancel, "cancel"));
        return protecting.run(request);
    }
}
