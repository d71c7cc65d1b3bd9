package remus.netbuf;

import java.util.concurrent.TimeUnit;
import java.util.concurrent.locks.LockSupport;
import remus.domain.qemu.Monitor;

/** Laps without a copy: stop, mark, cont; and a commit after a delay that stands for the backup. */
final class Epochs implements AutoCloseable {
    private final Monitor monitor;
    private final NetBuffer buffer;
    private final long delayNanos;
    private final Thread thread = new Thread(this::run, "epochs");
    private volatile boolean running = true;
    private volatile long laps;

    Epochs(Monitor monitor, NetBuffer buffer, long delayMillis) {
        this.monitor = monitor;
        this.buffer = buffer;
        this.delayNanos = TimeUnit.MILLISECONDS.toNanos(delayMillis);
        thread.start();
    }

    private void run() {
        while (running) {
            monitor.execute("stop");
            buffer.preresume(++laps);
            monitor.execute("cont");
            LockSupport.parkNanos(delayNanos);
            buffer.commit(laps);
        }
    }

    long laps() {
        return laps;
    }

    @Override
    public void close() {
        running = false;
        try {
            thread.join();
        } catch (InterruptedException e) {
            throw new AssertionError(e);
        }
    }
}
