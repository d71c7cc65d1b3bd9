package remus.agent.cli;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.BufferedReader;
import java.io.IOException;
import java.net.StandardProtocolFamily;
import java.net.UnixDomainSocketAddress;
import java.nio.ByteBuffer;
import java.nio.channels.ServerSocketChannel;
import java.nio.channels.SocketChannel;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

@Timeout(60)
final class NbdServeCommandTest {
    @TempDir Path directory;

    private CliFixture cli() {
        return new CliFixture(directory.resolve("disk.sock")); // which it gives as --socket
    }

    @Test
    void servesUntilItIsTerminatedAndRemovesItsSocket() throws Exception {
        Path image = Files.write(directory.resolve("disk.img"), new byte[8192]);
        Path socket = directory.resolve("disk.sock");
        Process process =
                new ProcessBuilder(
                                Path.of(System.getProperty("java.home"), "bin", "java").toString(),
                                "-cp",
                                System.getProperty("java.class.path"),
                                "remus.agent.cli.Main",
                                "nbd",
                                "serve",
                                image.toString(),
                                "--socket",
                                socket.toString())
                        .redirectError(ProcessBuilder.Redirect.INHERIT)
                        .start();
        try (BufferedReader said = process.inputReader(StandardCharsets.UTF_8)) {
            assertThat(said.readLine()).isEqualTo("ready bytes=8192 unix=" + socket);
            try (SocketChannel client = SocketChannel.open(UnixDomainSocketAddress.of(socket))) {
                ByteBuffer magic = ByteBuffer.allocate(8);
                while (magic.hasRemaining() && client.read(magic) >= 0) {}
                assertThat(new String(magic.array(), StandardCharsets.US_ASCII))
                        .isEqualTo("NBDMAGIC");
            }
            process.destroy();
            assertThat(process.waitFor(30, TimeUnit.SECONDS)).isTrue();
            assertThat(process.exitValue()).isEqualTo(143);
            assertThat(socket).doesNotExist();
        } finally {
            process.destroyForcibly();
        }
    }

    @Test
    void anAbsentImageIsRefused() {
        CliFixture cli = cli();
        assertThat(cli.run("nbd", "serve", "/no/disk.img")).isEqualTo(ExitCode.FAILED);
        assertThat(cli.err()).startsWith("error: there is no image /no/disk.img [no-image]\nfix: ");
    }

    @Test
    void aLiveSocketIsRefused() throws IOException {
        Path socket = directory.resolve("disk.sock");
        try (ServerSocketChannel other = ServerSocketChannel.open(StandardProtocolFamily.UNIX)) {
            other.bind(UnixDomainSocketAddress.of(socket));
            CliFixture cli = cli();
            assertThat(cli.run("nbd", "serve", "--memory", "1MiB")).isEqualTo(ExitCode.FAILED);
            assertThat(cli.err())
                    .startsWith("error: a server listens on " + socket)
                    .contains("[socket-in-use]\nfix: ");
        }
    }

    @Test
    void wrongUsageSaysWhatIsWrong() {
        CliFixture cli = cli();
        assertThat(cli.run("nbd", "serve")).isEqualTo(ExitCode.USAGE);
        assertThat(cli.err()).startsWith("error: give either IMAGE or --memory\n");
        assertThat(cli.run("nbd", "serve", "--memory", "4GB")).isEqualTo(ExitCode.USAGE);
        assertThat(cli.err()).contains("write 4GiB");
        assertThat(cli.run("nbd")).isEqualTo(ExitCode.USAGE);
    }
}
