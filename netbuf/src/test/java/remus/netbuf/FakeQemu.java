package remus.netbuf;

import static java.nio.charset.StandardCharsets.UTF_8;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import com.fasterxml.jackson.databind.node.ArrayNode;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.net.StandardProtocolFamily;
import java.net.UnixDomainSocketAddress;
import java.nio.ByteBuffer;
import java.nio.channels.SocketChannel;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.function.Consumer;
import remus.domain.DomainException;
import remus.domain.qemu.Monitor;

/**
 * As much of a QEMU as two redirecting filters need: chardevs that connect over real unix sockets,
 * a filter chain, and a netdev whose packets are kept in {@link #sent()}.
 */
final class FakeQemu implements Monitor {
    private static final ObjectMapper JSON = new ObjectMapper();

    private final Map<String, Chardev> chardevs = new LinkedHashMap<>();
    private final List<String> objects = new ArrayList<>();
    private final List<String> commands = new ArrayList<>();
    private final List<String> sent = new ArrayList<>();
    private String refusedCommand = "";
    private boolean reading = true;

    private static final class Chardev {
        final Path path;
        SocketChannel channel;

        /** Whether an injector made since the last (re)connection reads it. */
        boolean heard;

        boolean drained;

        Chardev(Path path) {
            this.path = path;
        }
    }

    @Override
    public synchronized JsonNode execute(String command, Map<String, ?> arguments) {
        commands.add(command);
        JsonNode asked = JSON.valueToTree(arguments);
        if (refusedCommand.equals(command + " " + asked.path("id").asText())) {
            throw new DomainException("qmp-error", "refused by the test", "none");
        }
        String id = asked.path("id").asText();
        switch (command) {
            case "qom-list" -> {
                return list("name", objects);
            }
            case "query-chardev" -> {
                return chardevList();
            }
            case "chardev-add" -> {
                Path path = Path.of(asked.at("/backend/data/addr/data/path").asText());
                chardevs.put(id, new Chardev(path));
                connect(id);
            }
            case "chardev-remove" -> close(chardevs.remove(id));
            case "object-add" -> add(id, asked);
            case "object-del" -> objects.remove(id);
            default -> throw new DomainException("qmp-error", "unknown " + command, "none");
        }
        return JSON.createObjectNode();
    }

    private void add(String id, JsonNode asked) {
        int collector = objects.indexOf("remus-n0-collector");
        boolean before = asked.path("insert").asText().equals("before");
        objects.add(before ? collector : objects.size(), id);
        if (asked.has("indev")) {
            chardevs.get(id).heard = true;
            notifyAll();
        }
    }

    private static JsonNode list(String key, List<String> values) {
        ArrayNode list = JSON.createArrayNode();
        values.forEach(value -> list.addObject().put(key, value));
        return list;
    }

    private JsonNode chardevList() {
        ArrayNode list = JSON.createArrayNode();
        chardevs.forEach(
                (label, chardev) ->
                        list.addObject()
                                .put("label", label)
                                .put("filename", chardev.drained ? "disconnected:unix:" : "unix:"));
        return list;
    }

    /** Connects a chardev, as QEMU does by itself each second while it is disconnected. */
    private void connect(String id) {
        Chardev chardev = chardevs.get(id);
        try {
            chardev.channel = SocketChannel.open(StandardProtocolFamily.UNIX);
            chardev.channel.connect(UnixDomainSocketAddress.of(chardev.path));
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
        chardev.heard = false;
        chardev.drained = false;
        if (id.endsWith("injector")) {
            Thread reader = new Thread(() -> readInjected(id, chardev, chardev.channel), id);
            reader.setDaemon(true);
            reader.start();
        }
    }

    /** What the chardevs' timers do after the agent closed its sockets and listens again. */
    synchronized void reconnect(String id) {
        close(chardevs.get(id));
        connect(id);
    }

    private void readInjected(String id, Chardev chardev, SocketChannel channel) {
        ByteBuffer in = ByteBuffer.allocate(1 << 20);
        try {
            while (readSome(chardev, channel, in) >= 0) {
                in.flip();
                while (in.remaining() >= 4 && in.remaining() >= 4 + in.getInt(in.position())) {
                    byte[] packet = new byte[in.getInt()];
                    in.get(packet);
                    synchronized (this) {
                        if (chardev.heard && objects.contains(id)) {
                            sent.add(new String(packet, UTF_8));
                            notifyAll();
                        }
                    }
                }
                in.compact();
            }
            synchronized (this) {
                chardev.drained = true;
            }
        } catch (IOException e) {
            chardev.heard = false; // as a filter does when its chardev closes
        }
    }

    private int readSome(Chardev chardev, SocketChannel channel, ByteBuffer in) throws IOException {
        synchronized (this) {
            while (!reading || !chardev.heard) {
                try {
                    wait();
                } catch (InterruptedException e) {
                    throw new IOException(e);
                }
            }
        }
        return channel.read(in);
    }

    /** The guest sends a packet: to the collector if there is one, else on its way. */
    void guestSends(String packet) {
        byte[] bytes = packet.getBytes(UTF_8);
        ByteBuffer framed = ByteBuffer.allocate(4 + bytes.length).putInt(bytes.length).put(bytes);
        guestStream(framed.flip());
    }

    /** Raw bytes of the collected stream. */
    void guestStream(ByteBuffer bytes) {
        SocketChannel collector;
        synchronized (this) {
            if (!objects.contains("remus-n0-collector")) {
                byte[] packet = new byte[bytes.getInt()];
                bytes.get(packet);
                sent.add(new String(packet, UTF_8));
                return;
            }
            collector = chardevs.get("remus-n0-collector").channel;
        }
        try {
            while (bytes.hasRemaining()) {
                collector.write(bytes);
            }
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    /** Whether QEMU's main loop reads the injected stream. */
    synchronized void reading(boolean now) {
        reading = now;
        notifyAll();
    }

    /** Refuses a command, given with its id. */
    synchronized void refuse(String commandAndId) {
        refusedCommand = commandAndId;
    }

    /** Packets that left through the netdev. */
    synchronized List<String> sent() {
        return List.copyOf(sent);
    }

    synchronized List<String> commands() {
        return List.copyOf(commands);
    }

    synchronized List<String> objects() {
        return List.copyOf(objects);
    }

    synchronized List<String> chardevs() {
        return List.copyOf(chardevs.keySet());
    }

    private static void close(Chardev chardev) {
        try {
            chardev.channel.close();
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    @Override
    public void onEvent(Consumer<JsonNode> listener) {
        throw new UnsupportedOperationException();
    }

    @Override
    public void removeEventListener(Consumer<JsonNode> listener) {
        throw new UnsupportedOperationException();
    }

    @Override
    public void onClosed(Consumer<String> listener) {
        throw new UnsupportedOperationException();
    }

    @Override
    public synchronized void close() {
        chardevs.values().forEach(FakeQemu::close);
    }
}
