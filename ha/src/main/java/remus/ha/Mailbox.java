package remus.ha;

import java.util.concurrent.ConcurrentLinkedQueue;

/**
 * How other threads talk to a conductor: they post what it is to do in its own thread. What is
 * posted is bounded by the protocol's windows; commands of operators are few.
 */
public final class Mailbox {
    private final ConcurrentLinkedQueue<Runnable> queue = new ConcurrentLinkedQueue<>();
    private volatile Runnable wakeUp = () -> {};

    /** Sets how the conductor is woken. */
    public void onPost(Runnable wake) {
        wakeUp = wake;
    }

    /** Has {@code work} done by the conductor. */
    public void post(Runnable work) {
        queue.add(work);
        wakeUp.run();
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
