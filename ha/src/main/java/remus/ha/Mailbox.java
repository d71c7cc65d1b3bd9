package remus.ha;

import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ConcurrentLinkedQueue;
import java.util.function.Supplier;

/**
 * How other threads talk to a conductor: they post what it is to do in its own thread. What is
 * posted is bounded by the protocol's windows; commands of operators are few.
 */
public final class Mailbox {
    private final ConcurrentLinkedQueue<Runnable> queue = new ConcurrentLinkedQueue<>();
    private volatile Runnable wakeUp = () -> {};
    private volatile boolean ended;

    /** Sets how the conductor is woken. */
    public void onPost(Runnable wake) {
        wakeUp = wake;
    }

    /** Has {@code work} done by the conductor. */
    public void post(Runnable work) {
        queue.add(work);
        if (ended) {
            drainLate();
        } else {
            wakeUp.run();
        }
    }

    /** Has a question answered by the conductor; what it throws is thrown to whoever waits. */
    public <T> CompletableFuture<T> ask(Supplier<T> question) {
        CompletableFuture<T> answer = new CompletableFuture<>();
        post(
                () -> {
                    try {
                        answer.complete(question.get());
                    } catch (RuntimeException e) {
                        answer.completeExceptionally(e);
                    }
                });
        return answer;
    }

    /** The conductor has ended: from here on what is posted is done by whoever posts it. */
    public void end() {
        ended = true;
        drainLate();
    }

    private synchronized void drainLate() {
        drain();
    }

    /** Does everything posted so far, in order. */
    public void drain() {
        for (Runnable work = queue.poll(); work != null; work = queue.poll()) {
            work.run();
        }
    }

    /** Whether nothing is posted. */
    public boolean isEmpty() {
        return queue.isEmpty();
    }
}
