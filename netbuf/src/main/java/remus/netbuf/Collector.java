package remus.netbuf;

import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.channels.SocketChannel;
import org.jspecify.annotations.Nullable;

/**
 * Reads what the guest sends, from QEMU's collecting filter into the ring, and waits for nothing
 * else: QEMU writes to this socket from its main loop, so a reader that stops reading stops the
 * whole VM within a hundred small packets or so.
 *
 * <p>Stream (QEMU, net/filter-mirror.c): length as 4 bytes big-endian, then the packet as the NIC
 * gave it to its netdev, so where the two speak virtio-net headers the header is its beginning. It
 * is passed through as it is: the injecting filter hands the same bytes to the same netdev, and
 * offloaded checksums and segmentation stay right.
 *
 * <p>Ends when the stream does. If it ends by an error the socket is closed: QEMU then drops what
 * the guest sends, that is, output stays held and the guest runs.
 */
final class Collector implements Runnable {
    /** Bytes of the length before each packet. */
    static final int PREFIX_BYTES = 4;

    /**
     * Longest packet that QEMU passes through a filter (NET_BUFSIZE, include/net/net.h): 64 KiB of
     * a segmentation offload and headers.
     */
    static final int MAX_PACKET_BYTES = 65_536 + 4096;

    private static final int READ_BYTES = 256 << 10;

    private final SocketChannel channel;
    private final PacketRing ring;
    private final long pressureBytes;
    private final Runnable pressureListener;
    private final ByteBuffer incoming = ByteBuffer.allocateDirect(READ_BYTES);

    private volatile boolean pressed;
    private volatile boolean discarding;
    private volatile long droppedPackets;
    private volatile long discardedPackets;
    private volatile boolean ended;
    private volatile @Nullable Exception failure;

    /**
     * @param pressureBytes when this much is occupied, {@code pressureListener} is called, from
     *     this thread, once until {@link #epochEnded()}
     */
    Collector(
            SocketChannel channel, PacketRing ring, long pressureBytes, Runnable pressureListener) {
        this.channel = channel;
        this.ring = ring;
        this.pressureBytes = pressureBytes;
        this.pressureListener = pressureListener;
    }

    @Override
    public void run() {
        try (channel) {
            while (channel.read(incoming) >= 0) {
                takeWholePackets();
            }
        } catch (IOException | RuntimeException e) {
            failure = e;
        } finally {
            ended = true;
        }
    }

    private void takeWholePackets() throws IOException {
        int at = 0;
        int end = incoming.position();
        while (end - at >= PREFIX_BYTES) {
            int packetBytes = incoming.getInt(at);
            if (packetBytes < 1 || packetBytes > MAX_PACKET_BYTES) {
                throw new IOException(
                        "broken packet stream: packet of "
                                + Integer.toUnsignedLong(packetBytes)
                                + " bytes (expected: 1 to "
                                + MAX_PACKET_BYTES
                                + ")");
            }
            if (end - at < PREFIX_BYTES + packetBytes) {
                break;
            }
            take(at, PREFIX_BYTES + packetBytes);
            at += PREFIX_BYTES + packetBytes;
        }
        incoming.limit(end).position(at);
        incoming.compact();
    }

    @SuppressWarnings("NonAtomicVolatileUpdate") // this thread alone writes the counters
    private void take(int at, int lengthBytes) {
        if (discarding) {
            discardedPackets++;
        } else if (!ring.append(incoming, at, lengthBytes)) {
            droppedPackets++;
        }
        if (!pressed && ring.occupiedBytes() >= pressureBytes) {
            pressed = true;
            pressureListener.run();
        }
    }

    /** The next time that half of the limit is occupied is worth a new call. */
    void epochEnded() {
        pressed = false;
    }

    /** From now on whatever comes is thrown away. */
    void discard() {
        discarding = true;
    }

    long droppedPackets() {
        return droppedPackets;
    }

    long discardedPackets() {
        return discardedPackets;
    }

    /** Whether the stream has ended, for whatever reason. */
    boolean ended() {
        return ended;
    }

    /** Why the stream ended, if not because QEMU closed it. */
    @Nullable Exception failure() {
        return failure;
    }
}
