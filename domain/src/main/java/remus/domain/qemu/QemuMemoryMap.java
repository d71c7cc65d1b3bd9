package remus.domain.qemu;

import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import java.util.stream.Collectors;
import remus.domain.DomainException;
import remus.domain.MemoryRegion;
import remus.domain.Slab;
import remus.domain.linux.AddressRange;
import remus.domain.qemu.QemuStandbySpec.Block;

/**
 * The memory blocks that a guest sees and where they lie in QEMU's address space: the main RAM
 * first, then video memory, flash and ROMs. QEMU's device state holds none of them, and a standby's
 * ROMs are empty, as QEMU does not load them while it awaits a state: a guest would run on there,
 * and hang at its next reboot.
 *
 * @param blocks as the standby needs them
 * @param addresses where each lies in QEMU, in the same order
 */
record QemuMemoryMap(List<Block> blocks, List<AddressRange> addresses) {
    private static final long HOLE_END = 1L << 32;

    /** Firmware moves memory some dozens of times; then it lies still. */
    private static final int MAX_READS = 200;

    private static final Pattern VIEW_ENTRY =
            Pattern.compile(
                    "\\s+(\\p{XDigit}{16})-(\\p{XDigit}{16}) \\(prio -?\\d+, ([\\w/-]+)\\): (.*?)"
                            + "(?: @(\\p{XDigit}{16}))?(?: KVM)?");
    private static final Pattern HOST_ADDRESS =
            Pattern.compile(
                    "Host virtual address for 0x\\p{XDigit}+ \\((.*)\\) is 0x(\\p{XDigit}+)");
    private static final Pattern PLAIN_MEMORY = Pattern.compile("ram|rom|romd|ramd");

    /** A visible piece of a block. */
    private record Piece(long guest, long end, String type, String name, long offset) {
        long offsetEnd() {
            return offset + (end - guest);
        }
    }

    /** A name and an address, as {@code gpa2hva} tells them. */
    private record HostAddress(String name, long address) {}

    QemuMemoryMap {
        blocks = List.copyOf(blocks);
        addresses = List.copyOf(addresses);
    }

    /**
     * Asks QEMU. The answers are only of one moment if the view is the same after them as before: a
     * running guest's firmware moves its memory while we ask.
     *
     * @throws DomainException {@code unsupported-memory} if there is memory that cannot be
     *     replicated, {@code memory-moves} if the guest does not leave it where it is
     */
    static QemuMemoryMap read(Monitor monitor) {
        long baseBytes = monitor.execute("query-memory-size-summary").path("base-memory").asLong(0);
        if (!monitor.execute("query-memory-devices").isEmpty()) {
            throw unsupported("it has memory devices (pc-dimm, nvdimm, virtio-mem or virtio-pmem)");
        }
        List<Piece> before = pieces(monitor.human("info mtree -f"));
        for (int reads = 0; reads < MAX_READS; reads++) {
            QemuMemoryMap map = null;
            DomainException refusal = null;
            try {
                map = locate(monitor, before, baseBytes);
            } catch (DomainException e) {
                refusal = e;
            }
            List<Piece> after = pieces(monitor.human("info mtree -f"));
            if (!after.equals(before)) {
                before = after;
            } else if (map != null) {
                return map;
            } else {
                throw Objects.requireNonNull(refusal);
            }
        }
        throw new DomainException(
                "memory-moves",
                "the guest kept moving its memory while we asked QEMU where it lies",
                "try again when its firmware is done");
    }

    private static QemuMemoryMap locate(Monitor monitor, List<Piece> pieces, long baseBytes) {
        for (Piece piece : pieces) {
            if (!PLAIN_MEMORY.matcher(piece.type).matches()) {
                throw unsupported("its memory " + piece.name + " is " + piece.type);
            }
        }
        HostAddress main = hostAddress(monitor, 0);
        List<Block> blocks = new ArrayList<>();
        List<AddressRange> addresses = new ArrayList<>();
        blocks.add(mainBlock(monitor, pieces, main, baseBytes));
        addresses.add(new AddressRange(main.address, baseBytes));
        Map<String, List<Piece>> others =
                pieces.stream()
                        .filter(piece -> !piece.name.equals(main.name))
                        .collect(
                                Collectors.groupingBy(
                                        Piece::name, LinkedHashMap::new, Collectors.toList()));
        others.forEach((name, parts) -> addOther(monitor, name, parts, blocks, addresses));
        return new QemuMemoryMap(blocks, addresses);
    }

