package remus.protocol;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.concurrent.BlockingQueue;
import java.util.concurrent.LinkedBlockingQueue;
import java.util.concurrent.TimeUnit;

/** Keeps what a link tells, with the thread it was told on. */
final class RecordingListener implements PeerLink.Listener {
    record Told(PeerLink link, Frame frame, String closed, String thread) {}

    final BlockingQueue<Told> told = new LinkedBlockingQueue<>();

    @Override
    public void onFrame(PeerLink link, Frame frame) {
        told.add(new Told(link, frame, null, Thread.currentThread().getName()));
    }

    @Override
    public void onClosed(PeerLink link, String reason) {
        told.add(new Told(link, null, reason, Thread.currentThread().getName()));
    }

    Told next() throws InterruptedException {
        Told next = told.poll(10, TimeUnit.SECONDS);
        assertThat(next).as("what the link tells next").isNotNull();
        return next;
    }

    Frame frame() throws InterruptedException {
        Told next = next();
        assertThat(next.frame).as("a frame; closed: " + next.closed).isNotNull();
        return next.frame;
    }

    String closed() throws InterruptedException {
        Told next = next();
        assertThat(next.closed).as("the end; frame: " + next.frame).isNotNull();
        return next.closed;
    }
}
