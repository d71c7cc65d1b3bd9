package remus.agent.engine;

import java.util.List;
import java.util.concurrent.CopyOnWriteArrayList;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;
import remus.agent.api.GroupStatus;
import remus.domain.DomainException;
import remus.ha.RecordStore.Unreadable;

/**
 * Groups whose records cannot be understood. Who may run or speak for them cannot be known, so
 * nothing is done on their account; they are shown, and their names are not given to others.
 */
final class UnknownGroups {
    private static final Logger LOG = LoggerFactory.getLogger(UnknownGroups.class);

    private final long sinceMillis = System.currentTimeMillis();
    private final List<Unreadable> groups = new CopyOnWriteArrayList<>();

    void add(Unreadable group) {
        LOG.error("{}: {}", group.name(), group.why().text());
        groups.add(group);
    }

    boolean isEmpty() {
        return groups.isEmpty();
    }

    /**
     * Demands that a name is none of these.
     *
     * @throws DomainException {@code record-unreadable}
     */
    void requireNone(String name) {
        for (Unreadable group : groups) {
            if (group.name().equals(name)) {
                throw refusal(group);
            }
        }
    }

    private static DomainException refusal(Unreadable group) {
        return new DomainException(
                group.why().code(), group.why().sentence(), group.why().correction());
    }

    List<GroupStatus> status() {
        return groups.stream()
                .map(
                        group ->
                                GroupStatus.newBuilder()
                                        .setName(group.name())
                                        .setRole("unknown")
                                        .setState("UNKNOWN")
                                        .setSinceUnixMillis(sinceMillis)
                                        .setReasonCode(group.why().code())
                                        .setReason(group.why().sentence())
                                        .setCorrection(group.why().correction())
                                        .build())
                .toList();
    }
}
