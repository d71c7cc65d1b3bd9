package remus.netbuf;

import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.channels.WritableByteChannel;

/**
 * A bounded off-heap ring of length-prefixed packets with a mark at the end of each epoch.
 *
 * <pre>
 *            head              released                      tail
 *   ... gone | free to leave    | mark n+1 ... mark n+2 ...   | free room ...
 * </pre>
 *
 * <p>Positions only grow and count bytes since the start. Each has one writer: {@code tail} the
 * thread that appends, {@code head} the one that writes out, {@code released} the one that commits;
 * none of them ever waits for another. A packet is visible to the others only as a whole, as {@code
 * tail} moves after its last byte. Prefix and packet are kept as they came, so that writing out
 * copies nothing.
 */
final class PacketRing {
    /** Epochs that may be marked and not released; beyond it the two newest become one. */
    private static final int MARKS = 1024;

    /** Keeps one write from holding the room of everything it writes until its end. */
    private static final int WRITE_BYTES = 1 << 20;

    private final ByteBuffer memory;
    private final ByteBuffer outgoing;
    private final int capacity;

    private final long[] markEpochs = new long[MARKS];
    private final long[] markPositions = new long[MARKS];
    private final long[] markPackets = new long[MARKS];
    private int firstMark;
    private int marks;

    private volatile long tail;
    private volatile long appendedPackets;
    private volatile long released;
    private volatile long releasedPackets;
    private volatile long head;

    PacketRing(int capacityBytes) {
        capacity = capacityBytes;
        memory = ByteBuffer.allocateDirect(capacityBytes);
        outgoing = memory.duplicate();
    }

    /**
     * Appends {@code lengthBytes} of {@code source} from {@code offset}: one packet and its prefix.
     *
     * @return false if it does not fit; nothing was appended
     */
    @SuppressWarnings("NonAtomicVolatileUpdate") // this thread alone writes both
    boolean append(ByteBuffer source, int offset, int lengthBytes) {
        if (tail - head + lengthBytes > capacity) {
            return false;
        }
        int index = (int) (tail % capacity);
        int untilEnd = Math.min(lengthBytes, capacity - index);
        memory.put(index, source, offset, untilEnd);
        memory.put(0, source, offset + untilEnd, lengthBytes - untilEnd);
        tail += lengthBytes;
        appendedPackets++;
        return true;
    }

    /** Everything appended so far belongs to {@code epoch}, unless it belongs to one before. */
    synchronized void mark(long epoch) {
        // With no mark left the newest one moves on: its packets leave later, which is always safe.
        int slot = (firstMark + (marks == MARKS ? marks - 1 : marks++)) % MARKS;
        markEpochs[slot] = epoch;
        markPackets[slot] = appendedPackets;
        markPositions[slot] = tail;
    }

    /** Lets everything up to the newest mark that is not above {@code epoch} leave. */
    synchronized void release(long epoch) {
        while (marks > 0 && markEpochs[firstMark] <= epoch) {
            releasedPackets = markPackets[firstMark];
            released = markPositions[firstMark];
            firstMark = (firstMark + 1) % MARKS;
            marks--;
        }
    }

    /** Lets everything appended so far leave, marked or not. */
    synchronized void releaseAll() {
        marks = 0;
        releasedPackets = appendedPackets;
        released = tail;
    }

    /**
     * Writes out some of what may leave, and frees its room. May block in the channel.
     *
     * @return false if there was nothing that may leave
     */
    @SuppressWarnings("NonAtomicVolatileUpdate") // this thread alone writes head
    boolean writeReleased(WritableByteChannel channel) throws IOException {
        long ready = released - head;
        if (ready == 0) {
            return false;
        }
        int index = (int) (head % capacity);
        int lengthBytes = (int) Math.min(ready, Math.min(capacity - index, WRITE_BYTES));
        outgoing.limit(index + lengthBytes).position(index);
        head += channel.write(outgoing);
        return true;
    }

    /** Bytes that take up room: held, or released and not yet written out. */
    long occupiedBytes() {
        return tail - head;
    }

    long heldBytes() {
        return Math.max(0, tail - released);
    }

    long heldPackets() {
        return Math.max(0, appendedPackets - releasedPackets);
    }

    long releasedPackets() {
        return releasedPackets;
    }
}
