package remus.testkit.e2e;

import static java.nio.charset.StandardCharsets.UTF_8;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import java.io.BufferedReader;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.net.UnixDomainSocketAddress;
import java.nio.ByteBuffer;
import java.nio.channels.Channels;
import java.nio.channels.SocketChannel;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;

/** A VM's own monitor, as its owner uses it; shares no code with the product's. */
final class Qmp implements AutoCloseable {
    private static final ObjectMapper JSON = new ObjectMapper();

    private final SocketChannel channel;
    private final BufferedReader lines;

    private Qmp(SocketChannel channel) {
        this.channel = channel;
        lines = new BufferedReader(Channels.newReader(channel, UTF_8));
    }

    static Qmp connect(Path socket) {
        try {
            Qmp qmp = new Qmp(SocketChannel.open(UnixDomainSocketAddress.of(socket)));
            qmp.lines.readLine();
            qmp.execute("qmp_capabilities");
            return qmp;
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    JsonNode execute(String command) {
        return execute(command, "{}");
    }

    synchronized JsonNode execute(String command, String arguments) {
        try {
            String line = "{\"execute\":\"" + command + "\",\"arguments\":" + arguments + "}\n";
            ByteBuffer out = ByteBuffer.wrap(line.getBytes(UTF_8));
            while (out.hasRemaining()) {
                channel.write(out);
            }
            String answer;
            while ((answer = lines.readLine()) != null) {
                JsonNode message = JSON.readTree(answer);
                if (message.has("return")) {
                    return message.path("return");
                }
                if (message.has("error")) {
                    throw new IllegalStateException(command + ": " + answer);
                }
            }
            throw new IOException("the monitor was closed");
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    /** As {@link #execute}; then another client can be served. */
    void executeAndClose(String command, String arguments) {
        try (this) {
            execute(command, arguments);
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    /** running, paused, ... */
    String status() {
        return execute("query-status").path("status").asText();
    }

    /** As {@link #status}; then another client can be served. */
    String statusAndClose() throws IOException {
        try (this) {
            return status();
        }
    }

    String human(String command) {
        return execute("human-monitor-command", "{\"command-line\":\"" + command + "\"}").asText();
    }

    /** Disks, block nodes and jobs, whatever their images hold. */
    private List<String> blockGraph() {
        List<String> graph = new ArrayList<>();
        for (String query : List.of("query-block", "query-named-block-nodes", "query-jobs")) {
            execute(query)
                    .forEach(
                            entry ->
                                    graph.add(
                                            entry.toString()
                                                    .replaceAll("\"actual-size\":\\d+,?", "")));
        }
        return graph;
    }

    /** What the VM consists of as far as an attached agent could change it. */
    List<String> shape() {
        List<String> shape = new ArrayList<>();
        execute("qom-list", "{\"path\":\"/objects\"}").forEach(o -> shape.add(o.toString()));
        execute("query-chardev")
                .forEach(
                        c ->
                                shape.add(
                                        c.path("label").asText()
                                                + " "
                                                + c.path("filename")
                                                        .asText()
                                                        .replaceFirst("<->.*", "")
                                                        .replaceFirst("^disconnected:", "")));
        shape.sort(null);
        shape.add(human("info network"));
        shape.addAll(blockGraph());
        return shape;
    }

    @Override
    public void close() throws IOException {
        channel.close();
    }
}
