package remus.primary;

import com.google.protobuf.MessageLite;
import io.netty.buffer.ByteBuf;
import org.jspecify.annotations.Nullable;
import remus.domain.DomainException;
import remus.ha.Mailbox;
import remus.protocol.Frame;
import remus.protocol.FrameType;
import remus.protocol.Heartbeats;
import remus.protocol.Identities;
import remus.protocol.PeerLink;
import remus.protocol.ProtocolException;
import remus.protocol.Versions;
import remus.protocol.wire.Accepted;
import remus.protocol.wire.Ack;
import remus.protocol.wire.Channel;
import remus.protocol.wire.Conceded;
import remus.protocol.wire.Digests;
import remus.protocol.wire.Heartbeat;
import remus.protocol.wire.Hello;
import remus.protocol.wire.Identity;
import remus.protocol.wire.Refused;
import remus.protocol.wire.Welcome;

/**
 * The primary's end of the conversation with the backup: dials, says hello, dials again when the
 * connection is lost, and sorts what comes in. What it means is decided by the {@link Owner}, in
 * the conductor's thread.
 */
final class PrimarySession {
    private static final long FIRST_REDIAL_NANOS = 10_000_000;
    private static final long REFUSED_WAIT_NANOS = 250_000_000;
    private static final long LONGEST_REDIAL_NANOS = 1_000_000_000;

    private final PrimaryHost host;
    private final ProtectionSettings settings;
    private final Mailbox mailbox;
    private final Owner owner;
    private final Heartbeats heartbeats = new Heartbeats();
    private volatile Identity identity = Identity.getDefaultInstance();
    private @Nullable PeerLink link;
    private boolean dialing;
    private boolean ended;
    private long nextDial;
    private long redialNanos = FIRST_REDIAL_NANOS;

    PrimarySession(PrimaryHost host, ProtectionSettings settings, Mailbox mailbox, Owner owner) {
        this.host = host;
        this.settings = settings;
        this.mailbox = mailbox;
        this.owner = owner;
    }

    /** Decides what the conversation means. Called in the conductor's thread. */
    interface Owner {
        void onOpened();

        void onWelcome(PeerLink link, Welcome welcome);

        void onRefused(Refused refused);

        void onDigests(Digests header, ByteBuf payload);

        void onAccepted(Accepted accepted);

        void onAck(Ack ack);

        void onConceded(Conceded conceded);

        void onHeard(@Nullable Heartbeat heartbeat);

        void onLost(String reason);

        void onUnreachable(String reason);
    }

    /** From here on the group speaks as this incarnation. */
    void incarnation(long incarnation) {
        hangUp(); // a connection speaks as one incarnation
        identity = Identities.of(settings.uuid(), incarnation);
    }

    Identity identity() {
        return identity;
    }

    boolean isConnected() {
        return link != null;
    }

    /** Dials whichever connection is missing, if it is time to. Returns nanoseconds until it is. */
    long connect(long now) {
        if (dialing || ended || (link != null && heartbeats.isLinked())) {
            return Long.MAX_VALUE;
        }
        if (now - nextDial < 0) {
            return nextDial - now;
        }
        dialing = true;
        nextDial = now + redialNanos;
        redialNanos = Math.min(redialNanos * 2, LONGEST_REDIAL_NANOS);
        if (link != null) {
            dialHeartbeats();
            return Long.MAX_VALUE;
        }
        host.dial(
                settings.peer(),
                Channel.DATA,
                new DataListener(),
                opened -> mailbox.post(() -> opened(opened)),
                reason -> mailbox.post(() -> failed(reason)));
        return Long.MAX_VALUE;
    }

    /** The next dial may come at once. */
    void hurry(long now) {
        nextDial = now;
        redialNanos = FIRST_REDIAL_NANOS;
    }

    void send(FrameType type, MessageLite message) {
        PeerLink to = link;
        if (to != null) {
            to.send(Frame.of(type, message));
        }
    }

    /** The work moved: the peer sees it in the heartbeats. */
    void progressed() {
        heartbeats.progressed();
    }

    /** Sends a heartbeat, from the heartbeat thread. */
    void beat() {
        heartbeats.beat(identity);
    }

