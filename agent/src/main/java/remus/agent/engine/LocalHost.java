package remus.agent.engine;

import java.nio.file.Path;
import java.security.SecureRandom;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.function.Consumer;
import org.jspecify.annotations.Nullable;
import remus.agent.Version;
import remus.agent.config.AgentConfig;
import remus.agent.control.RunDirectory;
import remus.backup.BackupGroup;
import remus.backup.BackupHost;
import remus.diskbuf.DiskBuffer;
import remus.diskbuf.DiskCopy;
import remus.domain.CheckpointDevice;
import remus.domain.DomainException;
import remus.domain.Finding;
import remus.domain.Hypervisor;
import remus.domain.SlabPool;
import remus.domain.StandbySpec;
import remus.domain.linux.HugePages;
import remus.domain.qemu.QemuDomain;
import remus.domain.qemu.QemuHypervisor;
import remus.domain.qemu.QemuStandbys;
import remus.ha.ConductorThread;
import remus.ha.FileRecordStore;
import remus.ha.GroupRecord;
import remus.ha.Reason;
import remus.ha.RecordStore;
import remus.ha.witness.Witness;
import remus.ha.zookeeper.ZooKeeperWitness;
import remus.netbuf.NetBuffer;
import remus.netbuf.RedirectorBuffer;
import remus.primary.Member;
import remus.primary.PrimaryHost;
import remus.primary.ProtectionSettings;
import remus.protocol.PeerLink;
import remus.protocol.wire.Channel;

/** The real host under both engines. */
final class LocalHost implements PrimaryHost, BackupHost {
    /** Output of one NIC that may be held; at half of it the next checkpoint comes early. */
    private static final int HELD_BYTES = 16 << 20;

    private static final Duration WITNESS_PATIENCE = Duration.ofSeconds(5);

    private final AgentConfig config;
    private final Path netDirectory;
    private final LocalExports exports;
    private final LocalDisks disks;
    private final Wire wire;
    private final RecordStore records;
    private final String identity;
    private final @Nullable ZooKeeperWitness witness;
    private final QemuStandbys standbys;
    private final QemuHypervisor qemu;
    private final QemuHypervisor unsafeQemu;
    private final List<SlabPool> idleStaging = new ArrayList<>();
    private final SecureRandom random = new SecureRandom();
    private final ExecutorService background =
            Executors.newCachedThreadPool(
                    task -> {
                        Thread thread = new Thread(task, "remus-background");
                        thread.setDaemon(true);
                        return thread;
                    });

    LocalHost(AgentConfig config, Wire wire, QemuStandbys standbys) {
        this.config = config;
        netDirectory = config.runDir().resolve("net");
        RunDirectory.prepare(netDirectory);
        exports =
                new LocalExports(
                        config.disks().exports(),
                        config.disks().exportUser(),
                        config.runDir().resolve("exports"));
        disks = new LocalDisks(config.disks(), config.runDir().resolve("disk"), exports);
        this.wire = wire;
        this.standbys = standbys;
        records = new FileRecordStore(config.stateDir().resolve("groups"));
        Path directory = config.runDir().resolve("qemu");
        identity = HostIdentity.of(config.stateDir());
        witness = config.witness() == null ? null : Witnesses.connect(config.witness());
        qemu = new QemuHypervisor(directory, false, standbys);
        unsafeQemu = new QemuHypervisor(directory, true, standbys);
    }

    LocalExports exports() {
        return exports;
    }

    QemuHypervisor qemu(boolean unsafe) {
        return unsafe ? unsafeQemu : qemu;
    }

    @Override
    public Member open(String name, ProtectionSettings settings) {
        QemuDomain domain = qemu(settings.unsafe()).open(name, settings.disks().of(name));
        try {
            Finding.require(domain.preflight());
            List<NetBuffer> netBuffers = netBuffers(domain);
            List<DiskBuffer> diskBuffers = disks.buffers(domain, settings.disks().mode());
            List<CheckpointDevice> devices = new ArrayList<>(netBuffers);
            devices.addAll(diskBuffers);
            return new Member(domain, netBuffers, diskBuffers, devices, domain.leftOutDisks());
        } catch (RuntimeException e) {
            domain.close();
            throw e;
        }
    }

