package remus.protocol;

import com.google.protobuf.MessageLite;
import com.google.protobuf.Parser;
import org.jspecify.annotations.Nullable;
import remus.protocol.wire.Accepted;
import remus.protocol.wire.Ack;
import remus.protocol.wire.ConcedeRequest;
import remus.protocol.wire.Conceded;
import remus.protocol.wire.Devices;
import remus.protocol.wire.Digests;
import remus.protocol.wire.DiskWrites;
import remus.protocol.wire.EpochEnd;
import remus.protocol.wire.Heartbeat;
import remus.protocol.wire.Hello;
import remus.protocol.wire.MemberEvent;
import remus.protocol.wire.Offer;
import remus.protocol.wire.Pages;
import remus.protocol.wire.Refused;
import remus.protocol.wire.Welcome;

/** What a frame is: its code on the wire, its header message, and how much it may carry. */
public enum FrameType {
    HELLO(1, Hello.parser(), Frame.MAX_SMALL_HEADER_BYTES, 0),
    WELCOME(2, Welcome.parser(), Frame.MAX_SMALL_HEADER_BYTES, 0),
    REFUSED(3, Refused.parser(), Frame.MAX_SMALL_HEADER_BYTES, 0),
    OFFER(4, Offer.parser(), Frame.MAX_HEADER_BYTES, 0),
    ACCEPTED(5, Accepted.parser(), Frame.MAX_HEADER_BYTES, 0),
    PAGES(6, Pages.parser(), Frame.MAX_SMALL_HEADER_BYTES, Frame.MAX_PAYLOAD_BYTES),
    DEVICES(7, Devices.parser(), Frame.MAX_SMALL_HEADER_BYTES, Frame.MAX_PAYLOAD_BYTES),
    EPOCH_END(8, EpochEnd.parser(), Frame.MAX_SMALL_HEADER_BYTES, 0),
    ACK(9, Ack.parser(), Frame.MAX_SMALL_HEADER_BYTES, 0),
    HEARTBEAT(10, Heartbeat.parser(), Frame.MAX_SMALL_HEADER_BYTES, 0),
    MEMBER_EVENT(11, MemberEvent.parser(), Frame.MAX_SMALL_HEADER_BYTES, 0),
    CONCEDE_REQUEST(12, ConcedeRequest.parser(), Frame.MAX_SMALL_HEADER_BYTES, 0),
    CONCEDED(13, Conceded.parser(), Frame.MAX_SMALL_HEADER_BYTES, 0),
    DISK_WRITES(14, DiskWrites.parser(), Frame.MAX_SMALL_HEADER_BYTES, Frame.MAX_PAYLOAD_BYTES),
    DIGESTS(15, Digests.parser(), Frame.MAX_SMALL_HEADER_BYTES, Frame.MAX_PAYLOAD_BYTES);

    private static final @Nullable FrameType[] BY_CODE = new @Nullable FrameType[256];

    static {
        for (FrameType type : values()) {
            BY_CODE[type.code] = type;
        }
    }

    private final int code;
    private final Parser<? extends MessageLite> headerParser;
    private final int maxHeaderBytes;
    private final int maxPayloadBytes;

    FrameType(
            int code,
            Parser<? extends MessageLite> headerParser,
            int maxHeaderBytes,
            int maxPayloadBytes) {
        this.code = code;
        this.headerParser = headerParser;
        this.maxHeaderBytes = maxHeaderBytes;
        this.maxPayloadBytes = maxPayloadBytes;
    }

    /**
     * The type that {@code code} names.
     *
     * @throws ProtocolException if no type has this code
     */
    static FrameType ofCode(int code) {
        FrameType type = BY_CODE[code & 0xFF];
        if (type == null) {
            throw new ProtocolException(
                    "frame type: " + (code & 0xFF) + " (expected: 1 to " + values().length + ")");
        }
        return type;
    }

    /** The byte that names this type on the wire; never 0. */
    public int code() {
        return code;
    }

    /** Parses the protobuf header of a frame of this type. */
    public Parser<? extends MessageLite> headerParser() {
        return headerParser;
    }

    /** The most header bytes that a frame of this type may announce. */
    public int maxHeaderBytes() {
        return maxHeaderBytes;
    }

    /** The most payload bytes that a frame of this type may announce. */
    public int maxPayloadBytes() {
        return maxPayloadBytes;
    }
}
