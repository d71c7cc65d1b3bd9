package remus.backup;

import com.google.protobuf.MessageLite;
import java.util.List;
import java.util.concurrent.CopyOnWriteArrayList;
import remus.protocol.Frame;
import remus.protocol.FrameType;
import remus.protocol.PeerLink;
import remus.protocol.wire.Refused;

/** A connection that keeps what is sent on it. */
final class RecordingLink implements PeerLink {
    final List<Frame> sent = new CopyOnWriteArrayList<>();
    volatile boolean closed;

    @Override
    public void send(Frame frame, Runnable onWritten) {
        sent.add(frame);
        onWritten.run();
    }

    @Override
    public long pendingBytes() {
        return 0;
    }

    @Override
    public void reading(boolean on) {}

    @Override
    public void close() {
        closed = true;
    }

    @Override
    public String peer() {
        return "192.0.2.1:40000";
    }

    /** The newest frame of this type. */
    <T extends MessageLite> T last(FrameType type, Class<T> header) {
        return sent.stream()
                .filter(frame -> frame.type() == type)
                .reduce((earlier, later) -> later)
                .map(frame -> frame.header(header))
                .orElseThrow(() -> new AssertionError("no " + type + " among " + sent));
    }

    Refused refusal() {
        return last(FrameType.REFUSED, Refused.class);
    }
}
