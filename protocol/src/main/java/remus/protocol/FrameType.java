package remus.protocol;

import com.google.protobuf.MessageLite;
import com.google.protobuf.Parser;
import remus.protocol.wire.Accepted;
import remus.protocol.wire.Ack;
import remus.protocol.wire.ConcedeRequest;
import remus.protocol.wire.Conceded;
import remus.protocol.wire.Devices;
import remus.protocol.wire.EpochEnd;
import remus.protocol.wire.Heartbeat;
import remus.protocol.wire.Hello;
import remus.protocol.wire.MemberEvent;
import remus.protocol.wire.Offer;
import remus.protocol.wire.Pages;
import remus.protocol.wire.Refused;
import remus.protocol.wire.Welcome;

/** What a frame is: its code on the wire, its header message, and how much payload it may carry. */
public enum FrameType {
    HELLO(1, Hello.parser(), 0),
    WELCOME(2, Welcome.parser(), 0),
    REFUSED(3, Refused.parser(), 0),
    OFFER(4, Offer.parser(), 0),
    ACCEPTED(5, Accepted.parser(), 0),
    PAGES(6, Pages.parser(), Frame.MAX_PAYLOAD_BYTES),
    DEVICES(7, Devices.parser(), Frame.MAX_PAYLOAD_BYTES),
    EPOCH_END(8, EpochEnd.parser(), 0),
    ACK(9, Ack.parser(), 0),
    HEARTBEAT(10, Heartbeat.parser(), 0),
    MEMBER_EVENT(11, MemberEvent.parser(), 0),
    CONCEDE_REQUEST(12, ConcedeRequest.parser(), 0),
    CONCEDED(13, Conceded.parser(), 0);

    private final int code;
    private final Parser<? extends MessageLite> headerParser;
    private final int maxPayloadBytes;

    FrameType(int code, Parser<? extends MessageLite> headerParser, int maxPayloadBytes) {
        this.code = code;
        this.headerParser = headerParser;
        this.maxPayloadBytes = maxPayloadBytes;
    }

    /** The byte that names this type on the wire; never 0. */
    public int code() {
        return code;
    }

    /** Parses the protobuf header of a frame of this type. */
    public Parser<? extends MessageLite> headerParser() {
        return headerParser;
    }

    /** The most payload bytes that a frame of this type may announce. */
    public int maxPayloadBytes() {
        return maxPayloadBytes;
    }
}
