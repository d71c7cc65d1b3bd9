package remus.agent.engine;

import java.net.InetSocketAddress;
import java.util.concurrent.TimeUnit;
import java.util.function.Consumer;
import java.util.function.Supplier;
import org.jspecify.annotations.Nullable;
import remus.agent.config.HostPort;
import remus.domain.DomainException;
import remus.protocol.AgentProbe;
import remus.protocol.LinkThreads;
import remus.protocol.PeerException;
import remus.protocol.PeerLink;
import remus.protocol.ReplicationClient;
import remus.protocol.ReplicationServer;
import remus.protocol.wire.Channel;

/** This agent's sockets towards other agents. */
final class Wire implements AutoCloseable {
    private static final long DIAL_NANOS = TimeUnit.SECONDS.toNanos(2);

    private final LinkThreads threads = LinkThreads.start(1);
    private final ReplicationClient data = new ReplicationClient(threads, Channel.DATA);
    private final ReplicationClient heartbeats = new ReplicationClient(threads, Channel.HEARTBEAT);
    private final AgentProbe probe = new AgentProbe(threads);
    private @Nullable ReplicationServer server;

    /** Listens for primaries. */
    void listen(HostPort address, Supplier<PeerLink.Listener> doors) {
        try {
            server =
                    ReplicationServer.start(
                            threads,
                            new InetSocketAddress(address.host(), address.port()),
                            ReplicationServer.Limits.DEFAULT,
                            doors);
        } catch (PeerException e) {
            throw new DomainException(e.code(), String.valueOf(e.getMessage()), e.correction(), e);
        }
    }

    @SuppressWarnings("FutureReturnValueIgnored") // both outcomes are handed on
    void dial(
            String host,
            int port,
            Channel channel,
            PeerLink.Listener listener,
            Consumer<PeerLink> connected,
            Consumer<String> failed) {
        ReplicationClient client = channel == Channel.HEARTBEAT ? heartbeats : data;
        client.connectAsync(new InetSocketAddress(host, port), DIAL_NANOS, listener)
                .whenComplete(
                        (link, failure) -> {
                            if (failure == null) {
                                connected.accept(link);
                            } else {
                                failed.accept(String.valueOf(failure.getMessage()));
                            }
                        });
    }

    /** See {@link remus.backup.BackupHost#probe}. */
    void probe(String host, int port, Consumer<Boolean> refused) {
        probe.probe(
                new InetSocketAddress(host, port),
                DIAL_NANOS,
                answer -> refused.accept(answer == AgentProbe.Answer.REFUSED));
    }

    @Override
    public void close() {
        ReplicationServer listening = server;
        if (listening != null) {
            listening.close();
        }
        threads.close();
    }
}
