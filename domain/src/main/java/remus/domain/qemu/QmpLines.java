package remus.domain.qemu;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import com.fasterxml.jackson.databind.node.JsonNodeFactory;
import com.fasterxml.jackson.databind.node.ObjectNode;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.util.Arrays;
import org.jspecify.annotations.Nullable;

/**
 * Cuts what QEMU sends into lines and reads them as JSON. The length of a line is bounded while it
 * grows. The answer that nearly every command of a lap gets is recognised without parsing. Not
 * thread-safe: the reader's.
 */
final class QmpLines {
    static final int LIMIT_BYTES = 16 << 20;

    private static final byte[] EMPTY_RETURN =
            "{\"return\": {}}\r".getBytes(StandardCharsets.US_ASCII);
    private static final ObjectMapper JSON = new ObjectMapper();
    private static final ObjectNode EMPTY_ANSWER =
            JsonNodeFactory.instance
                    .objectNode()
                    .set("return", JsonNodeFactory.instance.objectNode());

    private byte[] bytes = new byte[64 << 10];
    private int start;
    private int end;
    private int scanned;

    /** Where the channel reads to; {@link #added} then says how much came. */
    ByteBuffer room() throws IOException {
        if (end == bytes.length) {
            if (start > 0) {
                System.arraycopy(bytes, start, bytes, 0, end - start);
                end -= start;
                scanned -= start;
                start = 0;
            } else if (bytes.length >= LIMIT_BYTES) {
                throw new IOException(
                        "a line of more than " + LIMIT_BYTES + " bytes came from the monitor");
            } else {
                bytes = Arrays.copyOf(bytes, bytes.length * 2);
            }
        }
        return ByteBuffer.wrap(bytes, end, bytes.length - end);
    }

    void added(int count) {
        end += count;
    }

    /** The next whole line, or null. */
    @Nullable ObjectNode next() throws IOException {
        while (scanned < end) {
            if (bytes[scanned++] == '\n') {
                int from = start;
                int length = scanned - 1 - start;
                start = scanned;
                if (start == end) {
                    start = 0;
                    end = 0;
                    scanned = 0;
                }
                return parse(from, length);
            }
        }
        return null;
    }

    private ObjectNode parse(int from, int length) throws IOException {
        if (length == EMPTY_RETURN.length
                && Arrays.equals(bytes, from, from + length, EMPTY_RETURN, 0, length)) {
            return EMPTY_ANSWER;
        }
        JsonNode node = JSON.readTree(bytes, from, length);
        if (node instanceof ObjectNode object) {
            return object;
        }
        throw new IOException(
                "not an object of QMP: "
                        + new String(bytes, from, Math.min(length, 80), StandardCharsets.US_ASCII));
    }
}
