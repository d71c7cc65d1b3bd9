package remus.diskbuf.store;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.HashMap;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Random;
import java.util.Set;
import org.junit.jupiter.api.Test;
import remus.diskbuf.store.RecordedRun.Committed;
import remus.diskbuf.store.SimMedium.Kind;
import remus.diskbuf.store.Standing.State;
import remus.domain.DomainException;

/** Full disks, disks that fail to sync, and journals that do not read back as written. */
class StoreFaultTest {
    /** What takes room. */
    private static final Set<Kind> ROOM = Set.of(Kind.WRITE, Kind.RESIZE, Kind.LINK, Kind.ZERO);

    private final long seed = Long.getLong("rng.seed", System.nanoTime());

    StoreFaultTest() {
        System.out.println("StoreFaultTest -Drng.seed=" + seed);
    }

    private interface Script {
        void run(RecordedRun run);
    }

    private static void seedEpochsAndResync(RecordedRun run) {
        run.open(2);
        run.seedAll(11);
        for (int i = 0; i < 6; i++) {
            run.epoch(2);
        }
        run.beginSeed(22);
        run.seed(run.model.data(0, 4000, 8000));
        run.seed(run.model.data(1, 0, 8000));
        for (int i = 0; i < 6; i++) {
            run.epoch(2);
        }
        run.handOver();
    }

    /** Fails one operation of these kinds, the first, then in another run the second, and so on. */
    private Map<String, Integer> failEach(
            Set<Kind> kinds, StoreSettings.Resync resync, Script script, Thrower thrower) {
        Map<String, Integer> outcomes = new HashMap<>();
        for (int failing = 0; ; failing++) {
            RecordedRun run = new RecordedRun(new Random(seed), RecordedRun.settings(true, resync));
            int target = failing;
            int[] seen = {0};
            run.medium.fault(
                    (kind, path, number) -> {
                        if (kinds.contains(kind) && seen[0]++ == target) {
                            throw thrower.of(kind + " of " + path);
                        }
                    });
            String outcome = "went on";
            try {
                script.run(run);
            } catch (DomainException e) {
                outcome = e.code();
            }
            if (seen[0] <= target) {
                assertThat(failing).as("operations that failed").isGreaterThan(30);
                return outcomes;
            }
            outcomes.merge(outcome, 1, Integer::sum);
            if (run.store() != null) {
                run.store().close();
            }
            run.medium.fault((kind, path, number) -> {});
            checkReopened(run, "failed " + failing + ", " + outcome + ", -Drng.seed=" + seed);
        }
    }

    private interface Thrower {
        IOException of(String what);
    }

    private void checkReopened(RecordedRun run, String where) {
        int promised = run.promised(Integer.MAX_VALUE);
        try (DiskStore again =
                RecordedRun.open(run.medium, RecordedRun.SYNC, new Random(seed), 0)) {
            Standing standing = again.standing();
            if (standing.worthKeeping()) {
                checkImages(run, run.medium, standing, promised, where);
            } else if (standing.state() == State.NEW) {
                assertThat(promised).as(where).isZero();
            }
        }
    }

    private static void checkImages(
            RecordedRun run, SimMedium medium, Standing standing, int promised, String where) {
        Committed found = find(run.states, standing);
        assertThat(found).as(where + ": " + standing).isNotNull();
        assertThat(DiskModel.matches(medium, found.disks())).as(where + ": " + standing).isTrue();
        assertThat(run.states.indexOf(found) + 1)
                .as(where + ": " + standing)
                .isGreaterThanOrEqualTo(promised);
    }

    private static Committed find(List<Committed> states, Standing standing) {
        return states.stream()
                .filter(s -> s.incarnation() == standing.incarnation())
                .filter(s -> s.epoch() == standing.epoch())
                .findFirst()
                .orElse(null);
    }

    @Test
    void aFullDiskAtAnyWriteLeavesACommittedEpoch() {
        Map<String, Integer> outcomes =
                failEach(
                        ROOM,
                        StoreSettings.Resync.KEEP_OLD_COPY,
                        StoreFaultTest::seedEpochsAndResync,
                        NoSpaceException::new);
        // a takeover may find the room that the applier before it did not
        assertThat(outcomes.keySet()).contains("no-space").isSubsetOf("no-space", "went on");
    }