    private static Block mainBlock(
            Monitor monitor, List<Piece> pieces, HostAddress main, long baseBytes) {
        if (pieces.stream().noneMatch(p -> p.name.equals(main.name) && p.guest == 0)) {
            throw unsupported("QEMU shows no RAM at guest address 0");
        }
        long belowHole = baseBytes;
        for (Piece piece : pieces) {
            if (!piece.name.equals(main.name)) {
                continue;
            }
            if (piece.guest >= HOLE_END) {
                belowHole = Math.min(belowHole, piece.offset - (piece.guest - HOLE_END));
            } else if (piece.guest != piece.offset) {
                throw unsupported("its RAM does not start at guest address 0");
            }
            if (piece.offsetEnd() > baseBytes) {
                throw unsupported("its RAM is larger than the " + baseBytes + " bytes it tells");
            }
        }
        if (belowHole < baseBytes) {
            HostAddress above = hostAddress(monitor, HOLE_END);
            if (!above.name.equals(main.name) || above.address != main.address + belowHole) {
                throw unsupported(
                        "its RAM above 4 GiB ("
                                + above.name
                                + ") does not continue that below ("
                                + main.name
                                + "): NUMA memory is not handled yet");
            }
        } else if (baseBytes > HOLE_END) {
            throw unsupported("its RAM above 4 GiB is not one block with that below");
        }
        return new Block(main.name, 0, baseBytes, belowHole);
    }

    /** A block counts from where its start is visible; a window into its middle adds nothing. */
    private static void addOther(
            Monitor monitor,
            String name,
            List<Piece> parts,
            List<Block> blocks,
            List<AddressRange> addresses) {
        for (Piece first : parts) {
            if (first.offset != 0) {
                continue;
            }
            long bytes = 0;
            for (Piece part : parts) {
                if (part.guest - part.offset == first.guest && part.offset == bytes) {
                    bytes = part.offsetEnd();
                }
            }
            HostAddress host = hostAddress(monitor, first.guest);
            if (!host.name.equals(name) || bytes % Slab.PAGE_BYTES != 0) {
                throw unsupported("its block " + name + " of " + bytes + " bytes is not whole");
            }
            blocks.add(new Block(name, first.guest, bytes, bytes));
            addresses.add(new AddressRange(host.address, bytes));
            return;
        }
    }

    private static List<Piece> pieces(String tree) {
        List<Piece> pieces = new ArrayList<>();
        boolean memory = false;
        for (String line : tree.split("\r?\n", -1)) {
            if (line.startsWith("FlatView")) {
                memory = false;
            } else if (line.startsWith(" AS \"memory\"")) {
                memory = true;
            }
            Matcher entry = VIEW_ENTRY.matcher(line);
            if (memory && entry.matches() && !entry.group(3).equals("i/o")) {
                String offset = entry.group(5);
                pieces.add(
                        new Piece(
                                Long.parseLong(entry.group(1), 16),
                                Long.parseLong(entry.group(2), 16) + 1,
                                entry.group(3),
                                entry.group(4),
                                offset == null ? 0 : Long.parseLong(offset, 16)));
            }
        }
        return pieces;
    }

    private static HostAddress hostAddress(Monitor monitor, long guest) {
        String text = monitor.human("gpa2hva 0x" + Long.toHexString(guest)).trim();
        Matcher matcher = HOST_ADDRESS.matcher(text);
        if (!matcher.matches()) {
            throw unsupported("QEMU tells no address for its memory: " + text);
        }
        return new HostAddress(matcher.group(1), Long.parseUnsignedLong(matcher.group(2), 16));
    }

    /** As the seam has them. */
    List<MemoryRegion> regions() {
        return blocks.stream().map(block -> new MemoryRegion(block.name(), block.bytes())).toList();
    }

    private static DomainException unsupported(String what) {
        return new DomainException(
                "unsupported-memory",
                "the guest's memory cannot be replicated: " + what,
                "give it plain RAM of one block (-m SIZE)");
    }
}
