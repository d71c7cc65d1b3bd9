package remus.protocol;

import com.google.protobuf.ByteString;
import java.nio.ByteBuffer;
import java.util.UUID;
import remus.protocol.wire.Identity;

/** The two forms of who speaks: a group's UUID with an incarnation, and its message. */
public final class Identities {
    private static final int UUID_BYTES = 16;

    private Identities() {}

    /**
     * The message.
     *
     * @param uuid the group's, as text
     * @param incarnation the protection's
     */
    public static Identity of(String uuid, long incarnation) {
        UUID id = UUID.fromString(uuid);
        ByteBuffer bytes = ByteBuffer.allocate(UUID_BYTES);
        bytes.putLong(id.getMostSignificantBits()).putLong(id.getLeastSignificantBits()).flip();
        return Identity.newBuilder()
                .setGroup(ByteString.copyFrom(bytes))
                .setIncarnation(incarnation)
                .build();
    }

    /**
     * The group's UUID.
     *
     * @throws ProtocolException if the message holds none
     */
    public static UUID uuid(Identity identity) {
        ByteBuffer bytes = identity.getGroup().asReadOnlyByteBuffer();
        if (bytes.remaining() != UUID_BYTES) {
            throw new ProtocolException(
                    "group: " + bytes.remaining() + " bytes (expected: " + UUID_BYTES + ")");
        }
        return new UUID(bytes.getLong(), bytes.getLong());
    }
}
