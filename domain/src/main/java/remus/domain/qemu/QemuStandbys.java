package remus.domain.qemu;

import java.util.Collection;
import java.util.List;
import remus.domain.Finding;
import remus.domain.Standby;
import remus.domain.StandbySpec;

/** Standbys in QEMU processes of this host, made with the same settings. */
public final class QemuStandbys implements QemuHypervisor.Standbys {
    private final StandbySettings settings;

    /** Makes standbys as the settings say. */
    public QemuStandbys(StandbySettings settings) {
        this.settings = settings;
    }

    @Override
    public List<Finding> check(QemuStandbySpec spec) {
        return new StandbyCheck(spec, settings).findings();
    }

    @Override
    public Standby create(StandbySpec spec) {
        return QemuStandby.create(spec, settings);
    }

    /**
     * Puts in its place what an earlier life of this agent left: destroys standbys, leaves domains
     * alone, and finishes takeovers.
     *
     * @param activatedPids processes whose takeover is on record
     */
    public void settleLeftovers(Collection<Long> activatedPids) {
        new StandbyLeftovers(settings).settle(activatedPids);
    }
}
