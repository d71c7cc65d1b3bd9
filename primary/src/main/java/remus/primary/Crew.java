package remus.primary;

import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import java.util.function.IntConsumer;
import org.jspecify.annotations.Nullable;

/**
 * Does one step for every member at once, so that a group is suspended as one instant. A lone
 * member is done on the conductor's own thread; so is everything in the simulator.
 */
final class Crew implements AutoCloseable {
    private final int members;
    private final @Nullable ExecutorService helpers;

    Crew(int members, boolean concurrent) {
        this.members = members;
        this.helpers =
                members > 1 && concurrent
                        ? Executors.newFixedThreadPool(
                                members - 1,
                                task -> {
                                    Thread thread = new Thread(task, "remus-crew");
                                    thread.setDaemon(true);
                                    return thread;
                                })
                        : null;
    }

    /**
     * Returns when all members are done; what any of them threw is thrown then, the others'
     * exceptions suppressed in it.
     */
    void each(IntConsumer step) {
        List<Future<?>> others = new ArrayList<>();
        if (helpers != null) {
            for (int i = 1; i < members; i++) {
                int member = i;
                others.add(helpers.submit(() -> step.accept(member)));
            }
        }
        RuntimeException failure = null;
        int own = helpers == null ? members : 1;
        for (int i = 0; i < own; i++) {
            try {
                step.accept(i);
            } catch (RuntimeException e) {
                failure = join(failure, e);
            }
        }
        for (Future<?> other : others) {
            try {
                other.get();
            } catch (ExecutionException e) {
                failure =
                        join(
                                failure,
                                e.getCause() instanceof RuntimeException r
                                        ? r
                                        : new IllegalStateException(e.getCause()));
            } catch (InterruptedException e) {
                Thread.currentThread().interrupt();
                failure = join(failure, new IllegalStateException("interrupted", e));
            }
        }
        if (failure != null) {
            throw failure;
        }
    }

    private static RuntimeException join(@Nullable RuntimeException first, RuntimeException next) {
        if (first == null) {
            return next;
        }
        first.addSuppressed(next);
        return first;
    }

    @Override
    public void close() {
        if (helpers != null) {
            helpers.shutdown();
        }
    }
}
