package remus.domain.qemu;

import java.io.IOException;
import java.net.StandardProtocolFamily;
import java.net.UnixDomainSocketAddress;
import java.nio.ByteBuffer;
import java.nio.channels.ServerSocketChannel;
import java.nio.channels.SocketChannel;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.concurrent.CompletableFuture;

/** One conversation of a QMP server, scripted by the test; commands are read up to their brace. */
final class FakeQmpServer implements AutoCloseable {
    static final String GREETING =
            "{\"QMP\": {\"version\": {\"qemu\": {\"major\": 7}}, \"capabilities\": [\"oob\"]}}\r\n";
    static final String OK = "{\"return\": {}}\r\n";

    interface Script {
        void run(FakeQmpServer server) throws IOException;
    }

    final Path socket;
    final CompletableFuture<String> finished = new CompletableFuture<>();
    private final ServerSocketChannel listener;
    private SocketChannel peer;

    FakeQmpServer(Script script) throws IOException {
        socket = Files.createTempDirectory("qmp").resolve("s");
        listener = ServerSocketChannel.open(StandardProtocolFamily.UNIX);
        listener.bind(UnixDomainSocketAddress.of(socket), 1);
        Thread thread =
                new Thread(
                        () -> {
                            try {
                                peer = listener.accept();
                                script.run(this);
                                finished.complete("");
                            } catch (IOException e) {
                                finished.complete(e.toString());
                            }
                        },
                        "fake-qmp");
        thread.setDaemon(true);
        thread.start();
    }

    /** A server that has greeted and answered the negotiation. */
    static FakeQmpServer negotiated(Script script) throws IOException {
        return new FakeQmpServer(
                server -> {
                    server.send(GREETING);
                    server.receive();
                    server.send(OK);
                    script.run(server);
                });
    }

    void send(String text) throws IOException {
        ByteBuffer out = ByteBuffer.wrap(text.getBytes(StandardCharsets.UTF_8));
        while (out.hasRemaining()) {
            peer.write(out);
        }
    }

    /** One command: everything up to the brace that closes it; "" at the end of the stream. */
    String receive() throws IOException {
        StringBuilder text = new StringBuilder();
        ByteBuffer one = ByteBuffer.allocate(1);
        int depth = 0;
        while (peer.read(one.clear()) > 0) {
            char c = (char) one.get(0);
            text.append(c);
            depth += c == '{' ? 1 : c == '}' ? -1 : 0;
            if (depth == 0 && c == '}') {
                return text.toString();
            }
        }
        return "";
    }

    void hangUp() throws IOException {
        peer.close();
    }

    @Override
    public void close() throws IOException {
        listener.close();
        if (peer != null) {
            peer.close();
        }
        Files.deleteIfExists(socket);
        Files.deleteIfExists(socket.getParent());
    }
}
