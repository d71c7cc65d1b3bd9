package remus.netbuf;

import java.util.concurrent.TimeUnit;
import java.util.concurrent.locks.LockSupport;
import org.junit.jupiter.api.function.Executable;
import remus.domain.qemu.Monitor;

/** Laps without a copy: stop, mark, cont; and a commit after a delay that stands for the backup. */
final class Epochs {
    private final Monitor monitor;
    private final NetBuffer buffer;
    private final long delayNanos;
    private volatile boolean running = true;
    private volatile long laps;

    private Epochs(Monitor monitor, NetBuffer buffer, long delayMillis) {
        this.monitor = monitor;
        this.buffer = buffer;
        this.delayNanos = TimeUnit.MILLISECONDS.toNanos(delayMillis);
    }

    /** Makes laps while {@code body} runs; returns how many. */
    static long during(Monitor monitor, NetBuffer buffer, long delayMillis, Executable body)
            throws Throwable {
        Epochs epochs = new Epochs(monitor, buffer, delayMillis);
        Thread thread = new Thread(epochs::run, "epochs");
        thread.start();
        try {
            body.execute();
        } finally {
            epochs.running = false;
            thread.join();
        }
        return epochs.laps;
    }

    private void run() {
        for (long epoch = 1; running; epoch++) {
            monitor.execute("stop");
            buffer.preresume(epoch);
            monitor.execute("cont");
            LockSupport.parkNanos(delayNanos);
            buffer.commit(epoch);
            laps = epoch;
        }
    }
}
