package remus.protocol;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.catchThrowableOfType;

import java.io.IOException;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.ServerSocket;
import java.net.Socket;
import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;
import remus.protocol.wire.Ack;
import remus.protocol.wire.Channel;
import remus.protocol.wire.Pages;
import remus.protocol.wire.Refused;

class NettyPeerLinkTest {
    private static final long LIMIT_NANOS = TimeUnit.SECONDS.toNanos(5);
    private static final InetSocketAddress ANY_PORT =
            new InetSocketAddress(InetAddress.getLoopbackAddress(), 0);

    private LinkThreads threads = LinkThreads.start(1);
    private final RecordingListener backup = new RecordingListener();
    private final RecordingListener primary = new RecordingListener();
    private ReplicationServer server;

    @AfterEach
    void stop() {
        if (server != null) {
            server.close();
        }
        threads.close();
    }

    private PeerLink connect(Channel kind) throws Exception {
        if (server == null) {
            listen(ReplicationServer.Limits.DEFAULT);
        }
        PeerLink link =
                new ReplicationClient(threads, kind)
                        .connect(server.address(), LIMIT_NANOS, primary);
        link.send(Frames.hello(kind));
        return link;
    }

    private void listen(ReplicationServer.Limits limits) throws PeerException {
        server = ReplicationServer.start(threads, ANY_PORT, limits, () -> backup);
    }

    private static Frame ack(long epoch) {
        return Frame.of(FrameType.ACK, Ack.newBuilder().setEpoch(epoch).build());
    }

    @ParameterizedTest
    @ValueSource(booleans = {true, false})
    void deliversLargeFramesInOrderAndGivesTheirMemoryBack(boolean nio) throws Exception {
        if (nio) {
            threads.close();
            threads = LinkThreads.startNio(1);
        }
        PeerLink link = connect(Channel.DATA);
        assertThat(backup.frame().type()).isEqualTo(FrameType.HELLO);
        int frames = 64;
        CountDownLatch written = new CountDownLatch(frames);
        for (int epoch = 0; epoch < frames; epoch++) {
            ByteBuffer staging = ByteBuffer.allocateDirect(8 + (1 << 20));
            staging.putLong(8 + (1 << 20) - 8, epoch * 31L);
            link.send(Frames.fullPages(epoch, staging), written::countDown);
        }
        for (int epoch = 0; epoch < frames; epoch++) {
            Frame frame = backup.frame();
            assertThat(frame.header(Pages.class).getEpoch()).isEqualTo(epoch);
            assertThat(frame.payload().getLong(frame.payload().readableBytes() - 8))
                    .isEqualTo(epoch * 31L);
            frame.release();
        }
        assertThat(written.await(10, TimeUnit.SECONDS)).isTrue();
        assertThat(link.pendingBytes()).isZero();
    }

    @Test
    void answersOnTheSameConnection() throws Exception {
        connect(Channel.DATA);
        PeerLink back = backup.next().link();
        for (long epoch = 0; epoch < 1000; epoch++) {
            back.send(ack(epoch));
        }
        for (long epoch = 0; epoch < 1000; epoch++) {
            assertThat(primary.frame().header(Ack.class).getEpoch()).isEqualTo(epoch);
        }
    }

    @Test
    void heartbeatsHaveAThreadOfTheirOwn() throws Exception {
        connect(Channel.DATA);
        assertThat(backup.next().thread()).startsWith("remus-data");
        connect(Channel.HEARTBEAT).send(ack(1));
        assertThat(backup.next().thread()).startsWith("remus-heartbeat");
        RecordingListener.Told second = backup.next();
        assertThat(second.thread()).startsWith("remus-heartbeat");
        second.link().send(ack(2));
        assertThat(primary.next().thread()).startsWith("remus-heartbeat");
    }

    @Test
    void closingIsToldOnceToBoth() throws Exception {
        PeerLink link = connect(Channel.DATA);
        backup.frame();
        link.close();
        link.close();
        assertThat(primary.closed()).isEqualTo("closed by this side");
        assertThat(backup.closed()).isEqualTo("closed by peer");
        server.close();
        threads.close();
        assertThat(primary.told).isEmpty();
        assertThat(backup.told).isEmpty();
    }

