package remus.testkit;

import java.util.concurrent.CompletableFuture;
import remus.backup.BackupGroup;
import remus.domain.DomainEvent.Kind;
import remus.testkit.FaultPlan.Fault;
import remus.testkit.SimNetwork.Way;

/** Carries a {@link FaultPlan} out. */
final class SimFaults {
    private final SimWorld world;

    SimFaults(SimWorld world) {
        this.world = world;
    }

    void begin(Fault fault) {
        world.trace("fault: " + fault.what());
        String[] words = fault.what().split(" ", -1);
        switch (words[0]) {
            case "kill" -> kill(fault);
            case "crash" -> {
                world.restartAfter(host(words[1]), Math.max(1_000_000, fault.forNanos()));
                world.arm(fault.what());
            }
            case "stop" -> stop(host(words[1]).agent, fault.forNanos());
            case "cut" -> cut(words[1], fault.forNanos());
            case "reset" -> world.network.resetAll();
            case "slow" -> {
                world.network.slowness = 20;
                world.clock.after(fault.forNanos(), () -> world.network.slowness = 1);
            }
            case "pause" -> pause(victim(), fault.forNanos());
            case "shut" -> {
                victim().off = true;
                victim().tell(Kind.SHUTDOWN, "guest");
            }
            case "reboot" -> victim().tell(Kind.RESET, "guest");
            case "change" -> victim().tell(Kind.CONFIG_CHANGED, "a disk was plugged in");
            case "operator" -> operator(words[1]);
            case "witness" -> witness(fault);
            case "fail", "foreign-resume" -> world.arm(fault.what());
            default -> throw new IllegalArgumentException(fault.toString());
        }
    }

    private SimHost host(String agent) {
        return agent.startsWith("primary") ? world.primary : world.backup;
    }

    private SimGuest victim() {
        return world.guest(0);
    }

    private void kill(Fault fault) {
        switch (fault.what()) {
            case "kill primary-agent", "kill backup-agent" -> {
                SimHost host = host(fault.what().substring("kill ".length()));
                world.restartAfter(host, Math.max(1_000_000, fault.forNanos()));
                if (host.agent.alive) {
                    host.agent.die();
                }
            }
            case "kill primary-host", "kill backup-host" -> {
                SimHost host = host(fault.what().substring("kill ".length()));
                host.alive = false;
                host.guests.values().forEach(guest -> guest.alive = false);
                host.agent.die();
            }
            case "kill guest" -> {
                if (victim().alive && !victim().off) {
                    victim().die();
                }
            }
            case "kill standby" -> world.backup.standbys.forEach(SimStandby::die);
            default -> throw new IllegalArgumentException(fault.toString());
        }
    }

    private void stop(SimAgent agent, long nanos) {
        agent.stop();
        world.clock.after(nanos, agent::goOn);
    }

    private void cut(String what, long nanos) {
        for (Way way : Way.values()) {
            if (what.equals("link") || what.equals("to-backup") == (way == Way.TO_BACKUP)) {
                world.network.cut(way);
                world.clock.after(nanos, () -> world.network.heal(way));
            }
        }
    }

    private void witness(Fault fault) {
        SimWitness witness = world.witness;
        switch (fault.what()) {
            case "witness stops" -> {
                witness.stop();
                world.clock.after(fault.forNanos(), witness::start);
            }
            case "witness loses an answer" -> witness.loseAnAnswer();
            case "witness cut from primary", "witness cut from backup" -> {
                SimHost host = host(fault.what().substring("witness cut from ".length()));
                witness.cut(host);
                world.clock.after(fault.forNanos(), () -> witness.mend(host));
            }
            default -> throw new IllegalArgumentException(fault.toString());
        }
    }

    private void pause(SimGuest guest, long nanos) {
        guest.paused = true;
        guest.tell(Kind.STOPPED, "paused by its owner");
        world.clock.after(
                nanos,
                () -> {
                    guest.paused = false;
                    guest.tell(Kind.RESUMED, "resumed by its owner");
                });
    }

    /** Asks for something; what came of it is found in the world's outcomes. */
    void operator(String what) {
        SimAgent primary = world.primary.agent;
        boolean here = world.primary.listens() && primary.primary != null;
        BackupGroup group = world.backupGroup();
        switch (what) {
            case "failover" ->
                    answer(what, group == null ? null : group.operators().failover(false));
            case "unprotect-backup" ->
                    answer(what, group == null ? null : group.operators().unprotect());
            case "unprotect" -> answer(what, here ? primary.primary.unprotect(false) : null);
            case "force" -> {
                world.checker.forced();
                answer(what, here ? primary.primary.unprotect(true) : null);
            }
            case "tune" -> {
                if (here) {
                    primary.primary.tune(world.scenario.intervalNanos() / 2);
                }
            }
            default -> throw new IllegalArgumentException(what);
        }
    }

    @SuppressWarnings("FutureReturnValueIgnored") // the outcome is looked at later
    private void answer(String what, CompletableFuture<String> asked) {
        if (asked != null) {
            asked.whenComplete(
                    (said, problem) -> {
                        String outcome = problem == null ? said : problem.getMessage();
                        world.trace("operator " + what + ": " + outcome);
                        world.outcomes.put(what, outcome);
                    });
        }
    }
}
