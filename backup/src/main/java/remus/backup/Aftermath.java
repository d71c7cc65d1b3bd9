package remus.backup;

import java.util.List;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;
import remus.backup.BackupHost.Afterlife;
import remus.domain.DomainException;
import remus.ha.GroupRecord;

/** Looks what becomes of the domains that were taken over. */
final class Aftermath {
    private static final Logger LOG = LoggerFactory.getLogger(Aftermath.class);
    private static final long LOOK_NANOS = 1_000_000_000;

    private final BackupHost host;
    private final BackupWorks works;
    private final BackupCore core;
    private volatile List<Afterlife> afterlives = List.of();
    private long nextLook;

    Aftermath(BackupHost host, BackupWorks works, BackupCore core) {
        this.host = host;
        this.works = works;
        this.core = core;
        nextLook = host.nanoTime();
    }

    /** What was seen last, in the members' order; empty before the first look. */
    List<Afterlife> afterlives() {
        return afterlives;
    }

    /** Looks if it is time to. Returns nanoseconds until the next look. */
    long follow(long now) {
        if (now - nextLook < 0) {
            return nextLook - now;
        }
        nextLook = now + LOOK_NANOS;
        List<GroupRecord.Member> members = works.record().members();
        afterlives = members.stream().map(host::afterlife).toList();
        try {
            core.followed(members, afterlives, now);
        } catch (DomainException e) {
            LOG.warn("{}: cannot be recorded: {}", works.record().name(), e.getMessage());
        }
        return LOOK_NANOS;
    }
}
