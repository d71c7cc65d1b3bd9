package remus.testkit;

import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Random;
import java.util.UUID;
import remus.backup.BackupGroup;
import remus.backup.BackupState;
import remus.domain.Slab;
import remus.primary.GroupState;
import remus.primary.PrimaryView;
import remus.primary.ProtectionSettings;
import remus.primary.ProtectionSettings.Limits;
import remus.primary.ProtectionSettings.PeerAddress;

/** Two hosts, a wire, the guests, the faults, and who watches. */
final class SimWorld {
    static final String GROUP = "g";
    private static final int TRACE_LINES = 400;
    private static final long LOOK_NANOS = 100_000_000;
    private static final long DEFAULT_RESTART_NANOS = 500_000_000;

    final Scenario scenario;
    final Random random;
    final SimClock clock = new SimClock();
    final SimHost primary = new SimHost("primary");
    final SimHost backup = new SimHost("backup");
    final Checker checker = new Checker(this);
    final SimNetwork network;
    final SimWitness witness = new SimWitness(this);
    final Map<String, String> outcomes = new HashMap<>();
    private final List<String> trace = new ArrayList<>();
    private final Map<String, Integer> armed = new HashMap<>();
    private final Map<String, Long> restartNanos = new HashMap<>();
    private final long began = clock.now();

    /** The backup's agent died between its decision to take over and the last copy's start. */
    boolean diedTakingOver;

    private long lastPid = 100;
    private long lastIncarnation;

    SimWorld(Scenario scenario, long seed) {
        this.scenario = scenario;
        this.random = new Random(seed);
        network = new SimNetwork(this);
        for (int i = 0; i < scenario.members(); i++) {
            String name = "vm" + i;
            SimGuest guest =
                    new SimGuest(
                            this,
                            name,
                            newPid(),
                            false,
                            ByteBuffer.allocate(scenario.pages() * Slab.PAGE_BYTES),
                            ByteBuffer.allocate(scenario.diskBytes()));
            primary.guests.put(name, guest);
            guest.start();
        }
        new SimAgent(this, primary).boot();
        new SimAgent(this, backup).boot();
        look();
    }

    /** Begins to protect the group. */
    SimWorld protect() {
        primary.agent.protect();
        return this;
    }

    SimWorld faults(FaultPlan plan) {
        SimFaults faults = new SimFaults(this);
        plan.faults().forEach(fault -> clock.after(fault.atNanos(), () -> faults.begin(fault)));
        return this;
    }

    SimWorld run(long millis) {
        clock.run(millis * 1_000_000);
        return this;
    }

    private void look() {
        checker.look();
        clock.after(LOOK_NANOS, this::look);
    }

    static String uuid(String name) {
        return UUID.nameUUIDFromBytes(name.getBytes(StandardCharsets.UTF_8)).toString();
    }

    ProtectionSettings settings() {
        return new ProtectionSettings(
                GROUP,
                uuid(GROUP),
                List.copyOf(primary.guests.keySet()),
                new PeerAddress("backup", 1),
                scenario.failover(),
                scenario.intervalNanos(),
                new Limits(
                        scenario.stagingBytes(),
                        scenario.windowEpochs(),
                        scenario.heartbeatNanos(),
                        scenario.silenceLimitNanos(),
                        scenario.reconnectGraceNanos(),
                        1),
                false);
    }

    long newPid() {
        return ++lastPid;
    }

    long newIncarnation() {
        return ++lastIncarnation;
    }

    /** Something happens once, at the next occasion. */
    void arm(String what) {
        armed.merge(what, 1, Integer::sum);
    }

    boolean take(String what) {
        if (armed.isEmpty() || !armed.containsKey(what)) {
            return false;
        }
        armed.computeIfPresent(what, (key, times) -> times == 1 ? null : times - 1);
        trace("now: " + what);
        return true;
    }

    void disarm() {
        armed.clear();
    }

    void restartAfter(SimHost host, long nanos) {
        restartNanos.put(host.name, nanos);
    }

    void agentDied(SimAgent agent) {
        if (agent.host == backup) {
            diedTakingOver |= checker.isActivated() && backup.guests.size() < scenario.members();
            // their processes go with it, unless they ran or were loaded for a claim
            backup.standbys.removeIf(standby -> !standby.isLeft());
        }
        Long nanos = restartNanos.remove(agent.host.name);
        clock.after(
                nanos == null ? DEFAULT_RESTART_NANOS : nanos,
                () -> {
                    if (agent.host.alive && agent.host.agent == agent) {
                        trace(agent.host.name + ": the agent starts");
                        new SimAgent(this, agent.host).boot();
                    }
                });
    }

    /** What was said reaches the other members, wherever they speak from. */
    void outside(SimGuest from, long counter) {
        if (scenario.members() == 1) {
            return;
        }
        clock.after(
                100_000 + random.nextInt(200_000),
                () -> {
                    SimHost where = checker.isActivated() ? backup : primary;
                    where.guests.forEach(
                            (name, guest) -> {
                                if (!name.equals(from.name)) {
                                    guest.hear(counter);
                                }
                            });
                });
    }

    /** What the group is at its primary; null if there is none. */
    GroupState state() {
        PrimaryView view = view();
        return view == null ? null : view.state();
    }

    PrimaryView view() {
        boolean none = !primary.listens() || primary.agent.primary == null;
        return none ? null : primary.agent.primary.view();
    }

    String reason() {
        PrimaryView view = view();
        return view == null ? "" : view.reason().code();
    }

    BackupGroup backupGroup() {
        return !backup.listens() || backup.agent.service == null
                ? null
                : backup.agent.service.groups().stream().findFirst().orElse(null);
    }

    BackupState backupState() {
        BackupGroup group = backupGroup();
        return group == null ? null : group.view().state();
    }

    SimGuest guest(int index) {
        return primary.guests.get("vm" + index);
    }

    void trace(String what) {
        if (trace.size() < TRACE_LINES) {
            long micros = (clock.now() - began) / 1000;
            trace.add(String.format("%9.3f ms  %s", micros / 1000.0, what));
        }
    }

    String story() {
        return String.join("\n", trace);
    }
}
