package remus.protocol;

import io.netty.buffer.ByteBuf;
import io.netty.buffer.Unpooled;
import io.netty.channel.ChannelHandlerContext;
import io.netty.channel.ChannelInboundHandlerAdapter;
import io.netty.channel.socket.SocketChannel;
import io.netty.util.concurrent.Future;
import java.io.IOException;
import java.util.Queue;
import java.util.concurrent.ConcurrentLinkedQueue;
import java.util.concurrent.RejectedExecutionException;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.concurrent.atomic.AtomicLong;
import java.util.function.Consumer;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * A link over a TCP connection.
 *
 * <p>Frames wait in a queue of the link and are encoded only as the socket takes them, on its I/O
 * thread: so their checksum is computed just before the kernel copies the bytes, while they are in
 * the cache. When the connection fails, what the peer sent wrong is told to it if it still listens.
 */
@SuppressWarnings("FutureReturnValueIgnored") // failures show in the listener or end the channel
final class NettyPeerLink extends ChannelInboundHandlerAdapter implements PeerLink {
    static final String NAME = "link";

    /** A sender that does not look at {@link #pendingBytes} ends here, not with the memory. */
    static final int MAX_QUEUED_FRAMES = 1 << 16;

    /**
     * How long the connection is kept to let the last frame arrive: closing it with unread bytes
     * would reset it, and the peer would lose that frame (RFC 9293, 3.6.1).
     */
    private static final long LINGER_MILLIS = 500;

    private static final String CLOSED_HERE = "closed by this side";

    private static final Logger log = LoggerFactory.getLogger(NettyPeerLink.class);

    private record Queued(Frame frame, long bytes, Runnable onWritten) {}

    private final SocketChannel channel;
    private final FrameDecoder decoder;
    private final String peer;
    private final FrameEncoder encoder = new FrameEncoder();
    private final Queue<Queued> queue = new ConcurrentLinkedQueue<>();
    private final AtomicLong queuedFrames = new AtomicLong();
    private final AtomicLong pendingBytes = new AtomicLong();
    private final AtomicBoolean drainScheduled = new AtomicBoolean();

    // the rest belongs to the I/O thread
    private @Nullable Listener listener;
    private Consumer<PeerException> onRefusedStranger = why -> {};
    private boolean closed;

    private NettyPeerLink(SocketChannel channel, FrameDecoder decoder, String peer) {
        this.channel = channel;
        this.decoder = decoder;
        this.peer = peer;
    }

    /** Makes a link of {@code channel}; it drops what arrives until {@link #open}. */
    static NettyPeerLink on(SocketChannel channel, String peer) {
        FrameDecoder decoder = new FrameDecoder();
        NettyPeerLink link = new NettyPeerLink(channel, decoder, peer);
        channel.config().setRecvByteBufAllocator(new FrameReadAllocator(decoder));
        channel.pipeline().addLast(decoder).addLast(NAME, link);
        return link;
    }

    /** Who hears of it if the connection is refused before it is {@link #open}. */
    void onRefusedStranger(Consumer<PeerException> hears) {
        onRefusedStranger = hears;
    }

    /** Before the first frame arrives. */
    void open(Listener owner) {
        listener = owner;
    }

    /** Whether it has ended; on the I/O thread. */
    boolean isClosed() {
        return closed;
    }

    @Override
    public void send(Frame frame, Runnable onWritten) {
        long bytes = FrameEncoder.wireBytes(frame);
        pendingBytes.addAndGet(bytes);
        long frames = queuedFrames.incrementAndGet();
        queue.add(new Queued(frame, bytes, onWritten));
        if (frames > MAX_QUEUED_FRAMES) {
            execute(
                    () ->
                            finish(
                                    frames
                                            + " frames queued (expected: <= "
                                            + MAX_QUEUED_FRAMES
                                            + ")"));
        }
        if (drainScheduled.compareAndSet(false, true)) {
            execute(this::drain);
        }
    }

    @Override
    public long pendingBytes() {
        return pendingBytes.get();
    }

    @Override
    public void reading(boolean on) {
        channel.config().setAutoRead(on);
    }

    @Override
    public void close() {
        execute(() -> finish(CLOSED_HERE));
    }

