package remus.diskbuf.nbd;

import io.netty.bootstrap.ServerBootstrap;
import io.netty.buffer.ByteBufAllocator;
import io.netty.buffer.PooledByteBufAllocator;
import io.netty.channel.Channel;
import io.netty.channel.ChannelFuture;
import io.netty.channel.ChannelInitializer;
import io.netty.channel.ChannelOption;
import io.netty.channel.EventLoopGroup;
import io.netty.channel.IoHandlerFactory;
import io.netty.channel.MultiThreadIoEventLoopGroup;
import io.netty.channel.ServerChannel;
import io.netty.channel.WriteBufferWaterMark;
import io.netty.channel.epoll.Epoll;
import io.netty.channel.epoll.EpollIoHandler;
import io.netty.channel.epoll.EpollServerDomainSocketChannel;
import io.netty.channel.epoll.EpollServerSocketChannel;
import io.netty.channel.group.ChannelGroup;
import io.netty.channel.group.DefaultChannelGroup;
import io.netty.channel.nio.NioIoHandler;
import io.netty.channel.socket.SocketChannel;
import io.netty.channel.socket.nio.NioServerDomainSocketChannel;
import io.netty.channel.socket.nio.NioServerSocketChannel;
import io.netty.channel.unix.DomainSocketAddress;
import io.netty.util.concurrent.DefaultThreadFactory;
import io.netty.util.concurrent.GlobalEventExecutor;
import java.io.IOException;
import java.net.ConnectException;
import java.net.InetSocketAddress;
import java.net.SocketAddress;
import java.net.UnixDomainSocketAddress;
import java.nio.file.Files;
import java.nio.file.LinkOption;
import java.nio.file.Path;
import java.nio.file.attribute.PosixFilePermissions;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.TimeUnit;
import java.util.function.Function;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;
import remus.domain.DomainException;

/**
 * Serves disks over NBD, on Unix sockets and TCP ports. Whoever can connect may use them: a Unix
 * socket is its owner's only, TCP is in clear and for private links.
 */
@SuppressWarnings("FutureReturnValueIgnored") // failures end the channel
public final class NbdServer implements AutoCloseable {
    /** Connections at one time, over all sockets; further ones are closed at once. */
    public static final int MAX_CONNECTIONS = 16;

    private static final Logger log = LoggerFactory.getLogger(NbdServer.class);

    /**
     * Chunks of 16 MiB (8 KiB &lt;&lt; 11), so that payloads of some MiB are pooled; one arena for
     * each thread would keep several of them.
     */
    private static final ByteBufAllocator ALLOCATOR =
            new PooledByteBufAllocator(
                    true,
                    0,
                    1,
                    8192,
                    11,
                    PooledByteBufAllocator.defaultSmallCacheSize(),
                    PooledByteBufAllocator.defaultNormalCacheSize(),
                    true);

    /** Replies that wait for the client: at the upper mark nothing more is asked of the export. */
    private static final WriteBufferWaterMark WATER_MARKS =
            new WriteBufferWaterMark(1 << 20, 4 << 20);

    /** How sockets are made here. */
    private record Transport(
            IoHandlerFactory io,
            Class<? extends ServerChannel> tcp,
            Class<? extends ServerChannel> unix,
            Function<Path, SocketAddress> address) {

        static Transport epoll() {
            return new Transport(
                    EpollIoHandler.newFactory(),
                    EpollServerSocketChannel.class,
                    EpollServerDomainSocketChannel.class,
                    path -> new DomainSocketAddress(path.toFile()));
        }

        static Transport nio() {
            return new Transport(
                    NioIoHandler.newFactory(),
                    NioServerSocketChannel.class,
                    NioServerDomainSocketChannel.class,
                    UnixDomainSocketAddress::of);
        }
    }

    private final List<Export> exports;
    private final Transport transport;
    private final EventLoopGroup threads;
    private final ChannelGroup connections = new DefaultChannelGroup(GlobalEventExecutor.INSTANCE);
    private final List<Channel> listening = new ArrayList<>();
    private final List<Path> sockets = new ArrayList<>();

    private NbdServer(List<? extends Export> exports, int threads, Transport transport) {
        this.exports = List.copyOf(exports);
        this.transport = transport;
        this.threads =
                new MultiThreadIoEventLoopGroup(
                        threads, new DefaultThreadFactory("remus-nbd", true), transport.io());
    }

    /**
     * A server that listens nowhere yet; over epoll(7) where it is available, else over the JDK's
     * selectors.
     *
     * @param exports the first is the default one; they stay the caller's
     * @param threads I/O threads, among which connections are spread
     */
    public static NbdServer start(List<? extends Export> exports, int threads) {
        return new NbdServer(
                exports, threads, Epoll.isAvailable() ? Transport.epoll() : Transport.nio());
    }

