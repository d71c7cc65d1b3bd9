package remus.testkit;

import java.util.Random;
import remus.backup.BackupState;
import remus.domain.SlabPool;
import remus.primary.GroupState;
import remus.protocol.wire.FailoverMode;

/** One seed: a scenario, its faults, the time after them, and what must be true in the end. */
final class Simulation {
    private static final long SETTLE_MILLIS = 7_000;

    final Scenario scenario;
    final FaultPlan plan;
    final SimWorld world;
    private final long seed;

    private Simulation(long seed, Scenario scenario, FaultPlan plan) {
        this.seed = seed;
        this.scenario = scenario;
        this.plan = plan;
        this.world = new SimWorld(scenario, seed);
    }

    static Simulation of(long seed) {
        Random random = new Random(seed);
        Scenario scenario = Scenario.of(random);
        FaultPlan plan = FaultPlan.of(random);
        if (scenario.diskBytes() > 0) {
            plan = plan.with(FaultPlan.ofDisks(new Random(~seed)));
        }
        return new Simulation(seed, scenario, plan);
    }

    /** The same with a witness, and more that may go wrong. */
    static Simulation witnessed(long seed) {
        Simulation plain = of(seed);
        FaultPlan more = FaultPlan.ofWitness(new Random(seed * 31 + 17));
        return new Simulation(seed, plain.scenario.withWitness(), plain.plan.with(more));
    }

    /** Runs it all; the failure and its story, or null. */
    String run() {
        world.protect().faults(plan);
        world.run(plan.endNanos() / 1_000_000 + SETTLE_MILLIS);
        world.disarm();
        settled();
        takeOverByHand();
        if (world.checker.failure() == null) {
            cleanUp();
        }
        return world.checker.failure() == null ? null : story();
    }

    private String story() {
        StringBuilder text = new StringBuilder();
        text.append("-Drng.seed=").append(seed).append(": ").append(world.checker.failure());
        text.append("\n").append(scenario).append("\n").append(plan).append("\n");
        text.append(world.story()).append("\n").append(endState()).append("\n");
        if (world.checker.cause() != null) {
            java.io.StringWriter trace = new java.io.StringWriter();
            world.checker.cause().printStackTrace(new java.io.PrintWriter(trace));
            text.append(trace);
        }
        return text.toString();
    }

    private String endState() {
        return "primary "
                + world.state()
                + (world.view() == null ? "" : " " + world.view().reason())
                + ", backup "
                + world.backupState()
                + (world.backupGroup() == null ? "" : " " + world.backupGroup().view().reason());
    }

    /** Faults are over and everything has had time: the group must have come to rest somewhere. */
    private void settled() {
        if (world.checker.failure() != null) {
            return;
        }
        GroupState state = world.state();
        if (world.checker.isActivated()) {
            runsAtBackup(state);
        } else if (world.primary.alive) {
            runsAtPrimary(state);
        } else if (world.backup.alive
                && scenario.isAutomatic()
                && world.backupState() == BackupState.STANDBY
                && !plan.has("fail load")) {
            world.checker.fail("the primary is dead and its complete copy does not run");
        }
    }

    private void runsAtBackup(GroupState state) {
        if (world.backup.alive) {
            for (String name : world.primary.guests.keySet()) {
                SimGuest copy = world.backup.guests.get(name);
                if (!world.diedTakingOver && (copy == null || !copy.runs())) {
                    world.checker.fail(name + " runs nowhere after a takeover");
                }
            }
        }
        boolean told = world.primary.alive && world.backup.alive && state != null;
        boolean letGo = plan.has("operator unprotect");
        if (told && state != GroupState.SUPERSEDED && !letGo) {
            world.checker.fail("the backup runs the group and its primary is " + state);
        }
    }

    private void runsAtPrimary(GroupState state) {
        if (state == null || state.isFinal() || state == GroupState.CONNECTING) {
            for (SimGuest guest : world.primary.guests.values()) {
                if (guest.alive && guest.filtered) {
                    world.checker.fail(guest.name + "'s output is held though nothing protects it");
                }
            }
        }
        if (state == null || state.isFinal() || !world.backup.alive) {
            return;
        }
        boolean rest =
                state == GroupState.PROTECTED
                        || isMissing()
                        || plan.has("operator unprotect-backup");
        if (!rest) {
            world.checker.fail("the group does not come to rest: " + state);
        }
    }

    /** A member is dead, and its copy waits for an operator or never was complete. */
    private boolean isMissing() {
        return world.primary.guests.values().stream().anyMatch(guest -> !guest.alive || guest.off)
                && (!scenario.isAutomatic() || world.backupState() != BackupState.STANDBY);
    }

    private void takeOverByHand() {
        boolean needed =
                world.checker.failure() == null
                        && world.backupState() == BackupState.STANDBY
                        && scenario.failover() == FailoverMode.MANUAL;
        if (!needed || !(world.random.nextBoolean() || !world.primary.alive || isMissing())) {
            return;
        }
        new SimFaults(world).operator("failover");
        world.run(3_000);
        if (!world.checker.isActivated()) {
            String outcome = world.outcomes.getOrDefault("failover", "");
            if (!outcome.contains("planned")
                    && !outcome.contains("gave the group to its primary")) {
                world.checker.fail("an operator's failover was not done: " + world.outcomes);
            }
            return;
        }
        if (world.checker.failure() == null) {
            runsAtBackup(world.state());
        }
    }

    /** Everything is let go of; what was lent must come back. */
    private void cleanUp() {
        SimFaults faults = new SimFaults(world);
        faults.operator("unprotect");
        world.run(2_000);
        GroupState state = world.state();
        if (state != null && !state.isFinal()) {
            faults.operator("force"); // asks once more
            world.run(2_000);
            faults.operator("force");
            world.run(1_000);
        }
        if (world.checker.failure() != null) {
            return;
        }
        if (world.primary.listens() && world.primary.agent.primary != null) {
            SimAgent agent = world.primary.agent;
            if (agent.pool.available() != agent.pool.capacity()) {
                world.checker.fail(
                        "slabs leaked: "
                                + agent.pool.available()
                                + " of "
                                + agent.pool.capacity()
                                + " are back");
                return;
            }
            SimPools.giveIfWhole(agent.pool, scenario.stagingBytes());
            for (SlabPool pool : agent.diskPools) {
                if (pool.available() != pool.capacity()) {
                    world.checker.fail("slabs of captured disk writes leaked");
                    return;
                }
                SimPools.giveIfWhole(pool, SimDiskBuffer.POOL_BYTES);
            }
            for (SimGuest guest : world.primary.guests.values()) {
                boolean held = guest.filtered || guest.suspended || guest.diskTap != null;
                if (guest.alive && !guest.retired && held) {
                    world.checker.fail(guest.name + " is not as it was found");
                }
            }
        }
        for (SimHost host : new SimHost[] {world.primary, world.backup}) {
            if (host.listens() && host.agent.receivedAndKept() > 0) {
                world.checker.fail(host.name + ": received frames are never given up");
            }
        }
    }
}
