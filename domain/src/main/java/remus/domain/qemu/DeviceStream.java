package remus.domain.qemu;

import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.HashSet;
import java.util.List;
import java.util.Set;
import remus.domain.DomainException;

/**
 * The sections of a saved device state (QEMU's migration/savevm.c): a header, then FULL sections
 * whose length is told nowhere, each closed by a footer that repeats its number, then the end.
 *
 * <pre>
 *   "QEVM" | version 3 | { 04 | number u32 | length u8, name | instance u32 | version u32
 *                          | data | 7e | number u32 }* | 00
 * </pre>
 *
 * As the data may contain anything, a footer counts only if it is followed by the head of a section
 * whose number has not been seen yet, or by the end of the stream. Numbers are given as devices are
 * made, and not in the order of the stream: bridges and root ports come first, whenever made.
 */
final class DeviceStream {
    private static final int MAGIC = 0x5145564d;
    private static final int VERSION = 3;
    private static final int HEADER_BYTES = 8;
    private static final byte FULL = 4;
    private static final byte FOOTER = 0x7e;
    private static final byte CONFIGURATION = 7;
    private static final int LIMIT_SECTIONS = 65536;

    private DeviceStream() {}

    /**
     * Lists the sections.
     *
     * @throws DomainException {@code bad-device-state} if it is no such stream
     */
    static List<DeviceSection> sections(ByteBuffer state) {
        ByteBuffer in = state.duplicate();
        List<DeviceSection> sections = new ArrayList<>();
        Set<Integer> seen = new HashSet<>();
        if (in.remaining() <= HEADER_BYTES || in.getInt() != MAGIC || in.getInt() != VERSION) {
            throw bad("it does not start as one of version 3");
        }
        if (in.get(in.position()) == CONFIGURATION) {
            throw bad("it has a configuration section");
        }
        while (in.hasRemaining() && in.get(in.position()) == FULL) {
            if (sections.size() == LIMIT_SECTIONS || !isHead(in, in.position())) {
                throw bad("section " + sections.size() + " is cut off");
            }
            in.get();
            int number = in.getInt();
            seen.add(number);
            byte[] name = new byte[in.get() & 0xff];
            in.get(name);
            sections.add(
                    new DeviceSection(
                            new String(name, StandardCharsets.UTF_8), in.getInt(), in.getInt()));
            in.position(behindFooter(in, number, seen));
        }
        return sections;
    }

    private static int behindFooter(ByteBuffer in, int number, Set<Integer> seen) {
        for (int at = in.position(); at + 5 < in.limit(); at++) {
            if (in.get(at) == FOOTER && in.getInt(at + 1) == number) {
                int next = at + 5;
                if (in.get(next) == 0 && in.limit() - next <= 1) {
                    return next;
                }
                if (in.get(next) == FULL
                        && isHead(in, next)
                        && !seen.contains(in.getInt(next + 1))) {
                    return next;
                }
            }
        }
        throw bad("section number " + number + " has no end");
    }

    /** Whether a section may begin here: its name is whole and printable. */
    private static boolean isHead(ByteBuffer in, int at) {
        if (at + 6 > in.limit()) {
            return false;
        }
        int length = in.get(at + 5) & 0xff;
        if (length == 0 || at + 6 + length + 8 > in.limit()) {
            return false;
        }
        for (int i = at + 6; i < at + 6 + length; i++) {
            if (in.get(i) < ' ') {
                return false;
            }
        }
        return true;
    }

    private static DomainException bad(String what) {
        return new DomainException(
                "bad-device-state",
                "QEMU's saved device state cannot be read: " + what,
                "tell the version of QEMU to this program's maintainers");
    }
}
