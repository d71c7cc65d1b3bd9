package remus.diskbuf.nbd;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.io.DataInputStream;
import java.io.IOException;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.Socket;
import java.net.StandardProtocolFamily;
import java.net.UnixDomainSocketAddress;
import java.nio.ByteBuffer;
import java.nio.channels.Channels;
import java.nio.channels.ServerSocketChannel;
import java.nio.channels.SocketChannel;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.PosixFilePermissions;
import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;
import remus.domain.DomainException;

@Timeout(60)
final class NbdServerTest {
    @TempDir Path directory;
    private final Export export = new MemoryExport("m", 1 << 20);
    private NbdServer server = NbdServer.start(List.of(export), 1);

    @AfterEach
    void stop() {
        server.close();
        export.close();
    }

    private Path socket() {
        return directory.resolve("nbd.sock");
    }

    private SocketChannel connect() throws IOException {
        return SocketChannel.open(UnixDomainSocketAddress.of(socket()));
    }

    private static long greeting(SocketChannel channel) throws IOException {
        return new DataInputStream(Channels.newInputStream(channel)).readLong();
    }

    @ParameterizedTest
    @ValueSource(booleans = {false, true})
    void greetsOnAUnixSocketOfItsOwnerAndRemovesIt(boolean nio) throws IOException {
        if (nio) {
            server.close();
            server = NbdServer.startNio(List.of(export), 1);
        }
        server.listen(socket());
        try (SocketChannel client = connect()) {
            assertThat(greeting(client)).isEqualTo(Nbd.SERVER_MAGIC);
        }
        assertThat(PosixFilePermissions.toString(Files.getPosixFilePermissions(socket())))
                .isEqualTo("rw-------");
        server.close();
        assertThat(socket()).doesNotExist();
    }

    @Test
    void greetsOnTcp() throws IOException {
        InetSocketAddress address =
                server.listen(new InetSocketAddress(InetAddress.getLoopbackAddress(), 0));
        try (Socket client = new Socket(address.getAddress(), address.getPort())) {
            long magic = new DataInputStream(client.getInputStream()).readLong();
            assertThat(magic).isEqualTo(Nbd.SERVER_MAGIC);
        }
    }

    @Test
    void leavesALiveServersSocketAlone() throws IOException {
        try (ServerSocketChannel other = ServerSocketChannel.open(StandardProtocolFamily.UNIX)) {
            other.bind(UnixDomainSocketAddress.of(socket()));
            assertThatThrownBy(() -> server.listen(socket()))
                    .isInstanceOf(DomainException.class)
                    .hasMessageContaining("a server listens on " + socket());
            assertThat(socket()).exists();
        }
    }

    @Test
    void replacesWhatADeadServerLeft() throws IOException {
        ServerSocketChannel dead = ServerSocketChannel.open(StandardProtocolFamily.UNIX);
        dead.bind(UnixDomainSocketAddress.of(socket()));
        dead.close();
        assertThat(socket()).exists();
        server.listen(socket());
        try (SocketChannel client = connect()) {
            assertThat(greeting(client)).isEqualTo(Nbd.SERVER_MAGIC);
        }
    }

    @Test
    void deletesNothingButSockets() throws IOException {
        Files.writeString(socket(), "precious");
        assertThatThrownBy(() -> server.listen(socket()))
                .isInstanceOf(DomainException.class)
                .hasMessageContaining("is no socket");
        assertThat(socket()).hasContent("precious");
    }

    @Test
    void saysWhereItCannotListen() {
        assertThatThrownBy(() -> server.listen(directory.resolve("none/s")))
                .isInstanceOf(DomainException.class)
                .hasMessageContaining("cannot listen on unix:");
    }

    @Test
    void connectionsAreBounded() throws IOException {
        server.listen(socket());
        List<SocketChannel> clients = new ArrayList<>();
        for (int i = 0; i < NbdServer.MAX_CONNECTIONS; i++) {
            SocketChannel client = connect();
            clients.add(client);
            assertThat(greeting(client)).isEqualTo(Nbd.SERVER_MAGIC);
        }
        try (SocketChannel further = connect()) {
            assertThat(further.read(ByteBuffer.allocate(1))).isEqualTo(-1);
        }
        for (SocketChannel client : clients) {
            client.close();
        }
    }
}
