package remus.protocol;

import io.netty.channel.Channel;
import io.netty.channel.ChannelHandlerContext;
import io.netty.channel.ChannelInboundHandlerAdapter;
import io.netty.channel.EventLoop;
import io.netty.util.concurrent.Future;
import java.util.ArrayDeque;
import java.util.Queue;
import java.util.concurrent.TimeUnit;
import java.util.function.Supplier;
import org.jspecify.annotations.Nullable;
import remus.protocol.wire.Hello;

/**
 * Keeps an accepted connection in the lobby until its {@code Hello} has come, then moves it to the
 * thread where it belongs, and only there tells an owner of it. One that says nothing within the
 * limit, or something else, never gets that far: probes and strangers trouble nobody.
 */
@SuppressWarnings("FutureReturnValueIgnored") // failures show in the listener or end the channel
final class HelloGate extends ChannelInboundHandlerAdapter {
    private final LinkThreads threads;
    private final long firstFrameNanos;
    private final NettyPeerLink link;
    private final Supplier<? extends PeerLink.Listener> listeners;
    private final Queue<Frame> held = new ArrayDeque<>();
    private @Nullable Future<?> limit;

    HelloGate(
            LinkThreads threads,
            long firstFrameNanos,
            NettyPeerLink link,
            Supplier<? extends PeerLink.Listener> listeners) {
        this.threads = threads;
        this.firstFrameNanos = firstFrameNanos;
        this.link = link;
        this.listeners = listeners;
    }

    @Override
    public void channelActive(ChannelHandlerContext ctx) {
        limit = ctx.executor().schedule(this::expire, firstFrameNanos, TimeUnit.NANOSECONDS);
        ctx.fireChannelActive();
    }

    private void expire() {
        link.refuse(
                new PeerException(
                        "no-hello",
                        "no HELLO came (expected: within "
                                + TimeUnit.NANOSECONDS.toMillis(firstFrameNanos)
                                + " ms of connecting)",
                        "connect with a Remus agent"));
    }

    @Override
    public void channelRead(ChannelHandlerContext ctx, Object message) {
        Frame frame = (Frame) message;
        held.add(frame);
        if (held.size() > 1) {
            return;
        }
        if (frame.type() != FrameType.HELLO) {
            throw new ProtocolException("first frame: " + frame.type() + " (expected: HELLO)");
        }
        remus.protocol.wire.Channel kind = frame.header(Hello.class).getChannel();
        switch (kind) {
            case DATA, HEARTBEAT -> move(ctx, threads.forChannel(kind).next());
            default ->
                    throw new ProtocolException(
                            "channel: " + kind + " (expected: DATA or HEARTBEAT)");
        }
    }

    private void move(ChannelHandlerContext ctx, EventLoop home) {
        cancelLimit();
        Channel channel = ctx.channel();
        channel.config().setAutoRead(false);
        channel.deregister()
                .addListener(
                        done ->
                                home.register(channel)
                                        .addListener(
                                                moved -> {
                                                    if (moved.isSuccess()) {
                                                        home.execute(() -> open(ctx));
                                                    } else {
                                                        channel.close();
                                                    }
                                                }));
    }

    private void open(ChannelHandlerContext ctx) {
        if (!link.isClosed()) {
            link.open(listeners.get());
        }
        for (Frame frame = held.poll(); frame != null; frame = held.poll()) {
            ctx.fireChannelRead(frame);
        }
        ctx.channel().config().setAutoRead(true);
        ctx.pipeline().remove(this);
    }

    @Override
    public void handlerRemoved(ChannelHandlerContext ctx) {
        cancelLimit();
        for (Frame frame = held.poll(); frame != null; frame = held.poll()) {
            frame.release();
        }
    }

    private void cancelLimit() {
        if (limit != null) {
            limit.cancel(false);
        }
    }
}
