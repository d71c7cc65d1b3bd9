package remus.diskbuf.store;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.ArrayList;
import java.util.List;
import java.util.Random;
import org.junit.jupiter.api.Test;
import remus.diskbuf.store.RecordedRun.Committed;
import remus.diskbuf.store.Standing.State;

/**
 * Loses power after every operation of a run, in many ways, and opens what is left: exactly the
 * state at some committed epoch, none older than promised, and the standing says which.
 */
class CrashPointTest {
    private final long seed = Long.getLong("rng.seed", System.nanoTime());
    private final Random random = new Random(seed);
    private int crashes;

    CrashPointTest() {
        System.out.println("CrashPointTest -Drng.seed=" + seed);
    }

    private int rolledBack;
    private int crashedAgain;

    @Test
    void epochsSurvivePowerLossAtEveryWrite() {
        RecordedRun run = new RecordedRun(random, RecordedRun.SYNC);
        run.open(3);
        run.seedAll(11);
        for (int i = 0; i < 30; i++) {
            run.epoch(random.nextInt(4));
        }
        run.epochsUntilImagesAreUnsynced();
        run.handOver();
        crashEverywhere("epochs", run, true);
    }

    @Test
    void anOldCopySurvivesAResyncThatLosesPowerAtEveryWrite() {
        RecordedRun run = new RecordedRun(random, RecordedRun.SYNC);
        run.open(2);
        run.seedAll(11);
        for (int i = 0; i < 4; i++) {
            run.epoch(1 + random.nextInt(2));
        }
        run.epochsUntilImagesAreUnsynced();
        List<byte[]> old = run.model.snapshot();
        run.beginSeed(22);
        run.seed(run.model.write());
        run.model.restore(old);
        run.beginSeed(33);
        for (int i = 0; i < 6; i++) {
            run.seed(run.model.write());
        }
        for (int i = 0; i < 8; i++) {
            run.epoch(random.nextInt(3));
        }
        run.seedAll(44);
        crashEverywhere("resync", run, true);
    }

    @Test
    void withoutSyncPowerLossTakesWholeEpochsOnly() {
        RecordedRun run =
                new RecordedRun(
                        random, RecordedRun.settings(false, StoreSettings.Resync.KEEP_OLD_COPY));
        run.open(2);
        run.seedAll(11);
        for (int i = 0; i < 20; i++) {
            run.epoch(random.nextInt(4));
        }
        crashEverywhere("unsynced", run, false);
    }

    private void crashEverywhere(String name, RecordedRun run, boolean promisesHold) {
        PowerLoss loss = new PowerLoss();
        List<SimMedium.Op> ops = run.medium.ops();
        for (int done = 0; done <= ops.size(); done++) {
            if (done > 0) {
                loss.advance(ops.get(done - 1));
            }
            int promised = promisesHold ? run.promised(done) : Math.min(1, run.promised(done));
            List<SimMedium> left = new ArrayList<>();
            left.add(loss.onlySynced());
            for (int sectors = 0; sectors <= loss.sectorsOfLast(); sectors++) {
                left.add(loss.lastTornAt(sectors));
            }
            for (int i = 0; i < 6; i++) {
                left.add(loss.anyOf(random));
            }
            for (SimMedium medium : left) {
                check(name, run, medium, done, promised);
            }
        }
        assertThat(rolledBack).as("crashes that took an unfinished epoch back").isPositive();
        assertThat(crashedAgain).as("crashes of the recovery").isPositive();
        System.out.println(
                name
                        + ": "
                        + ops.size()
                        + " operations, "
                        + crashes
                        + " crashes, "
                        + crashedAgain
                        + " of the recovery, -Drng.seed="
                        + seed);
    }

    private void check(String name, RecordedRun run, SimMedium medium, int done, int promised) {
        crashes++;
        String where = name + " after operation " + done + ", -Drng.seed=" + seed;
        PowerLoss again = new PowerLoss(medium);
        Standing standing = recover(where, run, medium, done, promised);
        if (random.nextInt(8) == 0) {
            List<SimMedium.Op> ops = medium.ops();
            int until = random.nextInt(ops.size() + 1);
            ops.subList(0, until).forEach(again::advance);
            crashedAgain++;
            Standing second = recover(where + ", again", run, again.anyOf(random), done, promised);
            if (standing.state() != State.NEW) {
                assertThat(second).as(where + ", again").isEqualTo(standing);
            }
        }
    }

    private Standing recover(
            String where, RecordedRun run, SimMedium medium, int done, int promised) {
        Standing standing;
        try (DiskStore store = RecordedRun.open(medium, RecordedRun.SYNC, random, 0)) {
            standing = store.standing();
        } catch (RuntimeException e) {
            throw new AssertionError(where, e);
        }
        if (standing.state() == State.HANDED_OVER) {
            assertThat(run.mayBeHandedOver(done)).as(where).isTrue();
        } else {
            assertThat(run.mustBeHandedOver(done)).as(where).isFalse();
        }
        if (!standing.worthKeeping()) {
            assertThat(promised).as(where + ": " + standing).isZero();
            return standing;
        }
        int began = 0;
        Committed found = null;
        for (Committed state : run.states) {
            if (state.begunAt() <= done) {
                began++;
            }
            if (state.incarnation() == standing.incarnation()
                    && state.epoch() == standing.epoch()) {
                found = state;
            }
        }
        assertThat(found).as(where + ": " + standing).isNotNull();
        assertThat(DiskModel.matches(medium, found.disks()))
                .as(where + ": the images are " + standing)
                .isTrue();
        assertThat(run.states.indexOf(found)).as(where).isLessThan(began);
        int least = promised == 0 ? 0 : run.states.get(promised - 1).version();
        assertThat(found.version())
                .as(where + ": version of " + standing)
                .isGreaterThanOrEqualTo(least);
        if (found.version() < run.states.get(began - 1).version()) {
            rolledBack++;
        }
        return standing;
    }
}
