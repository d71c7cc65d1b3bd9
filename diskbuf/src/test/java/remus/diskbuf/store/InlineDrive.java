package remus.diskbuf.store;

import java.util.Random;

/** Drives an applier on the caller's thread, a random number of steps at a time. */
final class InlineDrive implements ApplierDrive {
    private final Applier applier;
    private final Random random;
    private final int maxSteps;

    /**
     * @param maxSteps that a wake may bring; with 0 the applier only works when it is waited for
     */
    InlineDrive(Applier applier, Random random, int maxSteps) {
        this.applier = applier;
        this.random = random;
        this.maxSteps = maxSteps;
    }

    @Override
    public void wake() {
        for (int steps = random.nextInt(maxSteps + 1); steps > 0 && applier.step(); steps--) {
            // one piece of work each
        }
    }

    @Override
    public void awaitIdle() {
        while (applier.step()) {
            // one piece of work each
        }
    }

    @Override
    public void stop() {}
}
