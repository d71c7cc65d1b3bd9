package remus.domain.qemu;

import java.nio.file.Path;
import java.util.Collection;
import java.util.List;
import java.util.function.LongPredicate;
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
     * @param mayDestroy whether a process that is still a standby is of no use any more
     */
    public void settleLeftovers(Collection<Long> activatedPids, LongPredicate mayDestroy) {
        new StandbyLeftovers(settings).settle(activatedPids, mayDestroy);
    }

    /**
     * Makes standbys run that an earlier life of this agent loaded, or destroys them.
     *
     * @param pids their processes
     * @param run which of the two
     */
    public void decided(Collection<Long> pids, boolean run) {
        new StandbyLeftovers(settings).decided(pids, run);
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
