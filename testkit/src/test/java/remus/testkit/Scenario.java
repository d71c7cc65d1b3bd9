package remus.testkit;

import java.util.Random;
import remus.protocol.wire.FailoverMode;

/**
 * The quiet part of a simulated world: what is protected and how.
 *
 * @param witnessed whether there is a witness
 * @param instantWrites the wire takes each frame at once; for staging memory so small that epochs
 *     are spilled
 */
record Scenario(
        int members,
        FailoverMode failover,
        int windowEpochs,
        long intervalNanos,
        long latencyNanos,
        int pages,
        int writesPerStep,
        long stepNanos,
        int seedRounds,
        boolean instantWrites,
        boolean witnessed) {
    private static final long MILLI = 1_000_000;
    private static final long SLAB_BYTES = (1 << 20) + 2048;

    static Scenario plain() {
        return new Scenario(
                1, FailoverMode.MANUAL, 2, 25 * MILLI, 200_000, 40, 3, 3 * MILLI, 1, false, false);
    }

    /** A guest that writes, in a second, several times what staging memory holds. */
    static Scenario busy() {
        return new Scenario(
                1,
                FailoverMode.AUTOMATIC_WITHOUT_WITNESS,
                2,
                25 * MILLI,
                200_000,
                3000,
                40,
                2 * MILLI,
                1,
                true,
                false);
    }

    static Scenario of(Random random) {
        return new Scenario(
                1 + random.nextInt(2),
                random.nextBoolean() ? FailoverMode.MANUAL : FailoverMode.AUTOMATIC_WITHOUT_WITNESS,
                1 + random.nextInt(4),
                (10 + random.nextInt(40)) * MILLI,
                50_000 + random.nextInt(2_000_000),
                random.nextInt(10) == 0 ? 420 : 12 + random.nextInt(60),
                1 + random.nextInt(5),
                (2 + random.nextInt(5)) * MILLI,
                1 + random.nextInt(3),
                random.nextInt(4) == 0,
                false);
    }

    Scenario automatic() {
        return with(members, FailoverMode.AUTOMATIC_WITHOUT_WITNESS, windowEpochs, latencyNanos);
    }

    Scenario members(int count) {
        return with(count, failover, windowEpochs, latencyNanos);
    }

    Scenario far(int window, long newLatencyNanos) {
        return with(members, failover, window, newLatencyNanos);
    }

    private Scenario with(int count, FailoverMode mode, int window, long latency) {
        return new Scenario(
                count,
                mode,
                window,
                intervalNanos,
                latency,
                pages,
                writesPerStep,
                stepNanos,
                seedRounds,
                instantWrites,
                witnessed);
    }

    /** The same, with a witness. */
    Scenario withWitness() {
        return new Scenario(
                members,
                failover == FailoverMode.MANUAL ? failover : FailoverMode.AUTOMATIC,
                windowEpochs,
                intervalNanos,
                latencyNanos,
                pages,
                writesPerStep,
                stepNanos,
                seedRounds,
                instantWrites,
                true);
    }

    /** Two scenarios of three have disks; without a draw of its own, so that old seeds stay. */
    int diskBytes() {
        return pages % 3 == 0 ? 0 : 160 * 1024;
    }

    boolean isAutomatic() {
        return failover != FailoverMode.MANUAL;
    }

    long heartbeatNanos() {
        return 50 * MILLI;
    }

    long silenceLimitNanos() {
        return 400 * MILLI;
    }

    long reconnectGraceNanos() {
        return 100 * MILLI;
    }

    /** Enough that no run waits for memory in real time; the smallest there is if writes do not. */
    long stagingBytes() {
        return instantWrites ? 4 * SLAB_BYTES : 12L * members * SLAB_BYTES;
    }
}
