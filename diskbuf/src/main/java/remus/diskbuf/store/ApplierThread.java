package remus.diskbuf.store;

import com.google.errorprone.annotations.concurrent.GuardedBy;

/** Drives an applier by a thread of its own. */
final class ApplierThread implements ApplierDrive, Runnable {
    private final Applier applier;
    private final Thread thread;

    @GuardedBy("this")
    private boolean asked = true;

    @GuardedBy("this")
    private boolean idle;

    @GuardedBy("this")
    private boolean stopping;

    ApplierThread(Applier applier, String name) {
        this.applier = applier;
        thread = new Thread(this, name);
        thread.setDaemon(true);
    }

    ApplierThread start() {
        thread.start();
        return this;
    }

    @Override
    public void run() {
        try {
            while (awaitWork()) {
                while (!isStopping() && applier.step()) {
                    // one piece after the other
                }
            }
        } catch (InterruptedException e) {
            // nobody else knows this thread: it is told to end
            Thread.currentThread().interrupt();
        } finally {
            synchronized (this) {
                stopping = true;
                notifyAll();
            }
        }
    }

    private synchronized boolean isStopping() {
        return stopping;
    }

    private synchronized boolean awaitWork() throws InterruptedException {
        while (!asked && !stopping) {
            idle = true;
            notifyAll();
            wait();
        }
        asked = false;
        idle = false;
        return !stopping;
    }

    @Override
    public synchronized void wake() {
        asked = true;
        notifyAll();
    }

    @Override
    public synchronized void awaitIdle() throws InterruptedException {
        while (!stopping && (asked || !idle)) {
            wait();
        }
    }

    @Override
    public void stop() throws InterruptedException {
        synchronized (this) {
            stopping = true;
            notifyAll();
        }
        thread.join();
    }
}