    @Test
    void whatIsSentAfterTheEndIsGivenBack() throws Exception {
        PeerLink link = connect(Channel.DATA);
        link.close();
        primary.closed();
        for (int i = 0; i < 2; i++) {
            CountDownLatch written = new CountDownLatch(1);
            Frame frame = Frames.fullPages(1, ByteBuffer.allocateDirect(8 + (1 << 20)));
            link.send(frame, written::countDown);
            assertThat(written.await(10, TimeUnit.SECONDS)).isTrue();
            assertThat(frame.payload().refCnt()).isZero();
            assertThat(link.pendingBytes()).isZero();
            threads.close(); // and again when there is no thread any more
        }
    }

    @Test
    void aPeerThatTakesNothingIsSeenInPendingBytes() throws Exception {
        try (ServerSocket deaf = new ServerSocket(0, 1, InetAddress.getLoopbackAddress())) {
            PeerLink link =
                    new ReplicationClient(threads, Channel.DATA)
                            .connect(
                                    (InetSocketAddress) deaf.getLocalSocketAddress(),
                                    LIMIT_NANOS,
                                    primary);
            int frames = 100;
            CountDownLatch written = new CountDownLatch(frames);
            for (int i = 0; i < frames; i++) {
                link.send(
                        Frames.fullPages(i, ByteBuffer.allocateDirect(8 + (1 << 20))),
                        written::countDown);
            }
            assertThat(link.pendingBytes()).isGreaterThan(50L << 20);
            link.close();
            assertThat(written.await(10, TimeUnit.SECONDS)).isTrue();
            assertThat(link.pendingBytes()).isZero();
        }
    }

    @Test
    void aCutInTheMiddleOfAFrameIsSaid() throws Exception {
        listen(ReplicationServer.Limits.DEFAULT);
        FrameEncoder encoder = new FrameEncoder();
        try (Socket socket =
                new Socket(server.address().getAddress(), server.address().getPort())) {
            socket.getOutputStream().write(Frames.encode(encoder, Frames.hello(Channel.DATA)));
            byte[] pages =
                    Frames.encode(
                            encoder, Frames.fullPages(1, ByteBuffer.allocateDirect(8 + (1 << 20))));
            socket.getOutputStream().write(pages, 0, pages.length / 2);
        }
        backup.frame();
        assertThat(backup.closed()).isEqualTo("closed by peer in the middle of a frame");
    }

    @Test
    void wrongBytesEndTheConnectionAndThePeerIsToldWhy() throws Exception {
        listen(ReplicationServer.Limits.DEFAULT);
        FrameEncoder encoder = new FrameEncoder();
        try (Socket socket =
                new Socket(server.address().getAddress(), server.address().getPort())) {
            socket.setSoTimeout(10_000);
            socket.getOutputStream().write(Frames.encode(encoder, Frames.hello(Channel.DATA)));
            backup.frame();
            socket.getOutputStream()
                    .write("GET / HTTP/1.1 and some more".getBytes(StandardCharsets.US_ASCII));
            assertThat(backup.closed()).isEqualTo("magic: 0x4745 (expected: 0x524d)");
            assertThat(refusal(socket).getProblem()).isEqualTo("magic: 0x4745 (expected: 0x524d)");
        }
    }

    /** Reads one frame and the end of the connection. */
    private static Refused refusal(Socket socket) throws IOException {
        ByteBuffer bytes = ByteBuffer.wrap(socket.getInputStream().readAllBytes());
        assertThat(bytes.get(3)).isEqualTo((byte) FrameType.REFUSED.code());
        return Refused.parseFrom(bytes.slice(20, bytes.getInt(8)));
    }

    @Test
    void whoSaysNothingIsRefusedInTime() throws Exception {
        listen(new ReplicationServer.Limits(TimeUnit.MILLISECONDS.toNanos(50), 4));
        try (Socket socket =
                new Socket(server.address().getAddress(), server.address().getPort())) {
            socket.setSoTimeout(10_000);
            socket.getOutputStream().write('R');
            assertThat(refusal(socket).getCode()).isEqualTo("no-hello");
        }
        assertThat(backup.told).isEmpty();
    }

    @Test
    void whoBeginsOtherwiseIsRefused() throws Exception {
        listen(ReplicationServer.Limits.DEFAULT);
        try (Socket socket =
                new Socket(server.address().getAddress(), server.address().getPort())) {
            socket.setSoTimeout(10_000);
            socket.getOutputStream().write(Frames.encode(new FrameEncoder(), ack(1)));
            assertThat(refusal(socket).getProblem())
                    .isEqualTo("first frame: ACK (expected: HELLO)");
        }
        assertThat(backup.told).isEmpty();
    }

