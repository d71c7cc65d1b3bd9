package remus.protocol;

import static org.assertj.core.api.Assertions.assertThat;

import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.nio.ByteBuffer;
import java.nio.channels.ServerSocketChannel;
import java.nio.channels.SocketChannel;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.Semaphore;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.Test;
import remus.protocol.wire.Channel;

/**
 * A link (encode, checksum, send, receive, checksum, decode) against a bare TCP stream that moves
 * the same bytes over loopback, in turns.
 */
class LinkThroughputIT {
    private static final int FRAMES = 2000;
    private static final int SLABS = 32;
    private static final int FRAME_BYTES = 8 + (1 << 20);
    private static final int ROUNDS = 5;

    @Test
    void aLinkKeepsUpWithABareStream() throws Exception {
        List<Double> raw = new ArrayList<>();
        List<Double> epoll = new ArrayList<>();
        List<Double> nio = new ArrayList<>();
        for (int round = 0; round < ROUNDS; round++) {
            raw.add(rawBytesPerSecond());
            try (LinkThreads threads = LinkThreads.start(2)) {
                epoll.add(linkBytesPerSecond(threads));
            }
            try (LinkThreads threads = LinkThreads.startNio(2)) {
                nio.add(linkBytesPerSecond(threads));
            }
        }
        System.out.printf(
                "1 MiB frames, GB/s, median of %d: raw %.2f, link %.2f (%.0f %%), link over nio"
                        + " %.2f%n",
                ROUNDS,
                median(raw) / 1e9,
                median(epoll) / 1e9,
                100 * median(epoll) / median(raw),
                median(nio) / 1e9);
        assertThat(median(epoll)).isGreaterThanOrEqualTo(0.6 * median(raw));
    }

    private static double median(List<Double> values) {
        return values.stream().sorted().skip(values.size() / 2).findFirst().orElseThrow();
    }

    private static double rawBytesPerSecond() throws Exception {
        try (ServerSocketChannel server =
                ServerSocketChannel.open()
                        .bind(new InetSocketAddress(InetAddress.getLoopbackAddress(), 0))) {
            CompletableFuture<Void> received =
                    CompletableFuture.runAsync(
                            () -> {
                                try (SocketChannel in = server.accept()) {
                                    ByteBuffer into = ByteBuffer.allocateDirect(FRAME_BYTES);
                                    while (in.read(into.clear()) >= 0) {
                                        // only the bytes count
                                    }
                                } catch (java.io.IOException e) {
                                    throw new java.io.UncheckedIOException(e);
                                }
                            });
            List<ByteBuffer> slabs = slabs();
            long start = System.nanoTime();
            try (SocketChannel out = SocketChannel.open(server.getLocalAddress())) {
                for (int i = 0; i < FRAMES; i++) {
                    ByteBuffer slab = slabs.get(i % SLABS).clear();
                    while (slab.hasRemaining()) {
                        out.write(slab);
                    }
                }
            }
            received.get(30, TimeUnit.SECONDS);
            return rate(start);
        }
    }

    private static double linkBytesPerSecond(LinkThreads threads) throws Exception {
        CountDownLatch received = new CountDownLatch(FRAMES + 1);
        PeerLink.Listener counting =
                new PeerLink.Listener() {
                    @Override
                    public void onFrame(PeerLink link, Frame frame) {
                        frame.release();
                        received.countDown();
                    }

                    @Override
                    public void onClosed(PeerLink link, String reason) {
                        System.out.println("closed: " + reason);
                    }
                };
        try (ReplicationServer server =
                ReplicationServer.start(
                        threads,
                        new InetSocketAddress(InetAddress.getLoopbackAddress(), 0),
                        ReplicationServer.Limits.DEFAULT,
                        () -> counting)) {
            PeerLink link =
                    new ReplicationClient(threads, Channel.DATA)
                            .connect(server.address(), TimeUnit.SECONDS.toNanos(5), counting);
            link.send(Frames.hello(Channel.DATA));
            Semaphore free = new Semaphore(SLABS);
            List<ByteBuffer> slabs = slabs();
            long start = System.nanoTime();
            for (int i = 0; i < FRAMES; i++) {
                free.acquire();
                link.send(Frames.fullPages(i, slabs.get(i % SLABS).clear()), free::release);
            }
            assertThat(received.await(30, TimeUnit.SECONDS)).isTrue();
            return rate(start);
        }
    }

    private static List<ByteBuffer> slabs() {
        List<ByteBuffer> slabs = new ArrayList<>();
        for (int i = 0; i < SLABS; i++) {
            ByteBuffer slab = ByteBuffer.allocateDirect(FRAME_BYTES);
            for (int at = 8; at < FRAME_BYTES; at += 8) {
                slab.putLong(at, at * 0x9E3779B97F4A7C15L + i);
            }
            slabs.add(slab);
        }
        return slabs;
    }

    private static double rate(long startNanos) {
        return (double) FRAMES * FRAME_BYTES * 1e9 / (System.nanoTime() - startNanos);
    }
}
