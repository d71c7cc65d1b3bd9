package remus.agent.engine;

import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.Executors;
import java.util.concurrent.ScheduledExecutorService;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;
import remus.agent.Version;
import remus.agent.api.CheckRequest;
import remus.agent.api.CheckResponse;
import remus.agent.api.DomainRow;
import remus.agent.api.FailoverRequest;
import remus.agent.api.FailoverResponse;
import remus.agent.api.GetVersionRequest;
import remus.agent.api.GetVersionResponse;
import remus.agent.api.ListDomainsRequest;
import remus.agent.api.ListDomainsResponse;
import remus.agent.api.ProtectRequest;
import remus.agent.api.ProtectResponse;
import remus.agent.api.StatusRequest;
import remus.agent.api.StatusResponse;
import remus.agent.api.TuneRequest;
import remus.agent.api.TuneResponse;
import remus.agent.api.UnprotectRequest;
import remus.agent.api.UnprotectResponse;
import remus.agent.config.AgentConfig;
import remus.agent.control.Operations;
import remus.backup.BackupGroup;
import remus.backup.BackupService;
import remus.domain.DiskSelection;
import remus.domain.DomainException;
import remus.domain.Finding;
import remus.domain.Hypervisor.DomainSummary;
import remus.domain.qemu.QemuStandbys;
import remus.ha.ConductorThread;
import remus.ha.GroupRecord;
import remus.ha.RecordStore;
import remus.primary.PrimaryGroup;
import remus.primary.ProtectionSettings;
import remus.protocol.Versions;
import remus.protocol.wire.FailoverMode;

/** Both engines of this host behind the control API: the agent's composition root. */
public final class Engine implements Operations {
    private static final Logger LOG = LoggerFactory.getLogger(Engine.class);
    private static final long COMMAND_SECONDS = 30;
    private static final long GOODBYE_SECONDS = 5;

    private final AgentConfig config;
    private final Plans plans;
    private final Wire wire = new Wire();
    private final QemuStandbys standbys;
    private final LocalHost host;
    private final UnknownGroups unknown = new UnknownGroups();
    private final Map<String, PrimaryGroup> primaries = new ConcurrentHashMap<>();
    private final ScheduledExecutorService heart =
            Executors.newSingleThreadScheduledExecutor(
                    task -> {
                        Thread thread = new Thread(task, "remus-heart");
                        thread.setDaemon(true);
                        return thread;
                    });
    private @Nullable BackupService backups;

    /** Nothing is touched before {@link #adopt}. */
    public Engine(AgentConfig config) {
        this.config = config;
        plans = new Plans(config);
        standbys = new QemuStandbys(plans.standbys());
        host = new LocalHost(config, wire, standbys);
    }

    /** Guests that wait for their disks first, and suspended ones; then who asks; who is asked. */
    @Override
    @SuppressWarnings("FutureReturnValueIgnored") // beat() logs what goes wrong
    public void adopt() {
        host.exports().serve(); // a QEMU that waits for its disk may not answer its monitor
        RecordStore.Contents contents = host.records().list();
        contents.unreadable().forEach(unknown::add);
        List<Long> running = new ArrayList<>();
        List<Long> known = new ArrayList<>();
        List<Long> undecided = new ArrayList<>();
        for (GroupRecord record : contents.records()) {
            List<Long> pids = record.members().stream().map(GroupRecord.Member::pid).toList();
            known.addAll(pids);
            if (record.role() == GroupRecord.Role.PRIMARY) {
                adopt(record);
            } else if (record.standing() == GroupRecord.Standing.ACTIVATED) {
                running.addAll(pids);
            } else if (record.standing() == GroupRecord.Standing.CLAIMING) {
                undecided.addAll(pids);
            }
        }
        standbys.settleLeftovers(
                running,
                pid -> !undecided.contains(pid) && (unknown.isEmpty() || known.contains(pid)));
        BackupService service = new BackupService(host);
        backups = service;
        wire.listen(config.listen(), service::door);
        long beat = config.detection().heartbeatInterval().toNanos();
        heart.scheduleAtFixedRate(this::beat, beat, beat, TimeUnit.NANOSECONDS);
    }

    private void adopt(GroupRecord record) {
        ProtectionSettings settings;
        try {
            settings = plans.of(record);
        } catch (IllegalArgumentException e) {
            String problem = "the group record of " + record.name() + " cannot be used: ";
            unknown.add(RecordStore.Unreadable.of(record.name(), problem + e.getMessage()));
            return;
        }
        conduct(record.name(), PrimaryGroup.adopt(host, settings, record, true));
    }

