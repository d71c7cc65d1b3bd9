package remus.netbuf;

import java.io.IOException;
import java.nio.channels.SocketChannel;
import java.util.concurrent.locks.LockSupport;
import org.jspecify.annotations.Nullable;

/**
 * Writes released packets to QEMU's injecting filter. A QEMU that does not read blocks this thread
 * and nobody else.
 */
final class Injector implements Runnable {
    private final SocketChannel channel;
    private final PacketRing ring;
    private volatile boolean finishing;
    private volatile boolean discarding;
    private volatile boolean ended;
    private volatile @Nullable IOException failure;

    Injector(SocketChannel channel, PacketRing ring) {
        this.channel = channel;
        this.ring = ring;
    }

    @Override
    public void run() {
        try {
            while (!discarding && channel.isOpen()) {
                if (ring.writeReleased(channel)) {
                    continue;
                }
                if (finishing) {
                    channel.shutdownOutput();
                    return;
                }
                LockSupport.park(this);
            }
        } catch (IOException e) {
            failure = e;
        } finally {
            ended = true;
        }
    }

    /**
     * Everything that will ever be released has been: after it, the stream ends. Only its sending
     * direction is shut down, as QEMU drops what it has not read yet when a peer closes both.
     */
    void finish() {
        finishing = true;
    }

    /** Nothing more leaves, not even what was released. */
    void discard() {
        discarding = true;
    }

    /** Whether nothing more can leave, for whatever reason. */
    boolean ended() {
        return ended;
    }

    /** Why nothing more can leave, if not because it was told to end. */
    @Nullable IOException failure() {
        return failure;
    }
}
