package remus.protocol;

import static java.util.Map.entry;

import com.google.protobuf.ByteString;
import io.netty.buffer.ByteBuf;
import io.netty.buffer.ByteBufUtil;
import io.netty.buffer.Unpooled;
import io.netty.channel.embedded.EmbeddedChannel;
import java.nio.ByteBuffer;
import java.util.ArrayList;
import java.util.EnumMap;
import java.util.List;
import java.util.Map;
import remus.protocol.wire.Accepted;
import remus.protocol.wire.Ack;
import remus.protocol.wire.Channel;
import remus.protocol.wire.Check;
import remus.protocol.wire.ConcedeRequest;
import remus.protocol.wire.Conceded;
import remus.protocol.wire.Devices;
import remus.protocol.wire.Digests;
import remus.protocol.wire.DiskWrites;
import remus.protocol.wire.EpochEnd;
import remus.protocol.wire.FailoverMode;
import remus.protocol.wire.Fate;
import remus.protocol.wire.Heartbeat;
import remus.protocol.wire.Hello;
import remus.protocol.wire.Identity;
import remus.protocol.wire.Member;
import remus.protocol.wire.MemberEvent;
import remus.protocol.wire.MemberFate;
import remus.protocol.wire.Offer;
import remus.protocol.wire.Pages;
import remus.protocol.wire.Refused;
import remus.protocol.wire.Region;
import remus.protocol.wire.Welcome;

/** Frames of every type, and their bytes. */
final class Frames {
    static final Identity IDENTITY =
            Identity.newBuilder()
                    .setGroup(ByteString.fromHex("00112233445566778899aabbccddeeff"))
                    .setTerm(7)
                    .setIncarnation(3)
                    .build();

    private Frames() {}

    /** One frame of each type, made anew. */
    static Map<FrameType, Frame> ofEveryType() {
        Map<FrameType, Frame> frames = new EnumMap<>(FrameType.class);
        frames.put(FrameType.HELLO, hello(Channel.DATA));
        put(
                frames,
                FrameType.WELCOME,
                Welcome.newBuilder()
                        .setVersion(1)
                        .setFate(Fate.STANDBY)
                        .setLastCommittedEpoch(41)
                        .setSoftware("remus 0.1.0"));
        put(
                frames,
                FrameType.REFUSED,
                Refused.newBuilder()
                        .setCode("wrong-version")
                        .setProblem("2 to 3 (expected: 1)")
                        .setCorrection("upgrade"));
        put(
                frames,
                FrameType.OFFER,
                Offer.newBuilder()
                        .setGroupName("web")
                        .setFailover(FailoverMode.MANUAL)
                        .addMembers(
                                Member.newBuilder()
                                        .setName("web1")
                                        .setUuid("u")
                                        .setHypervisor("qemu")
                                        .setSpec("{}")
                                        .addRegions(
                                                Region.newBuilder()
                                                        .setName("pc.ram")
                                                        .setBytes(1 << 27)))
                        .setIntervalNanos(50_000_000)
                        .setSilenceLimitNanos(1_000_000_000)
                        .setReconnectGraceNanos(100_000_000));
        put(
                frames,
                FrameType.ACCEPTED,
                Accepted.newBuilder()
                        .addChecks(Check.newBuilder().setCode("qemu").setPassed(true)));
        putEpoch(frames);
        putLife(frames);
        putDisks(frames);
        return frames;
    }

    private static void putEpoch(Map<FrameType, Frame> frames) {
        frames.put(FrameType.PAGES, pages(42, entry(5, 1), entry(9, 2 | 1 << 31)));
        frames.put(
                FrameType.DEVICES,
                new Frame(
                        FrameType.DEVICES,
                        Devices.newBuilder().setEpoch(42).setMember(1).build(),
                        untracked(100)
                                .writeBytes(
                                        "QEVM-state"
                                                .getBytes(
                                                        java.nio.charset.StandardCharsets
                                                                .US_ASCII))));
        put(
                frames,
                FrameType.EPOCH_END,
                EpochEnd.newBuilder().setEpoch(42).setFrames(2).setPayloadBytes(4122));
        put(frames, FrameType.ACK, Ack.newBuilder().setIdentity(IDENTITY).setEpoch(42));
    }

    private static void putLife(Map<FrameType, Frame> frames) {
        put(
                frames,
                FrameType.HEARTBEAT,
                Heartbeat.newBuilder().setIdentity(IDENTITY).setProgress(1234));
        put(
                frames,
                FrameType.MEMBER_EVENT,
                MemberEvent.newBuilder()
                        .setMember(1)
                        .setFate(MemberFate.MEMBER_LOST)
                        .setDetail("signal 9"));
        put(
                frames,
                FrameType.CONCEDE_REQUEST,
                ConcedeRequest.newBuilder().setIdentity(IDENTITY).setReason("no acks"));
        put(
                frames,
                FrameType.CONCEDED,
                Conceded.newBuilder().setIdentity(IDENTITY).setReason("shutdown"));
    }