    private void conduct(String name, PrimaryGroup group) {
        primaries.put(name, group);
        ConductorThread.start("primary-" + name, group, group.mailbox());
    }

    /** The group that this host is primary of, for measurements; null if there is none. */
    public @Nullable PrimaryGroup primary(String group) {
        return primaries.get(group);
    }

    private void beat() {
        try {
            primaries.values().forEach(PrimaryGroup::beat);
            service().groups().forEach(BackupGroup::beat);
        } catch (RuntimeException bug) {
            LOG.error("bug: a heartbeat failed", bug); // an exception would end the schedule
        }
    }

    private BackupService service() {
        BackupService service = backups;
        if (service == null) {
            throw new IllegalStateException("not adopted yet");
        }
        return service;
    }

    @Override
    public GetVersionResponse getVersion(GetVersionRequest request) {
        return GetVersionResponse.newBuilder()
                .setVersion(Version.CURRENT)
                .setHost(config.name())
                .setProtocolMin(Versions.OURS.oldest())
                .setProtocolMax(Versions.OURS.newest())
                .build();
    }

    @Override
    public ListDomainsResponse listDomains(ListDomainsRequest request) {
        ListDomainsResponse.Builder response = ListDomainsResponse.newBuilder();
        for (DomainSummary domain : host.qemu(false).domains()) {
            String name = domain.identity().name();
            String group = groupOf(name);
            DomainRow.Builder row =
                    DomainRow.newBuilder()
                            .setName(name)
                            .setUuid(domain.identity().uuid())
                            .setPid(domain.identity().pid())
                            .setState(domain.state())
                            .setMemoryBytes(domain.memoryBytes())
                            .setHypervisor(host.qemu(false).kind())
                            .setProtectable(domain.findings().isEmpty())
                            .setGroup(group);
            if (group.isEmpty()) {
                domain.findings().forEach(finding -> row.addFindings(Preflight.message(finding)));
            }
            response.addDomains(row);
        }
        return response.build();
    }

    private String groupOf(String domain) {
        for (Map.Entry<String, PrimaryGroup> entry : primaries.entrySet()) {
            PrimaryGroup group = entry.getValue();
            if (!group.isDone() && group.view().settings().domains().contains(domain)) {
                return entry.getKey();
            }
        }
        return "";
    }

    @Override
    public CheckResponse check(CheckRequest request) {
        ProtectionSettings settings =
                plans.of(
                        "preflight",
                        request.getDomainsList(),
                        request.getHost(),
                        FailoverMode.MANUAL,
                        0,
                        request.getUnsafe(),
                        new DiskSelection(request.getNoDisksList(), request.getCopyMedia()));
        CheckResponse.Builder response = CheckResponse.newBuilder();
        for (Finding finding : new Preflight(host).run(settings)) {
            response.addFindings(Preflight.message(finding));
        }
        return response.build();
    }

    @Override
    public synchronized ProtectResponse protect(ProtectRequest request) {
        String name = request.getGroup().isEmpty() ? request.getDomains(0) : request.getGroup();
        for (String domain : request.getDomainsList()) {
            String group = groupOf(domain);
            if (!group.isEmpty()) {
                throw new DomainException(
                        "already-protected",
                        domain + " is protected already, in group " + group,
                        "use `remus tune` to change it, or `remus unprotect " + group + "` first");
            }
        }
        unknown.requireNone(name);
        PrimaryGroup old = primaries.get(name);
        if ((old != null && !old.isDone()) || backup(name) != null) {
            throw new DomainException(
                    "group-exists",
                    "there is a group " + name + " on this host already",
                    "choose another name with --group, or `remus unprotect " + name + "` first");
        }
        FailoverMode failover = Plans.failover(request.getFailover(), host.witness() != null);
        ProtectionSettings settings =
                plans.of(
                        name,
                        request.getDomainsList(),
                        request.getHost(),
                        failover,
                        request.getIntervalNanos(),
                        request.getUnsafe(),
                        Plans.disks(request));
        if (failover != FailoverMode.AUTOMATIC_WITHOUT_WITNESS) {
            Finding.require(List.of(host.examineWitness()));
        }
        PrimaryGroup group = PrimaryGroup.protect(host, settings, true);
        ProtectResponse.Builder response = ProtectResponse.newBuilder().setGroup(name);
        response.addAllWarnings(StatusMessages.warnings(group.view()));
        conduct(name, group);
        return response.build();
    }

