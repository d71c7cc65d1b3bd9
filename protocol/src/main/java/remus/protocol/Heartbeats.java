package remus.protocol;

import java.util.concurrent.atomic.AtomicLong;
import org.jspecify.annotations.Nullable;
import remus.protocol.wire.Heartbeat;
import remus.protocol.wire.Identity;

/**
 * A group's heartbeats to its peer: each says how far the work of this side moved, so that the peer
 * can tell a hung conductor from a quiet one. Any thread may call it.
 */
public final class Heartbeats {
    private final AtomicLong progress = new AtomicLong();
    private volatile @Nullable PeerLink link;

    /** The work moved. */
    public void progressed() {
        progress.incrementAndGet();
    }

    /** Sends one, if there is a connection. */
    public void beat(Identity identity) {
        PeerLink to = link;
        if (to != null) {
            to.send(
                    Frame.of(
                            FrameType.HEARTBEAT,
                            Heartbeat.newBuilder()
                                    .setIdentity(identity)
                                    .setProgress(progress.get())
                                    .build()));
        }
    }

    /** Whether there is a connection to send on. */
    public boolean isLinked() {
        return link != null;
    }

    /** They travel on this connection from now on, or on none; the one before is closed. */
    public void link(@Nullable PeerLink next) {
        PeerLink old = link;
        link = next;
        if (old != null) {
            old.close();
        }
    }

    /** A connection ended; it may be an older one. */
    public void closed(PeerLink which) {
        if (which == link) {
            link = null;
        }
    }
}