    private List<NetBuffer> netBuffers(QemuDomain domain) {
        Path sockets = netDirectory.resolve(Long.toString(domain.identity().pid()));
        List<NetBuffer> buffers = new ArrayList<>();
        for (String netdev : domain.netdevs()) {
            buffers.add(
                    new RedirectorBuffer(
                            domain.monitor(),
                            domain.identity().pid(),
                            netdev,
                            sockets,
                            HELD_BYTES));
        }
        return buffers;
    }

    @Override
    public void dial(
            ProtectionSettings.PeerAddress peer,
            Channel channel,
            PeerLink.Listener listener,
            Consumer<PeerLink> connected,
            Consumer<String> failed) {
        wire.dial(peer.host(), peer.port(), channel, listener, connected, failed);
    }

    @Override
    public Hypervisor hypervisor(String kind) {
        if (!kind.equals(qemu.kind())) {
            throw new DomainException(
                    "no-hypervisor",
                    "hypervisor: " + kind + " (expected: " + qemu.kind() + ")",
                    "protect this domain towards a host that runs " + kind);
        }
        return qemu;
    }

    @Override
    public DiskCopy openDisks(String group, List<StandbySpec> members) {
        return disks.open(group, members);
    }

    @Override
    public RecordStore records() {
        return records;
    }

    @Override
    public void probe(String host, int port, Consumer<Boolean> refused) {
        wire.probe(host, port, refused);
    }

    @Override
    public Afterlife afterlife(GroupRecord.Member member) {
        if (QemuStandbys.isAlive(member.pid(), member.startTicks())) {
            return Afterlife.RUNNING;
        }
        return standbys.endedInOrder(member.pid()) ? Afterlife.OFF : Afterlife.GONE;
    }

    @Override
    public @Nullable Witness witness() {
        return witness;
    }

    @Override
    public String identity() {
        return identity;
    }

    @Override
    public @Nullable Reason runLeft(List<GroupRecord.Member> members) {
        List<Long> pids = members.stream().map(GroupRecord.Member::pid).toList();
        standbys.decided(pids, true);
        for (GroupRecord.Member member : members) {
            if (!QemuStandbys.isAlive(member.pid(), member.startTicks())) {
                return new Reason(
                        "standby-lost", "the copy of " + member.name() + " on this host is gone");
            }
        }
        return null;
    }

    @Override
    public void destroyLeft(List<GroupRecord.Member> members) {
        List<Long> pids = members.stream().map(GroupRecord.Member::pid).toList();
        standbys.decided(pids, false);
    }

    @Override
    public void conduct(BackupGroup group) {
        ConductorThread.start("backup-" + group.view().record().name(), group, group.mailbox());
    }

    @Override
    public void background(Runnable task) {
        background.execute(task);
    }

    /** Whether the witness, if one is configured, can be reached. */
    Finding examineWitness() {
        ZooKeeperWitness session = witness;
        return session == null || session.awaitLive(WITNESS_PATIENCE)
                ? Finding.pass("witness-away", "the witness, if there is one, can be reached")
                : Finding.fail(
                        "witness-away",
                        "the witness cannot be reached from this host",
                        "start it, mend the network to it, or correct `witness.connect`");
    }

    /** In one word; empty if there is none. */
    String witnessState() {
        ZooKeeperWitness session = witness;
        if (session == null) {
            return "";
        }
        return session.isLive() ? "live" : "away";
    }

    /** Ends the session with the witness. */
    void close() {
        ZooKeeperWitness session = witness;
        if (session != null) {
            session.close();
        }
    }

    @Override
    public long nanoTime() {
        return System.nanoTime();
    }

    @Override
    public long newIncarnation() {
        return random.nextLong() >>> 1;
    }

    @Override
    public long newNonce() {
        return random.nextLong() | 1;
    }

    /** Staging memory is never given back to the system, only to the next group. */
    @Override
    public synchronized SlabPool staging(long capBytes) {
        for (SlabPool pool : idleStaging) {
            if (pool.available() == pool.capacity()) {
                idleStaging.remove(pool);
                return pool;
            }
        }
        return new SlabPool(capBytes, HugePages::allocateForever);
    }

    @Override
    public synchronized void stagingDone(SlabPool pool) {
        idleStaging.add(pool);
    }

    @Override
    public String software() {
        return "remus " + Version.CURRENT + " on " + config.name();
    }
}
