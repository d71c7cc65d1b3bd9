package remus.protocol;

import io.netty.channel.EventLoopGroup;
import io.netty.channel.IoHandlerFactory;
import io.netty.channel.MultiThreadIoEventLoopGroup;
import io.netty.channel.epoll.Epoll;
import io.netty.channel.epoll.EpollIoHandler;
import io.netty.channel.epoll.EpollServerSocketChannel;
import io.netty.channel.epoll.EpollSocketChannel;
import io.netty.channel.nio.NioIoHandler;
import io.netty.channel.socket.ServerSocketChannel;
import io.netty.channel.socket.SocketChannel;
import io.netty.channel.socket.nio.NioServerSocketChannel;
import io.netty.channel.socket.nio.NioSocketChannel;
import io.netty.util.concurrent.DefaultThreadFactory;
import java.util.List;
import java.util.concurrent.TimeUnit;
import remus.protocol.wire.Channel;

/**
 * The I/O threads of all links of this process. Heartbeats have a thread of their own: one that
 * waits behind megabytes of pages would make a busy peer look dead. Strangers have one too: a
 * connection that was accepted stays in the lobby until its {@code Hello} says where it belongs.
 */
@SuppressWarnings("FutureReturnValueIgnored") // failures show in the listener or end the channel
public final class LinkThreads implements AutoCloseable {
    private final EventLoopGroup data;
    private final EventLoopGroup heartbeats;
    private final EventLoopGroup lobby;
    private final Class<? extends SocketChannel> socketClass;
    private final Class<? extends ServerSocketChannel> serverSocketClass;

    private LinkThreads(
            int dataThreads,
            IoHandlerFactory io,
            Class<? extends SocketChannel> socketClass,
            Class<? extends ServerSocketChannel> serverSocketClass) {
        data = group(dataThreads, "remus-data", io);
        heartbeats = group(1, "remus-heartbeat", io);
        lobby = group(1, "remus-lobby", io);
        this.socketClass = socketClass;
        this.serverSocketClass = serverSocketClass;
    }

    private static EventLoopGroup group(int threads, String name, IoHandlerFactory io) {
        return new MultiThreadIoEventLoopGroup(threads, new DefaultThreadFactory(name, true), io);
    }

    /** Threads over epoll(7) where it is available, else over the JDK's selectors. */
    public static LinkThreads start(int dataThreads) {
        return Epoll.isAvailable()
                ? new LinkThreads(
                        dataThreads,
                        EpollIoHandler.newFactory(),
                        EpollSocketChannel.class,
                        EpollServerSocketChannel.class)
                : startNio(dataThreads);
    }

    static LinkThreads startNio(int dataThreads) {
        return new LinkThreads(
                dataThreads,
                NioIoHandler.newFactory(),
                NioSocketChannel.class,
                NioServerSocketChannel.class);
    }

    EventLoopGroup forChannel(Channel channel) {
        return channel == Channel.HEARTBEAT ? heartbeats : data;
    }

    EventLoopGroup lobby() {
        return lobby;
    }

    Class<? extends SocketChannel> socketClass() {
        return socketClass;
    }

    Class<? extends ServerSocketChannel> serverSocketClass() {
        return serverSocketClass;
    }

    /** Ends the threads; every link that is still open hears that it was closed. */
    @Override
    public void close() {
        for (EventLoopGroup group : List.of(lobby, data, heartbeats)) {
            group.shutdownGracefully(0, 1, TimeUnit.SECONDS).syncUninterruptibly();
        }
    }
}