    /** Gives the connection up; it will be dialled again. */
    void drop(String reason) {
        PeerLink old = link;
        if (old != null) {
            old.close();
            lost(old, reason);
        }
    }

    /** The same after a refusal, which would be repeated at once. */
    void dropForAWhile(String reason) {
        drop(reason);
        nextDial = host.nanoTime() + REFUSED_WAIT_NANOS;
    }

    /** Ends the conversation for good. */
    void end() {
        ended = true;
        hangUp();
    }

    /**
     * Ends this conversation on our own account: the owner is not told. It may be dialled again.
     */
    void hangUp() {
        PeerLink old = link;
        link = null;
        if (old != null) {
            old.close();
        }
        heartbeats.link(null);
    }

    private void opened(PeerLink opened) {
        dialing = false;
        if (ended) {
            opened.close();
            return;
        }
        link = opened;
        owner.onOpened();
        opened.send(Frame.of(FrameType.HELLO, hello(Channel.DATA)));
        dialing = true;
        dialHeartbeats();
    }

    private void dialHeartbeats() {
        host.dial(
                settings.peer(),
                Channel.HEARTBEAT,
                new HeartbeatListener(),
                beats -> mailbox.post(() -> heartbeatsOpened(beats)),
                reason -> mailbox.post(() -> dialing = false));
    }

    private void heartbeatsOpened(PeerLink beats) {
        dialing = false;
        heartbeats.link(null);
        if (ended || link == null) {
            beats.close();
            return;
        }
        beats.send(Frame.of(FrameType.HELLO, hello(Channel.HEARTBEAT)));
        heartbeats.link(beats);
    }

    private Hello hello(Channel channel) {
        return Versions.OURS
                .offer(Hello.newBuilder())
                .setChannel(channel)
                .setIdentity(identity)
                .setSoftware(host.software())
                .setAgentPort(settings.limits().agentPort())
                .build();
    }

    private void failed(String reason) {
        dialing = false;
        if (!ended) {
            owner.onUnreachable(reason);
        }
    }

    private void lost(PeerLink which, String reason) {
        if (which != link) {
            return;
        }
        link = null;
        heartbeats.link(null);
        hurry(host.nanoTime());
        owner.onLost(reason);
    }

    private void received(PeerLink from, Frame frame) {
        if (from != link) {
            return;
        }
        owner.onHeard(null);
        try {
            understand(from, frame);
        } catch (ProtocolException | DomainException e) {
            drop(
                    "was given up: "
                            + e.getMessage()); // dialled again, the backup says the same again
        }
    }

    private void understand(PeerLink from, Frame frame) {
        switch (frame.type()) {
            case WELCOME -> {
                hurry(host.nanoTime()); // the heartbeats' connection may have been refused before
                owner.onWelcome(from, frame.header(Welcome.class));
            }
            case REFUSED -> owner.onRefused(frame.header(Refused.class));
            case ACCEPTED -> {
                hurry(host.nanoTime());
                owner.onAccepted(frame.header(Accepted.class));
            }
            case DIGESTS -> owner.onDigests(frame.header(Digests.class), frame.payload());
            case ACK -> owner.onAck(frame.header(Ack.class));
            case CONCEDED -> owner.onConceded(frame.header(Conceded.class));
            default -> drop("sent a " + frame.type() + " frame, which a backup never sends");
        }
    }

    private final class DataListener implements PeerLink.Listener {
        @Override
        public void onFrame(PeerLink from, Frame frame) {
            mailbox.post(
                    () -> {
                        try {
                            received(from, frame);
                        } finally {
                            frame.release();
                        }
                    });
        }

        @Override
        public void onClosed(PeerLink from, String reason) {
            mailbox.post(() -> lost(from, reason));
        }
    }

    private final class HeartbeatListener implements PeerLink.Listener {
        @Override
        public void onFrame(PeerLink from, Frame frame) {
            frame.release();
            if (frame.type() == FrameType.HEARTBEAT) {
                mailbox.post(() -> owner.onHeard(frame.header(Heartbeat.class)));
            }
        }

        @Override
        public void onClosed(PeerLink from, String reason) {
            mailbox.post(() -> heartbeats.closed(from));
        }
    }
}