    static NbdServer startNio(List<? extends Export> exports, int threads) {
        return new NbdServer(exports, threads, Transport.nio());
    }

    /**
     * Listens on a Unix socket, which only its owner may use and {@link #close} removes. What a
     * dead server left there is replaced.
     *
     * @throws DomainException {@code socket-in-use}, {@code cannot-listen}
     */
    public void listen(Path socket) {
        if (Files.exists(socket, LinkOption.NOFOLLOW_LINKS)) {
            removeStale(socket);
        }
        bind(transport.unix(), transport.address().apply(socket), "unix:" + socket);
        sockets.add(socket);
        try {
            Files.setPosixFilePermissions(socket, PosixFilePermissions.fromString("rw-------"));
        } catch (IOException e) {
            throw cannotListen("unix:" + socket, e);
        }
    }

    /**
     * Listens on a TCP port.
     *
     * @param address port 0 for one that the kernel chooses
     * @return where it listens
     * @throws DomainException {@code cannot-listen}
     */
    public InetSocketAddress listen(InetSocketAddress address) {
        String text = address.getHostString() + ":" + address.getPort();
        return (InetSocketAddress) bind(transport.tcp(), address, text).localAddress();
    }

    private static void removeStale(Path socket) {
        try {
            if (isLive(socket)) {
                throw inUse(socket, "a server listens on " + socket);
            }
            boolean regular = Files.isRegularFile(socket, LinkOption.NOFOLLOW_LINKS);
            boolean directory = Files.isDirectory(socket, LinkOption.NOFOLLOW_LINKS);
            if (regular || directory || Files.isSymbolicLink(socket)) {
                throw inUse(socket, socket + " exists and is no socket");
            }
            Files.delete(socket);
            log.info("nbd: replacing {}, on which nobody listens", socket);
        } catch (IOException e) {
            throw cannotListen("unix:" + socket, e);
        }
    }

    private static boolean isLive(Path socket) throws IOException {
        try {
            java.nio.channels.SocketChannel.open(UnixDomainSocketAddress.of(socket)).close();
            return true;
        } catch (ConnectException refused) {
            return false;
        }
    }

    private static DomainException inUse(Path socket, String problem) {
        return new DomainException(
                "socket-in-use", problem, "choose another path, or end what uses " + socket);
    }

    private static DomainException cannotListen(String where, Throwable cause) {
        return new DomainException(
                "cannot-listen",
                "cannot listen on " + where + ": " + cause.getMessage(),
                "choose a path in a directory that exists and is yours, or an address of this host"
                        + " and a free port",
                cause);
    }

    private Channel bind(Class<? extends ServerChannel> type, SocketAddress address, String text) {
        ServerBootstrap bootstrap =
                new ServerBootstrap()
                        .group(threads)
                        .channel(type)
                        .childOption(ChannelOption.ALLOCATOR, ALLOCATOR)
                        .childOption(ChannelOption.WRITE_BUFFER_WATER_MARK, WATER_MARKS)
                        .childHandler(
                                new ChannelInitializer<Channel>() {
                                    @Override
                                    protected void initChannel(Channel channel) {
                                        accept(channel);
                                    }
                                });
        ChannelFuture bound = bootstrap.bind(address).awaitUninterruptibly();
        if (!bound.isSuccess()) {
            throw cannotListen(text, bound.cause());
        }
        listening.add(bound.channel());
        return bound.channel();
    }

    private void accept(Channel channel) {
        boolean full = connections.size() >= MAX_CONNECTIONS;
        connections.add(channel);
        if (full) {
            log.warn("nbd: closing a connection: {} are open already", MAX_CONNECTIONS);
            channel.close();
            return;
        }
        if (channel instanceof SocketChannel) {
            channel.config().setOption(ChannelOption.TCP_NODELAY, true);
        }
        NbdRequestDecoder decoder = new NbdRequestDecoder();
        channel.config().setRecvByteBufAllocator(new NbdReadAllocator(decoder));
        channel.pipeline().addLast(new NbdHandshake(exports, decoder));
    }

    /** Stops listening, closes every connection and ends its threads. */
    @Override
    public void close() {
        for (Channel channel : listening) {
            channel.close().awaitUninterruptibly();
        }
        for (Path socket : sockets) {
            try {
                Files.deleteIfExists(socket);
            } catch (IOException e) {
                log.warn("nbd: {} cannot be removed", socket, e);
            }
        }
        connections.close().awaitUninterruptibly();
        threads.shutdownGracefully(0, 1, TimeUnit.SECONDS).syncUninterruptibly();
    }
}
