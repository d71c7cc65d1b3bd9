package remus.protocol;

import io.netty.bootstrap.Bootstrap;
import io.netty.channel.ChannelFuture;
import io.netty.channel.ChannelInitializer;
import io.netty.channel.ChannelOption;
import io.netty.channel.socket.SocketChannel;
import java.net.InetSocketAddress;
import java.util.Map;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.TimeUnit;
import remus.protocol.wire.Channel;

/** Connects to the backup's agent. */
@SuppressWarnings("FutureReturnValueIgnored") // failures show in the listener or end the channel
public final class ReplicationClient {
    private final LinkThreads threads;
    private final Channel kind;

    /**
     * @param kind what its links carry, as their {@code Hello} will say; heartbeats get the thread
     *     of their own
     */
    public ReplicationClient(LinkThreads threads, Channel kind) {
        this.threads = threads;
        this.kind = kind;
    }

    /**
     * Connects, waiting for it at most {@code timeoutNanos}.
     *
     * @param listener may hear of the link before this returns
     * @throws PeerException with code {@code backup-unreachable} or {@code unknown-host}; the
     *     listener then hears nothing
     */
    public PeerLink connect(
            InetSocketAddress address, long timeoutNanos, PeerLink.Listener listener)
            throws PeerException, InterruptedException {
        CompletableFuture<PeerLink> link = connectAsync(address, timeoutNanos, listener);
        try {
            return link.get();
        } catch (ExecutionException e) {
            if (e.getCause() instanceof PeerException cause) {
                throw cause;
            }
            throw new IllegalStateException(e);
        } catch (InterruptedException e) {
            link.thenAccept(PeerLink::close);
            throw e;
        }
    }

    /** As {@link #connect}, without waiting: the result fails with its {@link PeerException}. */
    public CompletableFuture<PeerLink> connectAsync(
            InetSocketAddress address, long timeoutNanos, PeerLink.Listener listener) {
        CompletableFuture<PeerLink> result = new CompletableFuture<>();
        if (address.isUnresolved()) {
            result.completeExceptionally(
                    new PeerException(
                            "unknown-host",
                            "the host name " + address.getHostString() + " has no address",
                            "use an IP address, or correct the name or its entry in /etc/hosts"));
            return result;
        }
        String peer = LinkOptions.text(address);
        Bootstrap bootstrap =
                new Bootstrap()
                        .group(threads.forChannel(kind))
                        .channel(threads.socketClass())
                        .disableResolver()
                        .option(ChannelOption.CONNECT_TIMEOUT_MILLIS, millis(timeoutNanos))
                        .handler(
                                new ChannelInitializer<SocketChannel>() {
                                    @Override
                                    protected void initChannel(SocketChannel channel) {
                                        NettyPeerLink.on(channel, peer).open(listener);
                                    }
                                });
        for (Map.Entry<ChannelOption<?>, Object> option : LinkOptions.ALL.entrySet()) {
            @SuppressWarnings("unchecked") // the map pairs each option with a value of its type
            ChannelOption<Object> key = (ChannelOption<Object>) option.getKey();
            bootstrap.option(key, option.getValue());
        }
        ChannelFuture connecting = bootstrap.connect(address);
        connecting.addListener(
                done -> {
                    if (done.isSuccess()) {
                        result.complete(connecting.channel().pipeline().get(NettyPeerLink.class));
                    } else {
                        result.completeExceptionally(unreachable(peer, done.cause()));
                    }
                });
        return result;
    }

    /** Netty counts in milliseconds, and takes 0 for no limit. */
    static int millis(long timeoutNanos) {
        long millis = TimeUnit.NANOSECONDS.toMillis(timeoutNanos);
        return (int) Math.max(1, Math.min(millis, Integer.MAX_VALUE));
    }

    private static PeerException unreachable(String peer, Throwable cause) {
        return new PeerException(
                "backup-unreachable",
                "cannot connect to " + peer + ": " + cause.getMessage(),
                "start the Remus agent on that host, correct the address, or open its port in the"
                        + " firewall",
                cause);
    }
}