    @Test
    void strangersAreLoggedOnceHoweverManyTheyAre() throws Exception {
        listen(ReplicationServer.Limits.DEFAULT);
        try (CapturedLog log = new CapturedLog(StrangerLog.class)) {
            String first = "";
            for (int i = 0; i < 20; i++) {
                try (Socket socket =
                        new Socket(server.address().getAddress(), server.address().getPort())) {
                    socket.setSoTimeout(10_000);
                    if (first.isEmpty()) {
                        first = "127.0.0.1:" + socket.getLocalPort();
                    }
                    socket.getOutputStream().write(Frames.encode(new FrameEncoder(), ack(1)));
                    assertThat(refusal(socket).getCode()).isEqualTo("protocol-error");
                }
            }
            assertThat(log.lines()).hasSize(1);
            assertThat(log.lines().get(0))
                    .contains(first)
                    .contains("first frame: ACK (expected: HELLO)")
                    .contains("protocol-error");
        }
    }

    @Test
    void moreConnectionsThanAllowedAreRefused() throws Exception {
        listen(new ReplicationServer.Limits(LIMIT_NANOS, 1));
        connect(Channel.DATA);
        backup.frame();
        try (Socket socket =
                new Socket(server.address().getAddress(), server.address().getPort())) {
            socket.setSoTimeout(10_000);
            assertThat(refusal(socket).getCode()).isEqualTo("too-many-connections");
        }
    }

    @Test
    void nobodyListeningIsSaidWithTheCause() throws Exception {
        PeerException e =
                catchThrowableOfType(
                        PeerException.class,
                        () ->
                                new ReplicationClient(threads, Channel.DATA)
                                        .connect(closedPort(), LIMIT_NANOS, primary));
        assertThat(e.code()).isEqualTo("backup-unreachable");
        assertThat(e)
                .hasMessageContaining("Connection refused")
                .hasCauseInstanceOf(IOException.class);
        assertThat(primary.told).isEmpty();
    }

    @Test
    void aPortInUseIsSaid() throws Exception {
        try (ServerSocket taken = new ServerSocket(0, 1, InetAddress.getLoopbackAddress())) {
            PeerException e =
                    catchThrowableOfType(
                            PeerException.class,
                            () ->
                                    ReplicationServer.start(
                                            threads,
                                            (InetSocketAddress) taken.getLocalSocketAddress(),
                                            ReplicationServer.Limits.DEFAULT,
                                            () -> backup));
            assertThat(e.code()).isEqualTo("cannot-listen");
        }
    }

    @Test
    void probesTellWhetherTheAgentIsThere() throws Exception {
        listen(ReplicationServer.Limits.DEFAULT);
        assertThat(probe(server.address())).isEqualTo(AgentProbe.Answer.ACCEPTED);
        assertThat(probe(closedPort())).isEqualTo(AgentProbe.Answer.REFUSED);
        assertThat(probe(InetSocketAddress.createUnresolved("nowhere", 1)))
                .isEqualTo(AgentProbe.Answer.NO_ANSWER);
        assertThat(backup.told).isEmpty();
    }

    @Test
    void aProbeThatNobodyAnswersEndsInTime() throws Exception {
        try (ServerSocket full = new ServerSocket(0, 1, InetAddress.getLoopbackAddress())) {
            InetSocketAddress address = (InetSocketAddress) full.getLocalSocketAddress();
            // a full backlog: the kernel answers no further SYN
            Socket first = new Socket(address.getAddress(), address.getPort());
            Socket second = new Socket(address.getAddress(), address.getPort());
            assertThat(probe(address)).isEqualTo(AgentProbe.Answer.NO_ANSWER);
            first.close();
            second.close();
        }
    }

    private AgentProbe.Answer probe(InetSocketAddress address) throws Exception {
        CompletableFuture<AgentProbe.Answer> answer = new CompletableFuture<>();
        new AgentProbe(threads)
                .probe(address, TimeUnit.MILLISECONDS.toNanos(200), answer::complete);
        return answer.get(10, TimeUnit.SECONDS);
    }

    private static InetSocketAddress closedPort() throws IOException {
        try (ServerSocket socket = new ServerSocket(0, 1, InetAddress.getLoopbackAddress())) {
            return (InetSocketAddress) socket.getLocalSocketAddress();
        }
    }
}
