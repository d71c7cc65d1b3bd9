package remus.domain.qemu;

import java.nio.file.Path;
import java.util.Collection;
import java.util.List;
import remus.domain.Finding;
import remus.domain.Standby;
import remus.domain.StandbySpec;
import remus.domain.linux.ProcessFiles;

/** Standbys in QEMU processes of this host, made with the same settings. */
public final class QemuStandbys implements QemuHypervisor.Standbys {
    private final StandbySettings settings;

    /** Makes standbys as the settings say. */
    public QemuStandbys(StandbySettings settings) {
        this.settings = settings;
    }

    @Override
    public List<Finding> check(StandbySpec spec) {
        return new StandbyCheck(spec, settings).findings();
    }

    @Override
    public Standby create(StandbySpec spec, List<Path> images) {
        return QemuStandby.create(spec, images, settings);
    }

    /**
     * Puts in its place what an earlier life of this agent left: destroys standbys, leaves domains
     * alone, and finishes takeovers.
     *
     * @param activatedPids processes whose takeover is on record
     * @param unknown whether there are records that could not be read: what none of {@code known}
     *     is, is then left alone
     * @param known processes that the records name
     */
    public void settleLeftovers(
            Collection<Long> activatedPids, boolean unknown, Collection<Long> known) {
        new StandbyLeftovers(settings).settle(activatedPids, unknown, known);
    }

    /** Whether the process of a domain that was a standby is there. */
    public static boolean isAlive(long pid, long startTicks) {
        return ProcessFiles.isAlive(pid, startTicks);
    }

    /**
     * Whether a domain that was a standby, and is not there any more, ended by its guest's or its
     * owner's will, rather than by being killed or with the host.
     */
    public boolean endedInOrder(long pid) {
        return new StandbyLeftovers(settings).endedInOrder(pid);
    }
}