    @Test
    void aResyncWithoutRoomGoesOnInPlaceIfThatIsAllowed() {
        RecordedRun run =
                new RecordedRun(
                        new Random(seed),
                        RecordedRun.settings(true, StoreSettings.Resync.IN_PLACE));
        run.open(2);
        run.seedAll(11);
        run.epoch(1);
        run.epoch(2);
        run.beginSeed(22);
        run.seed(run.model.data(0, 0, 8000));
        assertThat(run.store().standing()).isEqualTo(new Standing(State.CONSISTENT, 11, 2));
        int[] failed = {0};
        run.medium.fault(
                (kind, path, number) -> {
                    if (kind == Kind.WRITE && path.endsWith("seed.log")) {
                        failed[0]++;
                        throw new NoSpaceException("full");
                    }
                });
        run.seed(run.model.data(0, 4000, 8000));
        assertThat(failed[0]).isEqualTo(1);
        assertThat(run.store().standing()).isEqualTo(new Standing(State.INCONSISTENT, 22, 0));
        run.epoch(1);
        run.epoch(1);
        run.store().close();
        checkReopened(run, "in place");
        assertThat(run.medium.exists(SeedLog.path(DiskModel.DIRECTORY))).isFalse();
    }

    @Test
    void aResyncWithoutRoomKeepsTheOldCopy() {
        RecordedRun run = new RecordedRun(new Random(seed), RecordedRun.SYNC);
        run.open(2);
        run.seedAll(11);
        run.epoch(1);
        List<byte[]> old = run.model.snapshot();
        run.beginSeed(22);
        run.medium.fault(
                (kind, path, number) -> {
                    if (kind == Kind.WRITE) {
                        throw new NoSpaceException("full");
                    }
                });
        assertThat(codeOf(() -> run.seed(run.model.data(0, 0, 8000)))).isEqualTo("no-space");
        run.medium.fault((kind, path, number) -> {});
        assertThat(codeOf(() -> run.store().commit(1))).isEqualTo("seed-incomplete");
        run.store().close();
        try (DiskStore again =
                RecordedRun.open(run.medium, RecordedRun.SYNC, new Random(seed), 0)) {
            assertThat(again.standing()).isEqualTo(new Standing(State.CONSISTENT, 11, 1));
            assertThat(DiskModel.matches(run.medium, old)).isTrue();
        }
    }

    private static String codeOf(Runnable call) {
        try {
            call.run();
            return "nothing";
        } catch (DomainException e) {
            return e.code();
        }
    }

    @Test
    void aSyncThatFailsIsNeverTriedAgain() {
        Map<String, Integer> outcomes =
                failEach(
                        Set.of(Kind.SYNC),
                        StoreSettings.Resync.KEEP_OLD_COPY,
                        StoreFaultTest::seedEpochsAndResync,
                        SyncException::new);
        assertThat(outcomes).containsOnlyKeys("disk-untrustworthy");
    }

    @Test
    void imagesAreMarkedWhenTheirSyncFails() {
        RecordedRun run = new RecordedRun(new Random(seed), RecordedRun.SYNC);
        run.open(0);
        run.seedAll(11);
        run.epoch(2);
        run.epoch(2);
        int[] failed = {0};
        run.medium.fault(
                (kind, path, number) -> {
                    if (kind == Kind.SYNC && path.startsWith("/images")) {
                        failed[0]++;
                        throw new SyncException("I/O error");
                    }
                });
        assertThat(codeOf(() -> run.store().prepareActivation())).isEqualTo("disk-untrustworthy");
        assertThat(codeOf(() -> run.store().commit(3))).isEqualTo("disk-untrustworthy");
        assertThat(failed[0]).isEqualTo(1);
        run.store().close();
        try (DiskStore again =
                RecordedRun.open(run.medium, RecordedRun.SYNC, new Random(seed), 0)) {
            assertThat(again.standing().state()).isEqualTo(State.INCONSISTENT);
        }
    }

    /** What is committed is in the journal: a takeover only needs room, and then gets all of it. */
    @Test
    void aTakeoverThatFoundNoRoomAtAnyWriteSucceedsOnceThereIsRoom() {
        for (int failing = 0; ; failing++) {
            RecordedRun run = new RecordedRun(new Random(seed), RecordedRun.SYNC);
            run.open(0);
            run.seedAll(11);
            run.epoch(1);
            run.beginSeed(22);
            run.seed(run.model.data(0, 4000, 8000));
            run.epoch(2);
            run.epoch(3);
            int target = failing;
            int[] seen = {0};
            run.medium.fault(
                    (kind, path, number) -> {
                        if (ROOM.contains(kind) && seen[0]++ >= target) {
                            throw new NoSpaceException(kind + " of " + path);
                        }
                    });
            String where = "failed " + failing + ", -Drng.seed=" + seed;
            if (codeOf(run::handOver).equals("nothing")) {
                assertThat(failing).as("writes of a takeover").isGreaterThan(8);
                return;
            }
            assertThat(codeOf(run::handOver)).as(where).isEqualTo("no-space");
            assertThat(codeOf(() -> run.store().commit(3))).as(where).isEqualTo("no-space");
            run.medium.fault((kind, path, number) -> {});
            run.handOver();
            assertThat(run.store().standing())
                    .as(where)
                    .isEqualTo(new Standing(State.HANDED_OVER, 22, 2));
            assertThat(DiskModel.matches(run.medium, run.model.snapshot())).as(where).isTrue();
            run.store().close();
            checkReopened(run, where);
        }
    }

