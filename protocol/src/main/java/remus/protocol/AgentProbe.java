package remus.protocol;

import io.netty.bootstrap.Bootstrap;
import io.netty.channel.ChannelInboundHandlerAdapter;
import io.netty.channel.ChannelOption;
import io.netty.channel.ConnectTimeoutException;
import java.net.ConnectException;
import java.net.InetSocketAddress;
import java.util.function.Consumer;
import org.jspecify.annotations.Nullable;

/**
 * Asks a host's kernel whether anything listens where its agent did, by connecting and nothing
 * more. When the host answers with a reset, the agent process is gone for certain, and its peer
 * need not wait for it to come back.
 *
 * <p>Certain as far as the address still belongs to that host, and no firewall on the way answers
 * in its place; so this may shorten a wait, and never replaces the right to run.
 */
@SuppressWarnings("FutureReturnValueIgnored") // failures show in the listener or end the channel
public final class AgentProbe {
    /** What became of the attempt. */
    public enum Answer {
        /** The host is there and nothing listens at the port. */
        REFUSED,
        /** Something listens; it may still be hung. */
        ACCEPTED,
        /** Nothing came within the limit, or the host could not be reached. */
        NO_ANSWER
    }

    private final LinkThreads threads;

    /** A probe that works on the lobby's thread of {@code threads}. */
    public AgentProbe(LinkThreads threads) {
        this.threads = threads;
    }

    /**
     * Probes once, without blocking.
     *
     * @param answer told once, on an I/O thread, soon after {@code timeoutNanos} at the latest
     */
    public void probe(InetSocketAddress agent, long timeoutNanos, Consumer<Answer> answer) {
        if (agent.isUnresolved()) {
            answer.accept(Answer.NO_ANSWER);
            return;
        }
        new Bootstrap()
                .group(threads.lobby())
                .channel(threads.socketClass())
                .disableResolver()
                .option(
                        ChannelOption.CONNECT_TIMEOUT_MILLIS,
                        ReplicationClient.millis(timeoutNanos))
                .handler(new ChannelInboundHandlerAdapter())
                .connect(agent)
                .addListener(
                        (io.netty.channel.ChannelFuture done) -> {
                            done.channel().close();
                            answer.accept(
                                    done.isSuccess() ? Answer.ACCEPTED : meaning(done.cause()));
                        });
    }

    /**
     * Other errors are ConnectExceptions too (the kernel's own time limit, and with epoll an
     * unreachable host), so the text decides. In a locale where it reads otherwise the answer is
     * NO_ANSWER, which only costs time.
     */
    private static Answer meaning(@Nullable Throwable cause) {
        return cause instanceof ConnectException
                        && !(cause instanceof ConnectTimeoutException)
                        && String.valueOf(cause.getMessage()).contains("Connection refused")
                ? Answer.REFUSED
                : Answer.NO_ANSWER;
    }
}
