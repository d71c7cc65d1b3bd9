package remus.diskbuf.nbd;

import io.netty.buffer.ByteBuf;
import java.nio.charset.StandardCharsets;
import java.util.Collection;
import org.jspecify.annotations.Nullable;

/**
 * Answers the options of one handshake. No I/O: the body of an option in, replies out.
 *
 * <pre>
 *   reply: magic u64 | option u32 | type u32 | length u32 | what the type says
 * </pre>
 */
final class NbdOptions {
    /** What comes after an option. */
    enum Next {
        OPTION,
        TRANSMISSION,
        CLOSE
    }

    private final Collection<Export> exports;
    private boolean structured;
    private @Nullable Export allocationOf;
    private @Nullable Export chosen;

    /**
     * @param exports the first is the default one, which has the empty name too
     */
    NbdOptions(Collection<Export> exports) {
        this.exports = exports;
    }

    /** What was agreed on, once an answer was {@link Next#TRANSMISSION}. */
    NbdSession session() {
        Export export = chosen;
        if (export == null) {
            throw new IllegalStateException("no export is chosen");
        }
        return new NbdSession(export, structured, export.equals(allocationOf));
    }

    /**
     * Answers one option.
     *
     * @param data its body, whose length was bounded
     * @param noZeroes whether the client wants no padding behind {@code EXPORT_NAME}
     */
    Next answer(int option, ByteBuf data, boolean noZeroes, ByteBuf out) {
        switch (option) {
            case Nbd.OPT_EXPORT_NAME -> {
                return exportName(data, noZeroes, out);
            }
            case Nbd.OPT_ABORT -> {
                reply(out, option, Nbd.REP_ACK, 0);
                return Next.CLOSE;
            }
            case Nbd.OPT_INFO, Nbd.OPT_GO -> {
                return info(option, data, out);
            }
            case Nbd.OPT_LIST -> list(data, out);
            case Nbd.OPT_STRUCTURED_REPLY -> structuredReply(data, out);
            case Nbd.OPT_LIST_META_CONTEXT, Nbd.OPT_SET_META_CONTEXT ->
                    metaContext(option, data, out);
            // the place of TLS: a certificate would make this an ACK and a new handshake inside
            case Nbd.OPT_STARTTLS -> refuse(out, option, Nbd.REP_ERR_POLICY, "TLS is not set up");
            default -> refuse(out, option, Nbd.REP_ERR_UNSUP, "unknown option");
        }
        return Next.OPTION;
    }

    private Next exportName(ByteBuf data, boolean noZeroes, ByteBuf out) {
        chosen = find(data.toString(StandardCharsets.UTF_8));
        if (chosen == null) {
            return Next.CLOSE; // this option has no other way to say it
        }
        out.writeLong(chosen.sizeBytes())
                .writeShort(NbdSession.transmissionFlags(chosen, structured));
        if (!noZeroes) {
            out.writeZero(124);
        }
        return Next.TRANSMISSION;
    }

    private void list(ByteBuf data, ByteBuf out) {
        if (data.isReadable()) {
            refuse(out, Nbd.OPT_LIST, Nbd.REP_ERR_INVALID, "unexpected data");
            return;
        }
        for (Export export : exports) {
            byte[] name = export.name().getBytes(StandardCharsets.UTF_8);
            reply(out, Nbd.OPT_LIST, Nbd.REP_SERVER, 4 + name.length)
                    .writeInt(name.length)
                    .writeBytes(name);
        }
        reply(out, Nbd.OPT_LIST, Nbd.REP_ACK, 0);
    }

    private void structuredReply(ByteBuf data, ByteBuf out) {
        if (data.isReadable()) {
            refuse(out, Nbd.OPT_STRUCTURED_REPLY, Nbd.REP_ERR_INVALID, "unexpected data");
            return;
        }
        structured = true;
        reply(out, Nbd.OPT_STRUCTURED_REPLY, Nbd.REP_ACK, 0);
    }

