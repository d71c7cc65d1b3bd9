package remus.backup;

import com.google.protobuf.MessageLite;
import org.jspecify.annotations.Nullable;
import remus.domain.DomainException;
import remus.ha.Reason;
import remus.protocol.Frame;
import remus.protocol.FrameType;
import remus.protocol.Heartbeats;
import remus.protocol.PeerLink;
import remus.protocol.wire.Hello;
import remus.protocol.wire.Identity;
import remus.protocol.wire.Refused;

/** The group's connections to its primary. Conductor's thread only, but for the heartbeats. */
final class PrimaryPeer {
    private final BackupHost host;
    private final Identity identity;
    private final Heartbeats heartbeats = new Heartbeats();
    private @Nullable PeerLink link;
    private String peerHost = "";
    private int agentPort;

    PrimaryPeer(BackupHost host, Identity identity) {
        this.host = host;
        this.identity = identity;
    }

    /** A connection takes the place of the one before. */
    void linked(PeerLink from, Hello hello) {
        PeerLink old = link;
        if (old != null) {
            old.close();
        }
        link = from;
        peerHost = from.peer().substring(0, from.peer().lastIndexOf(':'));
        agentPort = hello.getAgentPort();
    }

    boolean isCurrent(PeerLink from) {
        return from == link;
    }

    void heartbeatsLinked(PeerLink from) {
        heartbeats.link(from);
    }

    /** A connection ended. Returns whether it was the current one for data. */
    boolean closed(PeerLink from) {
        heartbeats.closed(from);
        if (from != link) {
            return false;
        }
        link = null;
        return true;
    }

    /** Asks the primary's host whether its agent is gone. */
    void probe(Runnable gone) {
        host.probe(
                peerHost,
                agentPort,
                refused -> {
                    if (refused) {
                        gone.run();
                    }
                });
    }

    void progressed() {
        heartbeats.progressed();
    }

    void beat() {
        heartbeats.beat(identity);
    }

    void send(FrameType type, MessageLite message) {
        PeerLink to = link;
        if (to != null) {
            to.send(Frame.of(type, message));
        }
    }

    /** Says why, and closes. */
    void hangUp(Reason why) {
        PeerLink old = link;
        link = null;
        if (old != null) {
            refuse(old, why.code(), why.sentence(), why.correction());
        }
    }

    static void protocolError(PeerLink to, @Nullable String problem) {
        refuse(to, "protocol-error", problem, "run the same version of Remus on both hosts");
    }

    static void activated(PeerLink to) {
        refuse(to, "activated", "the group runs on the backup", "let the copy here stop");
    }

    static void refuse(PeerLink to, DomainException why) {
        refuse(to, why.code(), why.getMessage(), why.correction());
    }

    static void refuse(PeerLink to, String code, @Nullable String problem, String correction) {
        to.send(
                Frame.of(
                        FrameType.REFUSED,
                        Refused.newBuilder()
                                .setCode(code)
                                .setProblem(String.valueOf(problem))
                                .setCorrection(correction)
                                .build()),
                to::close);
    }
}
