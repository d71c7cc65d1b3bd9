package remus.ha.witness;

import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Random;
import java.util.function.Consumer;
import remus.ha.Reason;

/** A register in memory. What is asked waits until {@link #deliver}; any of it may be lost. */
final class FakeWitness implements Witness {
    final Map<String, WitnessRecord> records = new HashMap<>();
    private final List<Runnable> underWay = new ArrayList<>();
    private final Random random;
    private final int lostPercent;
    boolean live = true;

    FakeWitness() {
        this(new Random(0), 0);
    }

    FakeWitness(Random random, int lostPercent) {
        this.random = random;
        this.lostPercent = lostPercent;
    }

    /** Lets one thing that is under way arrive, in any order. Returns whether there was one. */
    boolean deliver() {
        if (underWay.isEmpty()) {
            return false;
        }
        underWay.remove(random.nextInt(underWay.size())).run();
        return true;
    }

    @Override
    public boolean isLive() {
        return live;
    }

    private void send(
            Consumer<Answer> then, Runnable effect, java.util.function.Supplier<Answer> answer) {
        if (!live) {
            then.accept(new Answer.Unknown(new Reason("away", "away")));
            return;
        }
        boolean answerLost = random.nextInt(100) < lostPercent;
        if (answerLost) {
            // the client gives up; the request may still arrive, whenever it likes
            underWay.add(() -> then.accept(new Answer.Unknown(new Reason("lost", "lost"))));
            underWay.add(effect);
        } else {
            underWay.add(
                    () -> {
                        effect.run();
                        then.accept(answer.get());
                    });
        }
    }

    private Answer there(String group) {
        WitnessRecord record = records.get(group);
        return record == null ? new Answer.Nothing() : new Answer.There(record);
    }

    @Override
    public void read(String group, Consumer<Answer> then) {
        send(then, () -> {}, () -> there(group));
    }

    @Override
    public void create(WitnessRecord record, Consumer<Answer> then) {
        send(then, () -> records.putIfAbsent(record.group(), record), () -> there(record.group()));
    }

    @Override
    public void compareAndSet(WitnessRecord expected, WitnessRecord wanted, Consumer<Answer> then) {
        send(
                then,
                () -> records.replace(expected.group(), expected, wanted),
                () -> there(expected.group()));
    }
}
