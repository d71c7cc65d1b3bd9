package remus.agent.cli;

import java.io.IOException;
import java.io.OutputStream;
import java.io.PrintStream;
import java.io.UncheckedIOException;
import java.net.StandardProtocolFamily;
import java.net.UnixDomainSocketAddress;
import java.nio.ByteBuffer;
import java.nio.channels.ServerSocketChannel;
import java.nio.channels.SocketChannel;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import remus.agent.api.GroupStatus;
import remus.agent.api.MemberStatus;
import remus.agent.api.StatusResponse;

/**
 * Runs the commands that must be quick against an answer of its own, so that the JVM's class-data
 * archive, written when it ends, holds every class they use. Not a command: the launcher's
 * `--archive` calls it.
 */
public final class Rehearsal {
    private Rehearsal() {}

    /** Ends with 0 if every command went well. */
    public static void main(String[] arguments) throws IOException, InterruptedException {
        Path directory = Files.createTempDirectory("remus-rehearsal");
        Path socket = directory.resolve("s");
        Console silent =
                new Console(
                        new PrintStream(OutputStream.nullOutputStream()),
                        new PrintStream(OutputStream.nullOutputStream()),
                        false);
        int exit = 0;
        try (ServerSocketChannel server = ServerSocketChannel.open(StandardProtocolFamily.UNIX)) {
            server.bind(UnixDomainSocketAddress.of(socket));
            String[][] commands = {{}, {"-o", "json"}, {"-o", "yaml"}};
            Thread answers = new Thread(() -> answer(server, commands.length), "answers");
            answers.start();
            for (String[] options : commands) {
                String[] command = new String[3 + options.length];
                command[0] = "status";
                command[1] = "--socket";
                command[2] = socket.toString();
                System.arraycopy(options, 0, command, 3, options.length);
                exit = Math.max(exit, Main.run(silent, command));
            }
            answers.join();
        } finally {
            Files.deleteIfExists(socket);
            Files.delete(directory);
        }
        Main.run(silent, "status", "--socket", socket.toString());
        Main.run(silent, "--help");
        System.exit(exit);
    }

    private static void answer(ServerSocketChannel server, int times) {
        byte[] body =
                StatusResponse.newBuilder()
                        .addGroups(
                                GroupStatus.newBuilder()
                                        .setState("PROTECTED")
                                        .addMembers(MemberStatus.getDefaultInstance()))
                        .build()
                        .toByteArray();
        byte[] head =
                ("HTTP/1.1 200 OK\r\ncontent-length: " + body.length + "\r\n\r\n")
                        .getBytes(StandardCharsets.US_ASCII);
        try {
            for (int i = 0; i < times; i++) {
                try (SocketChannel connection = server.accept()) {
                    connection.read(ByteBuffer.allocate(4096));
                    connection.write(ByteBuffer.wrap(head));
                    connection.write(ByteBuffer.wrap(body));
                    connection.read(ByteBuffer.allocate(1)); // until the client has read it all
                }
            }
        } catch (IOException cause) {
            throw new UncheckedIOException(cause);
        }
    }
}
