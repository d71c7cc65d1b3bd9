package remus.testkit.e2e;

import static java.nio.charset.StandardCharsets.US_ASCII;
import static org.awaitility.Awaitility.await;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.net.UnixDomainSocketAddress;
import java.nio.ByteBuffer;
import java.nio.channels.SocketChannel;
import java.nio.file.Path;
import java.time.Duration;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/** The load maker inside a guest (deploy/lab/guest-src/dirty.c), at the other end of a port. */
final class LoadMaker implements AutoCloseable {
    private static final Pattern CLOCK = Pattern.compile("ok monotonic=(\\d+) ");
    private static final Duration LIMIT = Duration.ofSeconds(30);

    /** Stays open: without it QEMU would drop what the guest has not read. */
    private final SocketChannel channel;

    private LoadMaker(SocketChannel channel) {
        this.channel = channel;
    }

    /** Inside web1. */
    static LoadMaker of(Lab lab, String host) {
        return connect(lab.directory.resolve(host).resolve(Lab.VM + ".load"));
    }

    static LoadMaker connect(Path port) {
        try {
            SocketChannel opened = SocketChannel.open(UnixDomainSocketAddress.of(port));
            opened.configureBlocking(false);
            return new LoadMaker(opened);
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    /** One command, once the load maker answers; nobody waits for what it says to it. */
    void tell(String command) {
        monotonicNanos();
        write(command + "\n");
    }

    /** One command, and what the load maker answers to it: a whole line. */
    String ask(String command) {
        monotonicNanos();
        write(command + "\n");
        ByteBuffer answer = ByteBuffer.allocate(64 << 10);
        return await("an answer of the load maker to " + command)
                .atMost(LIMIT)
                .pollInterval(Duration.ofMillis(20))
                .until(
                        () -> {
                            read(answer);
                            String text =
                                    new String(answer.array(), 0, answer.position(), US_ASCII);
                            return text.substring(0, text.lastIndexOf('\n') + 1)
                                    .lines()
                                    .filter(line -> !line.contains("monotonic="))
                                    .filter(line -> line.matches("(ok|error).*"))
                                    .findFirst()
                                    .orElse("");
                        },
                        text -> !text.isEmpty());
    }

    /** The guest's monotonic clock, at some instant while this was asked. */
    long monotonicNanos() {
        ByteBuffer answer = ByteBuffer.allocate(64 << 10);
        while (read(answer) > 0) {
            answer.clear(); // answers of before, or of an earlier life of the guest
        }
        write("\nclock\n");
        return await("the load maker in the guest")
                .atMost(LIMIT)
                .pollInterval(Duration.ofMillis(20))
                .until(
                        () -> {
                            read(answer);
                            String text =
                                    new String(answer.array(), 0, answer.position(), US_ASCII);
                            Matcher clock = CLOCK.matcher(text);
                            if (clock.find()) {
                                return Long.parseLong(clock.group(1));
                            }
                            write("\nclock\n"); // nobody reads while it boots
                            return -1L;
                        },
                        nanos -> nanos >= 0);
    }

    private int read(ByteBuffer into) {
        try {
            return channel.read(into);
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    private void write(String text) {
        try {
            channel.write(ByteBuffer.wrap(text.getBytes(US_ASCII)));
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    @Override
    public void close() throws IOException {
        channel.close();
    }
}
