package remus.backup;

import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.function.Consumer;
import remus.diskbuf.DiskCopy;
import remus.domain.Domain;
import remus.domain.DomainException;
import remus.domain.Finding;
import remus.domain.Hypervisor;
import remus.domain.Standby;
import remus.domain.StandbySpec;
import remus.ha.GroupRecord;
import remus.ha.Reason;
import remus.ha.RecordStore;
import remus.ha.witness.Witness;

/** A host without guests: groups are kept, and step when the test says so. */
final class FakeBackupHost implements BackupHost, Hypervisor, RecordStore {
    long now;
    final List<BackupGroup> groups = new CopyOnWriteArrayList<>();
    final Map<String, GroupRecord> disk = new ConcurrentHashMap<>();
    final List<Unreadable> unreadable = new ArrayList<>();
    final Map<String, Afterlife> afterlives = new ConcurrentHashMap<>();
    final List<Thread> background = new ArrayList<>();

    /** What happens while an offer is examined. */
    volatile Runnable examining = () -> {};

    @Override
    public Hypervisor hypervisor(String kind) {
        return this;
    }

    @Override
    public DiskCopy openDisks(String group, List<StandbySpec> members) {
        return DiskCopy.NONE;
    }

    @Override
    public String kind() {
        return "fake";
    }

    @Override
    public List<DomainSummary> domains() {
        return List.of();
    }

    @Override
    public Domain open(String name) {
        throw new DomainException("unknown-domain", name, "none");
    }

    @Override
    public List<Finding> checkStandby(StandbySpec spec) {
        examining.run();
        return List.of();
    }

    @Override
    public Standby createStandby(StandbySpec spec, List<Path> images) {
        throw new DomainException("no-memory", "no memory for " + spec.name(), "buy some");
    }

    @Override
    public RecordStore records() {
        return this;
    }

    @Override
    public void put(GroupRecord record) {
        disk.put(record.name(), record);
    }

    @Override
    public void remove(String name) {
        disk.remove(name);
    }

    @Override
    public Contents list() {
        return new Contents(List.copyOf(disk.values()), unreadable);
    }

    @Override
    public void probe(String host, int port, Consumer<Boolean> refused) {}

    @Override
    public Afterlife afterlife(GroupRecord.Member member) {
        return afterlives.getOrDefault(member.name(), Afterlife.RUNNING);
    }

    @Override
    public Witness witness() {
        return null;
    }

    @Override
    public String identity() {
        return "fake";
    }

    @Override
    public long newNonce() {
        return 1;
    }

    @Override
    public Reason runLeft(List<GroupRecord.Member> members) {
        return new Reason("standby-lost", "there are no guests here");
    }

    @Override
    public void destroyLeft(List<GroupRecord.Member> members) {}

    @Override
    public void conduct(BackupGroup group) {
        groups.add(group);
    }

    @Override
    public synchronized void background(Runnable task) {
        Thread thread = new Thread(task, "background-" + background.size());
        background.add(thread);
        thread.start();
    }

    @Override
    public long nanoTime() {
        return now;
    }

    @Override
    public String software() {
        return "fake";
    }
}
