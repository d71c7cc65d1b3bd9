package remus.protocol;

import io.netty.bootstrap.ServerBootstrap;
import io.netty.channel.Channel;
import io.netty.channel.ChannelFuture;
import io.netty.channel.ChannelInitializer;
import io.netty.channel.ChannelOption;
import io.netty.channel.group.ChannelGroup;
import io.netty.channel.group.DefaultChannelGroup;
import io.netty.channel.socket.SocketChannel;
import io.netty.util.concurrent.GlobalEventExecutor;
import java.net.InetSocketAddress;
import java.util.Map;
import java.util.concurrent.TimeUnit;
import java.util.function.Supplier;

/** Where the agent waits for the agents of other hosts to connect. */
@SuppressWarnings("FutureReturnValueIgnored") // failures show in the listener or end the channel
public final class ReplicationServer implements AutoCloseable {

    /**
     * What strangers may take of this host.
     *
     * @param firstFrameNanos a connection whose {@code Hello} is not here after this is closed
     * @param maxConnections connections at one time; further ones are refused
     */
    public record Limits(long firstFrameNanos, int maxConnections) {
        /** 5 seconds and 64 connections: two for each of 32 groups. */
        public static final Limits DEFAULT = new Limits(TimeUnit.SECONDS.toNanos(5), 64);
    }

    private final ChannelGroup connections = new DefaultChannelGroup(GlobalEventExecutor.INSTANCE);
    private final StrangerLog strangers = new StrangerLog();
    private final Channel listening;

    private ReplicationServer(
            LinkThreads threads,
            InetSocketAddress address,
            Limits limits,
            Supplier<? extends PeerLink.Listener> listeners)
            throws PeerException {
        ServerBootstrap bootstrap =
                new ServerBootstrap()
                        .group(threads.lobby())
                        .channel(threads.serverSocketClass())
                        .option(ChannelOption.SO_REUSEADDR, true)
                        .childHandler(
                                new ChannelInitializer<SocketChannel>() {
                                    @Override
                                    protected void initChannel(SocketChannel channel) {
                                        accept(channel, threads, limits, listeners);
                                    }
                                });
        for (Map.Entry<ChannelOption<?>, Object> option : LinkOptions.ALL.entrySet()) {
            @SuppressWarnings("unchecked") // the map pairs each option with a value of its type
            ChannelOption<Object> key = (ChannelOption<Object>) option.getKey();
            bootstrap.childOption(key, option.getValue());
        }
        ChannelFuture bound = bootstrap.bind(address).awaitUninterruptibly();
        if (!bound.isSuccess()) {
            throw new PeerException(
                    "cannot-listen",
                    "cannot listen on "
                            + LinkOptions.text(address)
                            + ": "
                            + bound.cause().getMessage(),
                    "choose an address of this host and a port that nothing else uses",
                    bound.cause());
        }
        listening = bound.channel();
    }

    /**
     * Begins to listen.
     *
     * @param address port 0 for one that the kernel chooses
     * @param listeners makes the owner of a connection once its {@code Hello} has come, which is
     *     then its first frame; called on an I/O thread
     * @throws PeerException with code {@code cannot-listen}
     */
    public static ReplicationServer start(
            LinkThreads threads,
            InetSocketAddress address,
            Limits limits,
            Supplier<? extends PeerLink.Listener> listeners)
            throws PeerException {
        return new ReplicationServer(threads, address, limits, listeners);
    }

    /** Where it listens, with the port that was chosen. */
    public InetSocketAddress address() {
        return (InetSocketAddress) listening.localAddress();
    }

    private void accept(
            SocketChannel channel,
            LinkThreads threads,
            Limits limits,
            Supplier<? extends PeerLink.Listener> listeners) {
        boolean full = connections.size() >= limits.maxConnections();
        connections.add(channel);
        NettyPeerLink link = NettyPeerLink.on(channel, LinkOptions.text(channel.remoteAddress()));
        link.onRefusedStranger(why -> strangers.refused(link.peer(), why, System.nanoTime()));
        if (full) {
            channel.eventLoop().execute(() -> link.refuse(tooMany(limits.maxConnections())));
        } else {
            channel.pipeline()
                    .addBefore(
                            NettyPeerLink.NAME,
                            null,
                            new HelloGate(threads, limits.firstFrameNanos(), link, listeners));
        }
    }

    private static PeerException tooMany(int maxConnections) {
        return new PeerException(
                "too-many-connections",
                "connections: more (expected: <= " + maxConnections + ")",
                "protect fewer groups with this backup, or find who else connects to its port");
    }

    /** Stops listening and closes every connection; their owners hear of it. */
    @Override
    public void close() {
        listening.close().awaitUninterruptibly();
        for (Channel channel : connections) {
            NettyPeerLink link = channel.pipeline().get(NettyPeerLink.class);
            if (link != null) {
                link.close();
            }
        }
    }
}