    private static void putDisks(Map<FrameType, Frame> frames) {
        frames.put(
                FrameType.DISK_WRITES,
                diskWrites(
                        42,
                        untracked(100)
                                .writeLong(4096)
                                .writeInt(8)
                                .writeInt(DiskPayload.DATA)
                                .writeLong(1L << 40)
                                .writeInt(-1)
                                .writeInt(DiskPayload.TRIM)
                                .writeLong(0x0123456789ABCDEFL),
                        2));
        frames.put(
                FrameType.DIGESTS,
                new Frame(
                        FrameType.DIGESTS,
                        Digests.newBuilder()
                                .setMember(1)
                                .setChunkBytes(1 << 16)
                                .setFirstChunk(7)
                                .setDigestCount(1)
                                .build(),
                        untracked(16).writeLong(1).writeLong(2)));
    }

    static Frame diskWrites(long epoch, ByteBuf payload, int extents) {
        return new Frame(
                FrameType.DISK_WRITES,
                DiskWrites.newBuilder()
                        .setEpoch(epoch)
                        .setMember(1)
                        .setExtentCount(extents)
                        .build(),
                payload);
    }

    private static void put(
            Map<FrameType, Frame> frames,
            FrameType type,
            com.google.protobuf.MessageLite.Builder header) {
        frames.put(type, Frame.of(type, header.build()));
    }

    static Frame hello(Channel channel) {
        return Frame.of(
                FrameType.HELLO,
                Versions.OURS
                        .offer(Hello.newBuilder())
                        .setChannel(channel)
                        .setIdentity(IDENTITY)
                        .setSoftware("remus 0.1.0")
                        .setAgentPort(7070)
                        .build());
    }

    /** Runs as first page and count; page bytes are derived from the page number. */
    @SafeVarargs
    static Frame pages(long epoch, Map.Entry<Integer, Integer>... runs) {
        ByteBuf payload = untracked(1 << 16);
        for (Map.Entry<Integer, Integer> run : runs) {
            payload.writeInt(run.getKey()).writeInt(run.getValue());
        }
        for (Map.Entry<Integer, Integer> run : runs) {
            for (int i = 0; i < run.getValue(); i++) { // none of a zero run: its count is negative
                for (int word = 0; word < PagesPayload.PAGE_BYTES / 8; word++) {
                    payload.writeLong(((long) run.getKey() + i) * 0x9E3779B97F4A7C15L + word);
                }
            }
        }
        return new Frame(
                FrameType.PAGES,
                Pages.newBuilder().setEpoch(epoch).setMember(1).setRunCount(runs.length).build(),
                payload);
    }

    /** A buffer that a test may forget. */
    private static ByteBuf untracked(int bytes) {
        return Unpooled.wrappedBuffer(ByteBuffer.allocateDirect(bytes)).clear();
    }

    /** 256 pages of one run in staging memory that the link does not own. */
    static Frame fullPages(long epoch, ByteBuffer staging) {
        staging.putInt(0, (int) epoch).putInt(4, 256);
        return new Frame(
                FrameType.PAGES,
                Pages.newBuilder().setEpoch(epoch).setRunCount(1).build(),
                Unpooled.wrappedBuffer(staging));
    }

    /** The bytes of {@code frame} as {@code encoder} makes them; the frame is used up. */
    static byte[] encode(FrameEncoder encoder, Frame frame) {
        ByteBuf head = encoder.encodeHead(frame, Unpooled.buffer().alloc());
        byte[] bytes = ByteBufUtil.getBytes(Unpooled.wrappedBuffer(head, frame.payload()));
        head.release();
        frame.release();
        return bytes;
    }

    static byte[] encodeAll(Iterable<Frame> frames) {
        FrameEncoder encoder = new FrameEncoder();
        ByteBuf all = Unpooled.buffer();
        for (Frame frame : frames) {
            all.writeBytes(encode(encoder, frame));
        }
        return ByteBufUtil.getBytes(all);
    }

    /** What a frame says, comparable and readable after its release. */
    static String text(Frame frame) {
        return frame.type()
                + " "
                + ByteBufUtil.hexDump(frame.header().toByteArray())
                + " "
                + ByteBufUtil.hexDump(frame.payload());
    }

    /** Takes all decoded frames out of {@code channel} as texts, and releases them. */
    static List<String> drain(EmbeddedChannel channel) {
        List<String> texts = new ArrayList<>();
        for (Frame frame = channel.readInbound(); frame != null; frame = channel.readInbound()) {
            texts.add(text(frame));
            frame.release();
        }
        return texts;
    }
}
