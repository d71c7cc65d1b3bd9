package remus.testkit;

import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.TreeSet;
import java.util.function.Consumer;
import java.util.function.Supplier;
import remus.ha.Reason;
import remus.ha.witness.Witness;
import remus.ha.witness.WitnessRecord;

/**
 * A register that both hosts reach by wires of their own. A request or its answer that is cut off
 * is given up by the client after a while; the request itself may still arrive when the wire is
 * mended, or never.
 */
final class SimWitness {
    private static final long GIVE_UP_NANOS = 300_000_000;

    final Map<String, WitnessRecord> records = new HashMap<>();
    private final SimWorld world;
    private final Set<SimHost> cut = new TreeSet<>((a, b) -> a.name.compareTo(b.name));
    private final List<Runnable> late = new ArrayList<>();
    private boolean down;
    private int answersToLose;
    long answered;

    SimWitness(SimWorld world) {
        this.world = world;
    }

    WitnessRecord record() {
        return records.get(SimWorld.uuid(SimWorld.GROUP));
    }

    void cut(SimHost host) {
        cut.add(host);
    }

    void mend(SimHost host) {
        cut.remove(host);
        arriveLate();
    }

    void stop() {
        down = true;
    }

    void start() {
        down = false;
        arriveLate();
    }

    private void arriveLate() {
        List<Runnable> arriving = List.copyOf(late);
        late.clear();
        arriving.forEach(Runnable::run);
    }

    /** It does what is asked next, and its answer is lost. */
    void loseAnAnswer() {
        answersToLose++;
    }

    private boolean reaches(SimAgent agent) {
        return agent.host.alive && !down && !cut.contains(agent.host);
    }

    Witness clientOf(SimAgent agent) {
        return new Client(agent);
    }

    private final class Client implements Witness {
        private final SimAgent agent;

        Client(SimAgent agent) {
            this.agent = agent;
        }

        @Override
        public boolean isLive() {
            return reaches(agent);
        }

        private Answer there(String group) {
            WitnessRecord record = records.get(group);
            return record == null ? new Answer.Nothing() : new Answer.There(record);
        }

        private void ask(Runnable effect, Supplier<Answer> answer, Consumer<Answer> then) {
            agent.enter("witness");
            if (!reaches(agent)) {
                agent.later(0, () -> then.accept(unknown()));
                return;
            }
            boolean[] told = {false};
            agent.later(
                    GIVE_UP_NANOS,
                    () -> {
                        if (!told[0]) {
                            told[0] = true;
                            then.accept(unknown());
                        }
                    });
            world.clock.after(
                    world.network.latencyNanos(), () -> arrive(effect, answer, then, told));
        }

        /** The register does what is asked; whether anybody hears of it is another matter. */
        private void arrive(
                Runnable effect, Supplier<Answer> answer, Consumer<Answer> then, boolean[] told) {
            if (down || cut.contains(agent.host)) {
                if (world.random.nextBoolean()) {
                    late.add(effect);
                }
                return;
            }
            effect.run();
            Answer said = answer.get();
            if (answersToLose > 0) {
                answersToLose--;
                world.trace("witness: an answer to " + agent.host.name + " is lost");
                return;
            }
            world.clock.after(
                    world.network.latencyNanos(),
                    () -> {
                        if (reaches(agent)) {
                            agent.run(
                                    () -> {
                                        if (!told[0]) {
                                            told[0] = true;
                                            answered++;
                                            then.accept(said);
                                        }
                                    });
                        }
                    });
        }

        private Answer unknown() {
            return new Answer.Unknown(new Reason("witness-away", "it does not answer", "wait"));
        }

        @Override
        public void read(String group, Consumer<Answer> then) {
            ask(() -> {}, () -> there(group), then);
        }

        @Override
        public void create(WitnessRecord record, Consumer<Answer> then) {
            ask(
                    () -> {
                        if (records.putIfAbsent(record.group(), record) == null) {
                            world.checker.witnessed(record);
                        }
                    },
                    () -> there(record.group()),
                    then);
        }

        @Override
        public void compareAndSet(
                WitnessRecord expected, WitnessRecord wanted, Consumer<Answer> then) {
            ask(
                    () -> {
                        if (records.replace(expected.group(), expected, wanted)) {
                            world.checker.witnessed(wanted);
                        }
                    },
                    () -> there(expected.group()),
                    then);
        }
    }
}