    private Next info(int option, ByteBuf data, ByteBuf out) {
        String name = string(data);
        int requests = name != null && data.readableBytes() >= 2 ? data.readUnsignedShort() : -1;
        if (name == null || requests < 0 || data.readableBytes() != 2 * requests) {
            refuse(out, option, Nbd.REP_ERR_INVALID, "malformed request for an export");
            return Next.OPTION;
        }
        Export export = find(name);
        if (export == null) {
            refuse(out, option, Nbd.REP_ERR_UNKNOWN, "no export of this name");
            return Next.OPTION;
        }
        reply(out, option, Nbd.REP_INFO, 12)
                .writeShort(Nbd.INFO_EXPORT)
                .writeLong(export.sizeBytes())
                .writeShort(NbdSession.transmissionFlags(export, structured));
        boolean nameWanted = false;
        boolean blockSizeWanted = false;
        for (int i = 0; i < requests; i++) {
            int type = data.readUnsignedShort();
            nameWanted |= type == Nbd.INFO_NAME;
            blockSizeWanted |= type == Nbd.INFO_BLOCK_SIZE;
        }
        if (nameWanted) {
            byte[] canonical = export.name().getBytes(StandardCharsets.UTF_8);
            reply(out, option, Nbd.REP_INFO, 2 + canonical.length)
                    .writeShort(Nbd.INFO_NAME)
                    .writeBytes(canonical);
        }
        if (blockSizeWanted) {
            reply(out, option, Nbd.REP_INFO, 14)
                    .writeShort(Nbd.INFO_BLOCK_SIZE)
                    .writeInt(1)
                    .writeInt(Nbd.PREFERRED_BLOCK_BYTES)
                    .writeInt(export.maxRequestBytes());
        }
        reply(out, option, Nbd.REP_ACK, 0);
        if (option == Nbd.OPT_INFO) {
            return Next.OPTION;
        }
        chosen = export;
        return Next.TRANSMISSION;
    }

    /** Each query stands for the contexts that it names; setting replaces what was set before. */
    private void metaContext(int option, ByteBuf data, ByteBuf out) {
        boolean set = option == Nbd.OPT_SET_META_CONTEXT;
        if (set) {
            allocationOf = null;
        }
        if (!structured) {
            refuse(out, option, Nbd.REP_ERR_INVALID, "needs structured replies");
            return;
        }
        String name = string(data);
        long queries = name != null && data.readableBytes() >= 4 ? data.readUnsignedInt() : -1;
        boolean found = queries == 0 && !set;
        boolean malformed = queries < 0;
        for (long i = 0; i < queries && !malformed; i++) {
            String query = string(data);
            malformed = query == null;
            found |= Nbd.BASE_ALLOCATION.equals(query) || (!set && "base:".equals(query));
        }
        if (malformed || data.isReadable() || name == null) {
            refuse(out, option, Nbd.REP_ERR_INVALID, "malformed query for metadata contexts");
            return;
        }
        Export export = find(name);
        if (export == null) {
            refuse(out, option, Nbd.REP_ERR_UNKNOWN, "no export of this name");
            return;
        }
        if (found) {
            byte[] context = Nbd.BASE_ALLOCATION.getBytes(StandardCharsets.UTF_8);
            reply(out, option, Nbd.REP_META_CONTEXT, 4 + context.length)
                    .writeInt(set ? Nbd.BASE_ALLOCATION_ID : 0)
                    .writeBytes(context);
        }
        if (found && set) {
            allocationOf = export;
        }
        reply(out, option, Nbd.REP_ACK, 0);
    }

    private @Nullable Export find(String name) {
        for (Export export : exports) {
            if (name.isEmpty() || export.name().equals(name)) {
                return export;
            }
        }
        return null;
    }

    /** A length and so many bytes; null if that is not what is there. */
    private static @Nullable String string(ByteBuf data) {
        if (data.readableBytes() < 4) {
            return null;
        }
        long length = data.readUnsignedInt();
        if (length > Nbd.MAX_STRING_BYTES || length > data.readableBytes()) {
            return null;
        }
        String text = data.toString(data.readerIndex(), (int) length, StandardCharsets.UTF_8);
        data.skipBytes((int) length);
        return text;
    }

    private static ByteBuf reply(ByteBuf out, int option, int type, int length) {
        return out.writeLong(Nbd.OPTION_REPLY_MAGIC)
                .writeInt(option)
                .writeInt(type)
                .writeInt(length);
    }

    /** An error with a word for people. */
    static void refuse(ByteBuf out, int option, int error, String why) {
        byte[] text = why.getBytes(StandardCharsets.UTF_8);
        reply(out, option, error, text.length).writeBytes(text);
    }
}