    @Test
    void aDroppedTryIsNotReadInPlaceOfTheNext() {
        for (int inFirst = 0; inFirst < 2; inFirst++) {
            RecordedRun run = new RecordedRun(new Random(seed), RecordedRun.SYNC);
            DiskStore store = run.open(0);
            store.beginSeed(11);
            store.commit(1);
            List<byte[]> before = run.model.snapshot();
            for (int i = 0; i < 3; i++) {
                append(store, run.model.data(0, 0, 100));
            }
            store.drop();
            run.model.restore(before);
            // what is too long for the segment leaves what was dropped in its place
            for (int i = 0; i < inFirst; i++) {
                append(store, run.model.data(0, 0, 100));
            }
            append(store, run.model.data(1, 0, 8000));
            append(store, run.model.data(0, 7, 100));
            store.commit(2);
            run.states.add(new Committed(11, 2, 1, run.model.snapshot(), 0));
            store.close();
            assertThat(reopen(run, run.medium.copy(), "leftovers"))
                    .isEqualTo(new Standing(State.CONSISTENT, 11, 2));
        }
    }

    private static void append(DiskStore store, DiskModel.Write write) {
        store.append(2, write.disk(), write.extents(), write.payload());
    }

    /** Five epochs in the journal, none of them in the images. */
    private RecordedRun unapplied() {
        RecordedRun run = new RecordedRun(new Random(seed), RecordedRun.SYNC);
        run.open(0);
        run.seedAll(11);
        for (int epoch = 1; epoch <= 5; epoch++) {
            DiskModel.Write write = run.model.data(epoch % 2, 5000 * epoch, 60);
            run.store().append(epoch, write.disk(), write.extents(), write.payload());
            run.store().commit(epoch);
            run.states.add(
                    new Committed(11, epoch, epoch, run.model.snapshot(), run.medium.opCount()));
        }
        run.store().close();
        return run;
    }

    @Test
    void aGarbledByteAnywhereIsNoticedOrEndsTheJournalAtAnEpoch() {
        RecordedRun run = unapplied();
        Map<Standing, Integer> outcomes = new HashMap<>();
        for (int i = 0; i < EpochJournal.SEGMENTS; i++) {
            Path path = DiskModel.DIRECTORY.resolve("journal-" + i);
            byte[] good = run.medium.content(path);
            for (int at = 0; at < good.length; at++) {
                if (good[at] == 0 && at % JournalRecord.PAGE_BYTES >= JournalRecord.BYTES) {
                    continue;
                }
                SimMedium medium = run.medium.copy();
                byte[] bad = good.clone();
                bad[at] ^= 0x40;
                medium.content(path, bad);
                outcomes.merge(reopen(run, medium, "byte " + at + " of " + path), 1, Integer::sum);
            }
        }
        // a torn end looks like the last epoch alone; what others follow is known to be missing
        assertThat(outcomes)
                .containsOnlyKeys(
                        new Standing(State.CONSISTENT, 11, 5),
                        new Standing(State.CONSISTENT, 11, 4),
                        new Standing(State.INCONSISTENT, 11, 0));
    }

    @Test
    void aJournalCutAnywhereEndsAtAnEpoch() {
        RecordedRun run = unapplied();
        // three epochs are in the first segment, which two more follow in the second
        assertThat(cut(run, "journal-0")).containsOnly(new Standing(State.INCONSISTENT, 11, 0));
        assertThat(cut(run, "journal-1"))
                .containsOnly(
                        new Standing(State.CONSISTENT, 11, 3),
                        new Standing(State.CONSISTENT, 11, 4));
    }

    private Set<Standing> cut(RecordedRun run, String file) {
        Set<Standing> outcomes = new HashSet<>();
        Path path = DiskModel.DIRECTORY.resolve(file);
        byte[] good = run.medium.content(path);
        for (int at = 0; at < good.length; at++) {
            if (good[at] != 0) {
                SimMedium medium = run.medium.copy();
                byte[] bad = good.clone();
                Arrays.fill(bad, at, bad.length, (byte) 0);
                medium.content(path, bad);
                outcomes.add(reopen(run, medium, file + " cut at " + at));
            }
        }
        return outcomes;
    }

    private Standing reopen(RecordedRun run, SimMedium medium, String where) {
        try (DiskStore again = RecordedRun.open(medium, RecordedRun.SYNC, new Random(seed), 0)) {
            Standing standing = again.standing();
            if (standing.state() == State.CONSISTENT) {
                checkImages(run, medium, standing, 0, where + ", -Drng.seed=" + seed);
            }
            return standing;
        }
    }
}