    @Override
    public String peer() {
        return peer;
    }

    private void execute(Runnable task) {
        try {
            channel.eventLoop().execute(task);
        } catch (RejectedExecutionException e) {
            log.debug("link to {}: its thread has ended, dropping its queue", peer, e);
            drainScheduled.set(false);
            dropQueue();
        }
    }

    /** Encodes while the socket takes it. */
    private void drain() {
        drainScheduled.set(false);
        if (closed) {
            dropQueue();
            return;
        }
        boolean wrote = false;
        while (channel.isWritable()) {
            Queued next = queue.poll();
            if (next == null) {
                break;
            }
            queuedFrames.decrementAndGet();
            if (!write(next)) {
                return;
            }
            wrote = true;
        }
        if (wrote) {
            channel.flush();
        }
    }

    private boolean write(Queued next) {
        ByteBuf head;
        try {
            head = encoder.encodeHead(next.frame, channel.alloc());
        } catch (ProtocolException e) {
            drop(next);
            finish("cannot send: " + e.getMessage());
            return false;
        }
        ByteBuf payload = next.frame.payload();
        ByteBuf last = head;
        boolean large = payload.isReadable();
        if (large) {
            channel.write(head);
            last = payload;
        } else {
            payload.release();
        }
        channel.write(last).addListener((Future<? super Void> done) -> written(next));
        if (large) {
            channel.flush(); // the peer takes it while the next one's checksum is computed
        }
        return true;
    }

    private void written(Queued done) {
        pendingBytes.addAndGet(-done.bytes);
        try {
            done.onWritten.run();
        } catch (RuntimeException e) {
            log.error("link to {}: the owner of a written frame failed", peer, e);
        }
    }

    private void drop(Queued queued) {
        queued.frame.release();
        written(queued);
    }

    private void dropQueue() {
        Queued next = queue.poll();
        while (next != null) {
            queuedFrames.decrementAndGet();
            drop(next);
            next = queue.poll();
        }
    }

    @Override
    public void channelWritabilityChanged(ChannelHandlerContext ctx) {
        drain();
    }

    @Override
    public void channelRead(ChannelHandlerContext ctx, Object message) {
        Frame frame = (Frame) message;
        Listener owner = listener;
        if (closed || owner == null) {
            frame.release();
            return;
        }
        owner.onFrame(this, frame);
    }

    @Override
    public void channelInactive(ChannelHandlerContext ctx) {
        if (channel.eventLoop().isShuttingDown()) {
            finish(CLOSED_HERE);
        } else {
            finish(
                    decoder.isMidFrame()
                            ? "closed by peer in the middle of a frame"
                            : "closed by peer");
        }
    }

    @Override
    public void exceptionCaught(ChannelHandlerContext ctx, Throwable cause) {
        if (cause instanceof ProtocolException) {
            refuse(
                    new PeerException(
                            "protocol-error",
                            String.valueOf(cause.getMessage()),
                            "install the same version of Remus on both hosts, or find what alters"
                                    + " the data on its way"));
        } else if (cause instanceof IOException) {
            finish("connection lost: " + cause.getMessage());
        } else {
            log.error("link to {} fails", peer, cause);
            finish("internal error: " + cause);
        }
    }

    /** Tells the peer why, and closes. */
    void refuse(PeerException why) {
        if (!closed) {
            if (listener == null) {
                onRefusedStranger.accept(why);
            }
            finish(String.valueOf(why.getMessage()), why.toFrame());
        }
    }

    private void finish(String reason) {
        finish(reason, null);
    }

    private void finish(String reason, @Nullable Frame lastFrame) {
        if (closed) {
            return;
        }
        closed = true;
        if (channel.isActive()) {
            if (lastFrame != null) {
                channel.write(encoder.encodeHead(lastFrame, channel.alloc()));
            }
            channel.writeAndFlush(Unpooled.EMPTY_BUFFER)
                    .addListener(done -> channel.shutdownOutput());
            channel.eventLoop()
                    .schedule((Runnable) channel::close, LINGER_MILLIS, TimeUnit.MILLISECONDS);
        } else {
            channel.close();
        }
        dropQueue();
        Listener owner = listener;
        if (owner != null) {
            owner.onClosed(this, reason);
        }
    }
}