    @Override
    public UnprotectResponse unprotect(UnprotectRequest request) {
        PrimaryGroup primary = primaries.get(request.getGroup());
        BackupGroup backup = backup(request.getGroup());
        String outcome;
        if (primary != null && !(primary.isDone() && backup != null)) {
            outcome =
                    primary.isDone()
                            ? "it was not protected any more"
                            : answer(primary.unprotect(request.getForce()));
            if (!primary.awaitEnd(COMMAND_SECONDS)) {
                throw new DomainException(
                        "still-leaving",
                        "the backup has not promised to give its copy up yet; output is held until"
                                + " it has",
                        "see `remus status`; --force lets go without the promise");
            }
            primaries.remove(request.getGroup(), primary);
        } else if (backup != null) {
            outcome = answer(backup.operators().unprotect());
        } else {
            throw unknownGroup(request.getGroup());
        }
        return UnprotectResponse.newBuilder().setOutcome(outcome).build();
    }

    private @Nullable BackupGroup backup(String name) {
        for (BackupGroup group : service().groups()) {
            if (group.view().record().name().equals(name) && !group.view().state().isFinal()) {
                return group;
            }
        }
        return null;
    }

    private DomainException unknownGroup(String name) {
        unknown.requireNone(name);
        return new DomainException(
                "unknown-group",
                "there is no group " + name + " on this host",
                "`remus status` lists the groups");
    }

    private static String answer(CompletableFuture<String> command) {
        try {
            return command.get(COMMAND_SECONDS, TimeUnit.SECONDS);
        } catch (ExecutionException e) {
            if (e.getCause() instanceof DomainException known) {
                throw known;
            }
            throw new IllegalStateException(e.getCause());
        } catch (TimeoutException e) {
            throw new DomainException(
                    "busy",
                    "the group did not answer within " + COMMAND_SECONDS + " s",
                    "try again; see the log",
                    e);
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
            throw new IllegalStateException(e);
        }
    }

    @Override
    public StatusResponse status(StatusRequest request) {
        StatusResponse.Builder response =
                StatusResponse.newBuilder()
                        .setHost(config.name())
                        .setWitness(host.witnessState())
                        .setTimeUnixMillis(System.currentTimeMillis());
        long nanos = System.nanoTime();
        long millis = response.getTimeUnixMillis();
        primaries
                .values()
                .forEach(
                        group ->
                                response.addGroups(StatusMessages.of(group.view(), nanos, millis)));
        service()
                .groups()
                .forEach(
                        group ->
                                response.addGroups(StatusMessages.of(group.view(), nanos, millis)));
        unknown.status().forEach(response::addGroups);
        if (request.getGroup().isEmpty()) {
            return response.build();
        }
        StatusResponse.Builder one = response.clone().clearGroups();
        response.getGroupsList().stream()
                .filter(g -> g.getName().equals(request.getGroup()))
                .forEach(one::addGroups);
        if (one.getGroupsCount() == 0) {
            throw unknownGroup(request.getGroup());
        }
        return one.build();
    }

    @Override
    public TuneResponse tune(TuneRequest request) {
        PrimaryGroup group = primaries.get(request.getGroup());
        if (group == null || group.isDone()) {
            throw unknownGroup(request.getGroup());
        }
        group.tune(request.getIntervalNanos());
        return TuneResponse.newBuilder().setIntervalNanos(request.getIntervalNanos()).build();
    }

    @Override
    public FailoverResponse failover(FailoverRequest request) {
        BackupGroup group = backup(request.getGroup());
        if (group == null) {
            throw primaries.containsKey(request.getGroup())
                    ? new DomainException(
                            "not-a-backup",
                            "this host is the primary of " + request.getGroup(),
                            "run `remus failover` on its backup")
                    : unknownGroup(request.getGroup());
        }
        return FailoverResponse.newBuilder()
                .setOutcome(answer(group.operators().failover(request.getForce())))
                .build();
    }

    /** The guests are let go with their backups' promise; without it their output stays held. */
    @Override
    @SuppressWarnings("FutureReturnValueIgnored") // awaitEnd() tells how it went
    public void close() {
        heart.shutdownNow();
        for (PrimaryGroup group : primaries.values()) {
            group.unprotect(false);
        }
        for (PrimaryGroup group : primaries.values()) {
            if (!group.awaitEnd(GOODBYE_SECONDS)) {
                LOG.warn(
                        "{}: its backup cannot be asked; output stays held",
                        group.view().settings().group());
                group.close();
            }
        }
        BackupService service = backups;
        if (service != null) {
            service.groups().forEach(group -> answer(group.operators().leave()));
        }
        wire.close();
        host.exports().close();
        host.close();
    }
}
